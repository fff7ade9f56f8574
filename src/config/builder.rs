//! The configuration and its builder.

use std::path::PathBuf;

use super::action::{Action, Actions};
use super::callback::Callback;
use crate::engine::verdict::Verdict;
use crate::report::{Basis, Report};

/// The configuration: the action for each verdict, the sinks, and the bounds of the search.
///
/// Built by chaining, then [installed](Self::install), which works once in a process. The environment
/// variable `LOCKWARDEN` takes precedence over the code; see the [module](crate::config).
///
/// # Examples
///
/// ```
/// use lockwarden::config::{Action, Config};
/// use lockwarden::report::Verdict;
///
/// Config::new()
///     .on(Verdict::Inversion, Action::Panic)
///     .callback(|report| println!("{}", report.headline()))
///     .install()
///     .expect("nothing else installs a configuration");
/// ```
#[derive(Clone, Debug)]
#[must_use = "a configuration does nothing before it is installed"]
pub struct Config {
    pub(crate) actions: Actions,
    pub(crate) classes: Action,
    pub(crate) callback: Option<Callback<Report>>,
    pub(crate) enabled: bool,
    pub(crate) stderr: bool,
    pub(crate) tracing: bool,
    pub(crate) max_reports: u64,
    pub(crate) contexts_per_edge: usize,
    pub(crate) search_steps: usize,
    pub(crate) exit_code: Option<u8>,
    pub(crate) summary: bool,
    pub(crate) summary_file: Option<PathBuf>,
    pub(crate) record: Option<PathBuf>,
    pub(crate) record_stacks: bool,
    pub(crate) record_times: usize,
    pub(crate) json: Option<PathBuf>,
}

impl Config {
    /// Returns the defaults.
    pub fn new() -> Self {
        Self {
            actions: Actions::default(),
            classes: Action::Ignore,
            callback: None,
            enabled: true,
            stderr: true,
            tracing: true,
            max_reports: 1_000,
            contexts_per_edge: 16,
            search_steps: 20_000,
            exit_code: None,
            summary: false,
            summary_file: None,
            record: None,
            record_stacks: false,
            record_times: 0,
            json: None,
        }
    }

    /// Sets the action for findings of this verdict.
    ///
    /// By default `Deadlock` and `SelfDeadlock` panic; `Inversion`, `RecursiveRead`, `Stall`, `Abandoned`
    /// and `HeldAcrossAwait` are reported; `Guarded`, `SingleThread` and `Ordered` are ignored, which is to say
    /// counted.
    pub fn on(mut self, verdict: Verdict, action: Action) -> Self {
        self.actions.set(verdict, action);
        self
    }

    /// Sets the action for an inversion that only the classes of the locks show: one pair of instances
    /// was acquired in one order, and another pair, of the same classes, in the opposite order. Ignored
    /// by default.
    ///
    /// Class edges find a wrong order before two threads share a pair of instances, and report orders
    /// that are right because no two threads ever share one. A class is the name of its locks, else
    /// their place of construction and the type of what they hold. A verdict that is ignored altogether is ignored here too. An order
    /// that was [declared](crate::declare_order) is not affected.
    pub fn classes(mut self, action: Action) -> Self {
        self.classes = action;
        self
    }

    /// Sets a function that is called with every report, after the `tracing` event.
    ///
    /// It runs in the thread that made the finding, in the lock call, with no lock of the detector
    /// held, but with the locks that the program holds there: pass the report on instead of doing work
    /// in it. A thread of the library writes the text meanwhile. The locks that the function acquires
    /// are not watched. A panic in it is caught and written to standard error.
    pub fn callback(mut self, callback: impl Fn(&Report) + Send + Sync + 'static) -> Self {
        self.callback = Some(Callback::new(callback));
        self
    }

    /// Sets whether the text of a report is written to standard error; on by default.
    ///
    /// A thread of the library writes it, so a full pipe delays no other thread: the thread that made
    /// the finding continues at once or, if it is to panic, waits for its text for a second at most.
    /// The end of the process waits for texts that are not yet written for 60 seconds at most, and for
    /// two if standard error accepts nothing.
    pub fn stderr(mut self, on: bool) -> Self {
        self.stderr = on;
        self
    }

    /// Sets whether a report is emitted as a `tracing` event, with the target `lockwarden`; on by
    /// default.
    ///
    /// A subscriber is code of the program, and runs as the [callback](Self::callback) does.
    pub fn tracing(mut self, on: bool) -> Self {
        self.tracing = on;
        self
    }

    /// Sets whether locks are watched; on by default, in an instrumented build.
    pub fn enabled(mut self, on: bool) -> Self {
        self.enabled = on;
        self
    }

    /// Sets how many reports are made; 1000 by default.
    ///
    /// Further findings are only counted, which is reported once. A finding whose action is a panic or
    /// an abort is always reported.
    pub fn max_reports(mut self, reports: u64) -> Self {
        self.max_reports = reports;
        self
    }

    /// Sets how many contexts of one edge are kept; 16 by default.
    ///
    /// A context is a thread, the other locks that it held, and its place in the happens-before order.
    /// Each takes some hundred bytes.
    pub fn contexts_per_edge(mut self, contexts: usize) -> Self {
        self.contexts_per_edge = contexts;
        self
    }

    /// Sets after how many steps one search for cycles ends without a result; 20,000 by default.
    pub fn search_steps(mut self, steps: usize) -> Self {
        self.search_steps = steps;
        self
    }

    /// Sets the exit code of a process that had findings, in place of the program's own; none by
    /// default.
    ///
    /// A finding counts if it is reported: not if its verdict is ignored, if a
    /// [suppression](crate::suppress) applies, or if it was made in a check of
    /// [`testing`](crate::testing). The code is set when `main` returns or `std::process::exit` is
    /// called. A process that aborts, is killed, or ends by `_exit` keeps its own status.
    /// On Windows only a return from `main` counts. Not on other systems than Unix and Windows.
    ///
    /// # Panics
    ///
    /// If the code is 0, which would hide the findings.
    #[track_caller]
    pub fn exit_code(mut self, code: u8) -> Self {
        assert!(code != 0, "the exit code 0 would hide the findings");
        self.exit_code = Some(code);
        self
    }

    /// Sets whether a summary is written to standard error at the end of the process: a line with
    /// [totals](crate::config::Totals), and the headline of each finding, of 50 at most. Off by
    /// default. Only on Unix and Windows.
    ///
    /// # Examples
    ///
    /// ```text
    /// lockwarden: summary: 12 locks of 5 classes, 7 orders, 4 threads in 2.3 s; 1 finding
    /// lockwarden: summary: 1: Inversion: `ledger` and `audit` are taken in both orders
    /// ```
    pub fn summary(mut self, on: bool) -> Self {
        self.summary = on;
        self
    }

    /// Sets a file to which lines of JSON are appended: one at the start of the process, one for each of the first 50
    /// findings when it is made, and one with the totals at the end of the process, which one that is killed does not
    /// write. None by default. Only on Unix and Windows.
    ///
    /// The forms are the definitions `start`, `finding` and `summary` of `docs/report.schema.json`. The file is created, with
    /// access for its owner alone, if it does not exist; a symbolic link is refused.
    pub fn summary_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.summary_file = Some(path.into());
        self
    }

    /// Sets a directory in which each process writes a file of its lock orders and findings; none by
    /// default. `LOCKWARDEN_RECORD` in the environment does the same and takes precedence.
    ///
    /// The file is in JSON Lines, and `cargo lockwarden merge`, `check` and `report` read it. A line is
    /// written, with one system call, by the thread that takes two locks in an order that is new to the
    /// process; known orders cost nothing. A file has 64 MiB at most (`LOCKWARDEN_RECORD_MAX`). What cannot
    /// be written is reported once on standard error.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use lockwarden::config::Config;
    /// Config::new().record("/var/log/shop/locks").install()?;
    /// # Ok::<(), lockwarden::config::InstallError>(())
    /// ```
    pub fn record(mut self, directory: impl Into<PathBuf>) -> Self {
        self.record = Some(directory.into());
        self
    }

    /// Sets whether the [record](Self::record) has the stack of the first acquisition in each order; off by default.
    /// `LOCKWARDEN_RECORD_STACKS` in the environment does the same and takes precedence.
    ///
    /// A stack shows how the program came to the line that takes the lock. The names of its functions are looked up
    /// at once, so that a killed process has them: in a build without optimisation the first look-up of a process
    /// takes hundreds of milliseconds, a later one less than one.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use lockwarden::config::Config;
    /// Config::new().record("/var/log/shop/locks").record_stacks(true).install()?;
    /// # Ok::<(), lockwarden::config::InstallError>(())
    /// ```
    pub fn record_stacks(mut self, on: bool) -> Self {
        self.record_stacks = on;
        self
    }

    /// Sets that the [record](Self::record) has times: how long threads wait for locks and hold them, and who
    /// keeps whom waiting. `events` is how many waits and holds each thread keeps for a trace; 0, the default,
    /// records no times. `LOCKWARDEN_RECORD_TIMES` in the environment does the same and takes precedence.
    ///
    /// Threads that take their first lock afterwards are timed; the tasks of `lockwarden-tokio` are not.
    /// `cargo lockwarden top` shows the totals, which are complete, and prints the last events as a trace. Each
    /// acquisition then takes a slow path and reads the clock twice, and a thread keeps about 100 bytes for each
    /// event. Without times an acquisition costs what it costs otherwise.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use lockwarden::config::Config;
    /// Config::new().record("/var/log/shop/locks").record_times(4_096).install()?;
    /// # Ok::<(), lockwarden::config::InstallError>(())
    /// ```
    pub fn record_times(mut self, events: usize) -> Self {
        self.record_times = events;
        self
    }

    /// Sets a file to which every report is appended, as a line of JSON in the form of
    /// `docs/report.schema.json`; none by default.
    ///
    /// A thread of the library writes it, after the text. The file is created, with access for its
    /// owner alone, if it does not exist; a symbolic link is refused. An error is written to standard
    /// error.
    #[cfg(feature = "json")]
    pub fn json_lines(mut self, path: impl Into<PathBuf>) -> Self {
        self.json = Some(path.into());
        self
    }

    pub(crate) fn action(&self, verdict: Verdict, basis: Basis) -> Action {
        match self.actions.get(verdict) {
            Action::Ignore => Action::Ignore,
            _ if basis == Basis::Classes => self.classes,
            action => action,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}
