//! Runs each case in a process of its own and compares what it found with what it should.

use std::time::Duration;

use lockwarden::config::Config;
use lockwarden::report::Report;

use crate::child::{self, Child, PART};
use crate::verdicts;

/// Longer than any case that passes takes, on a machine that is busy with other things.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// One case: what runs, how the detector is configured meanwhile, and what it must find.
pub(crate) struct Case {
    name: String,
    run: Box<dyn Fn()>,
    configure: fn(Config) -> Config,
    environment: Option<&'static str>,
    installs: bool,
    expected: Vec<String>,
    on_stderr: Vec<&'static str>,
    completes: bool,
    limit: Duration,
}

/// A case that must find nothing, until the builder says otherwise.
pub(crate) fn case(name: impl Into<String>, run: impl Fn() + 'static) -> Case {
    Case {
        name: name.into(),
        run: Box::new(run),
        configure: |config| config,
        environment: None,
        installs: true,
        expected: Vec::new(),
        on_stderr: Vec::new(),
        completes: true,
        limit: LIMIT,
    }
}

impl Case {
    /// The same under another name, which tells it from others of its test.
    pub(crate) fn renamed(mut self, suffix: &str) -> Self {
        self.name = format!("{}, {suffix}", self.name);
        self
    }

    /// What must be found beside, as its verdict and the names of the locks in the order of the
    /// cycle, the first in the alphabet first: `Inversion audit ledger`.
    pub(crate) fn finds(mut self, found: impl Into<String>) -> Self {
        self.expected.push(found.into());
        self
    }

    /// Changes the configuration. By default it is the default one, without texts and events.
    pub(crate) fn configured(mut self, configure: fn(Config) -> Config) -> Self {
        self.configure = configure;
        self
    }

    /// Sets the environment variable `LOCKWARDEN`.
    pub(crate) fn environment(mut self, value: &'static str) -> Self {
        self.environment = Some(value);
        self
    }

    /// Leaves the configuration to the case itself. What it finds is then only on standard error.
    pub(crate) fn uninstalled(mut self) -> Self {
        self.installs = false;
        self
    }

    /// What standard error must contain.
    pub(crate) fn says(mut self, words: &'static str) -> Self {
        self.on_stderr.push(words);
        self
    }

    /// The case does not come to its end: the process must fail.
    pub(crate) fn fails(mut self) -> Self {
        self.completes = false;
        self
    }

    /// How long the case may take, if that is more than usual.
    pub(crate) fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    fn in_child(&self) -> ! {
        child::body(|| {
            if self.installs {
                let config = Config::new().stderr(false).tracing(false).callback(tell);
                (self.configure)(config)
                    .install()
                    .expect("nothing was installed before");
            }
            (self.run)();
        })
    }

    fn in_parent(&self, test: &str) {
        let mut child = Child::of_test(test).env(PART, &self.name);
        if let Some(value) = self.environment {
            child = child.env("LOCKWARDEN", value);
        }
        let exit = child.limit(self.limit).run();
        let show = || format!("case `{}` of {test}: {exit}", self.name);
        assert!(!exit.timed_out, "it hangs: {}", show());
        assert_eq!(
            exit.completed(),
            self.completes,
            "did it come to its end? {}",
            show()
        );
        assert_eq!(exit.succeeded(), self.completes, "{}", show());
        verdicts::assert_found(&exit, &self.expected);
        let misplaced: Vec<&str> = exit
            .stdout
            .lines()
            .filter(|line| line.starts_with("MISPLACED"))
            .collect();
        assert!(misplaced.is_empty(), "{misplaced:?} in {}", show());
        for words in &self.on_stderr {
            assert!(
                exit.stderr.contains(words),
                "{words:?} is missing: {}",
                show()
            );
        }
    }
}

/// Runs all cases of the test `test`, or, in a child, the one that it was started for.
pub(crate) fn check_all(test: &str, cases: impl IntoIterator<Item = Case>) {
    let wanted = child::part();
    for case in cases {
        match &wanted {
            None => case.in_parent(test),
            Some(name) if *name == case.name => case.in_child(),
            Some(_) => {}
        }
    }
    assert!(wanted.is_none(), "{test} has no case {wanted:?}");
}

/// Runs cases, in the name of the test that this stands in.
macro_rules! check {
    ($cases:expr) => {{ $crate::harness::check_all($crate::child::this_test!(), $cases) }};
}
pub(crate) use check;

/// Prints a report for the parent to read.
pub(crate) fn tell(report: &Report) {
    verdicts::announce(report);
    for edge in &report.edges {
        for site in [edge.from_site, edge.to_site] {
            if !site.file().contains("tests/") {
                println!("MISPLACED {site}");
            }
        }
    }
    for thread in &report.threads {
        for held in &thread.held {
            if !held.site.file().contains("tests/") {
                println!("MISPLACED {}", held.site);
            }
        }
    }
}
