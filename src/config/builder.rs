//! The configuration and how it is put together.

use std::fmt;
use std::sync::Arc;

use super::action::{Action, Actions};
use super::environment::Overrides;
use super::installed::{self, InstallError};
use crate::engine::verdict::Verdict;
use crate::report::{Basis, Report};

/// A callback, shared so that a configuration can be cloned.
pub(crate) type Callback = Arc<dyn Fn(&Report) + Send + Sync + 'static>;

/// What the detector does with what it finds, and how far it goes to find it.
///
/// Built by chaining, then [installed](Self::install), which works once in a process. What the
/// environment variable `LOCKWARDEN` says goes before what is said here; see the
/// [module](crate::config).
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
#[derive(Clone)]
#[must_use = "a configuration does nothing before it is installed"]
pub struct Config {
    pub(super) actions: Actions,
    pub(super) classes: Action,
    pub(super) callback: Option<Callback>,
    pub(super) enabled: bool,
    pub(super) stderr: bool,
    pub(super) tracing: bool,
    pub(super) max_reports: u64,
    pub(super) contexts_per_edge: usize,
    pub(super) search_steps: usize,
}

impl Config {
    /// The defaults.
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
        }
    }

    /// Sets what is done about findings of this verdict.
    ///
    /// By default `Deadlock` and `SelfDeadlock` panic; `Inversion`, `RecursiveRead`, `Stall` and
    /// `Abandoned` are reported; `Guarded`, `SingleThread` and `Ordered` are ignored.
    pub fn on(mut self, verdict: Verdict, action: Action) -> Self {
        self.actions.set(verdict, action);
        self
    }

    /// Sets what is done about an inversion that only the classes of the locks show: one pair of
    /// instances was taken in one order, and another pair, of the same classes, in the opposite
    /// one. Ignored by default.
    ///
    /// It finds orders that are wrong long before the instances coincide, and it reports orders
    /// that are right because they never do. A class is the name that its locks were given, else
    /// the place that makes them. A verdict that is ignored altogether is ignored here too, and an
    /// order that was [declared](crate::declare_order) is not meant.
    pub fn classes(mut self, action: Action) -> Self {
        self.classes = action;
        self
    }

    /// Sets a function that is called with every report, after the text and the event.
    ///
    /// It runs in the thread that found it, at the place of the lock call, and with no lock of the
    /// detector held, but with whatever locks the program held there: hand the report on, rather
    /// than do work here. Locks that it takes are not watched. A panic in it is caught and said on
    /// standard error.
    pub fn callback(mut self, callback: impl Fn(&Report) + Send + Sync + 'static) -> Self {
        self.callback = Some(Arc::new(callback));
        self
    }

    /// Sets whether the text of a report is written to standard error. It is, by default.
    pub fn stderr(mut self, on: bool) -> Self {
        self.stderr = on;
        self
    }

    /// Sets whether a report is emitted as a `tracing` event, with the target `lockwarden`. It
    /// is, by default.
    ///
    /// A subscriber is code of the program: what is said of the [callback](Self::callback) holds
    /// for it too.
    pub fn tracing(mut self, on: bool) -> Self {
        self.tracing = on;
        self
    }

    /// Sets whether anything is watched at all. It is, by default, in a build that is
    /// instrumented.
    pub fn enabled(mut self, on: bool) -> Self {
        self.enabled = on;
        self
    }

    /// Sets how many reports are made; 1000 by default.
    ///
    /// The ones after are only counted, which is said once. A finding that panics or aborts is
    /// always reported.
    pub fn max_reports(mut self, reports: u64) -> Self {
        self.max_reports = reports;
        self
    }

    /// Sets under how many distinct circumstances one edge is remembered; 16 by default.
    ///
    /// A circumstance is a thread, the other locks it held, and its place in the order of spawns,
    /// joins and messages. Each takes some hundred bytes.
    pub fn contexts_per_edge(mut self, contexts: usize) -> Self {
        self.contexts_per_edge = contexts;
        self
    }

    /// Sets after how many steps one search for cycles is given up; 20,000 by default.
    pub fn search_steps(mut self, steps: usize) -> Self {
        self.search_steps = steps;
        self
    }

    /// Makes this the configuration of the process.
    ///
    /// It may come after the first use of a lock: until then the defaults hold, and what they
    /// found is not judged again.
    ///
    /// # Errors
    ///
    /// If a configuration was installed before; the error says where.
    #[track_caller]
    pub fn install(self) -> Result<(), InstallError> {
        installed::install(self, std::panic::Location::caller())
    }

    /// What is done about a finding of this verdict on this basis.
    pub(crate) fn action(&self, verdict: Verdict, basis: Basis) -> Action {
        if basis == Basis::Classes && self.actions.get(verdict) != Action::Ignore {
            return self.classes;
        }
        self.actions.get(verdict)
    }

    pub(crate) fn is_enabled(&self) -> bool {
        self.enabled
    }

    pub(crate) fn writes_stderr(&self) -> bool {
        self.stderr
    }

    pub(crate) fn emits_tracing(&self) -> bool {
        self.tracing
    }

    pub(crate) fn get_callback(&self) -> Option<&Callback> {
        self.callback.as_ref()
    }

    pub(crate) fn get_max_reports(&self) -> u64 {
        self.max_reports
    }

    pub(crate) fn get_contexts_per_edge(&self) -> usize {
        self.contexts_per_edge
    }

    pub(crate) fn get_search_steps(&self) -> usize {
        self.search_steps
    }

    /// The same, with what the environment says put over it.
    pub(super) fn overridden(mut self, overrides: &Overrides) -> Self {
        for setting in overrides.settings() {
            setting.apply(&mut self);
        }
        self
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("actions", &self.actions)
            .field("callback", &self.callback.as_ref().map(|_| "Fn(&Report)"))
            .field("enabled", &self.enabled)
            .field("stderr", &self.stderr)
            .field("tracing", &self.tracing)
            .field("max_reports", &self.max_reports)
            .field("contexts_per_edge", &self.contexts_per_edge)
            .field("search_steps", &self.search_steps)
            .finish()
    }
}
