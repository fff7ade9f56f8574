//! Runs each case in a process of its own and compares what it found with what it should.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use lockwarden::config::Config;
use lockwarden::report::{Report, StallCause, Verdict};

/// Tells the child which case to run.
const CASE: &str = "LOCKWARDEN_SCENARIO";

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

/// A case that must find nothing, until told otherwise.
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
        // The test runner has left its line open.
        println!();
        if self.installs {
            let config = Config::new().stderr(false).tracing(false).callback(tell);
            (self.configure)(config)
                .install()
                .expect("nothing was installed before");
        }
        (self.run)();
        println!("COMPLETED");
        std::process::exit(0);
    }

    fn in_parent(&self, test: &str) {
        let program = std::env::current_exe().expect("a test knows its own program");
        let mut command = Command::new(program);
        command
            .args([
                "--exact",
                test,
                "--nocapture",
                "--test-threads=1",
                "--include-ignored",
            ])
            .env(CASE, &self.name)
            .env_remove("RUST_BACKTRACE")
            .env_remove("LOCKWARDEN")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(value) = self.environment {
            command.env("LOCKWARDEN", value);
        }
        let outcome = run_bounded(command, self.limit);
        let show = || {
            format!(
                "case `{}` of {test}, {}\n--- standard output\n{}\n--- standard error\n{}",
                self.name, outcome.status, outcome.stdout, outcome.stderr
            )
        };
        assert!(!outcome.timed_out, "it hangs: {}", show());
        let completed = outcome.stdout.lines().any(|line| line == "COMPLETED");
        assert_eq!(
            completed,
            self.completes,
            "did it come to its end? {}",
            show()
        );
        assert_eq!(outcome.succeeded, self.completes, "{}", show());
        let mut found: Vec<&str> = outcome
            .stdout
            .lines()
            .filter_map(|line| line.strip_prefix("FOUND "))
            .collect();
        let mut expected: Vec<&str> = self.expected.iter().map(String::as_str).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(
            found,
            expected,
            "left: found, right: expected, in {}",
            show()
        );
        let misplaced: Vec<&str> = outcome
            .stdout
            .lines()
            .filter(|line| line.starts_with("MISPLACED"))
            .collect();
        assert!(misplaced.is_empty(), "{misplaced:?} in {}", show());
        for words in &self.on_stderr {
            assert!(
                outcome.stderr.contains(words),
                "{words:?} is missing: {}",
                show()
            );
        }
    }
}

/// Runs all cases of the test `test`, or, in a child, the one that it was started for.
pub(crate) fn check_all(test: &str, cases: impl IntoIterator<Item = Case>) {
    let wanted = std::env::var(CASE).ok();
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
    ($cases:expr) => {{
        fn here() {}
        let path = std::any::type_name_of_val(&here).trim_end_matches("::here");
        let (_, test) = path
            .split_once("::")
            .expect("a test is a function of a crate");
        $crate::harness::check_all(test, $cases)
    }};
}
pub(crate) use check;

struct Outcome {
    timed_out: bool,
    succeeded: bool,
    status: String,
    stdout: String,
    stderr: String,
}

fn run_bounded(mut command: Command, limit: Duration) -> Outcome {
    let mut child = command.spawn().expect("a test can start itself");
    let mut out = child.stdout.take().expect("it is piped");
    let mut err = child.stderr.take().expect("it is piped");
    let (send, done) = mpsc::channel();
    let stderr = thread::spawn(move || text(&mut err));
    let stdout = thread::spawn(move || {
        let stdout = text(&mut out);
        let _ = send.send(());
        stdout
    });
    // The output ends when the child does.
    let timed_out = done.recv_timeout(limit).is_err();
    if timed_out {
        let _ = child.kill();
    }
    let status = child.wait().expect("the child was started here");
    Outcome {
        timed_out,
        succeeded: status.success(),
        status: status.to_string(),
        stdout: stdout.join().expect("reading does not panic"),
        stderr: stderr.join().expect("reading does not panic"),
    }
}

fn text(from: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    let _ = from.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Prints a report for the parent to read.
pub(crate) fn tell(report: &Report) {
    println!("FOUND {}", in_short(report));
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

/// The verdict and the names of the locks, the first in the alphabet first.
pub(crate) fn in_short(report: &Report) -> String {
    let name = |id| {
        let lock = report
            .lock(id)
            .expect("a report knows the locks that it names");
        match (&lock.label, lock.name) {
            (Some(label), _) => label.clone(),
            (None, Some(name)) => name.to_owned(),
            (None, None) => lock.noun.to_owned(),
        }
    };
    let mut names: Vec<String> = report.edges.iter().map(|edge| name(edge.from)).collect();
    if report.verdict == Verdict::Abandoned {
        names.extend(report.locks.first().map(|lock| name(lock.id)));
    }
    if let Some(stall) = &report.stall {
        names.extend(match &stall.cause {
            StallCause::Heartbeat { name, .. } => Some(name.clone()),
            _ => report.locks.first().map(|lock| name(lock.id)),
        });
    }
    if let Some(first) = (0..names.len()).min_by_key(|&at| &names[at]) {
        names.rotate_left(first);
    }
    let mut words = vec![report.verdict.name().to_owned()];
    words.extend(names);
    words.join(" ")
}
