//! Record of a one-time initialisation, in a build without instrumentation: the wrapped primitive
//! does all of it.

use crate::instrument::{LockKind, Site};

/// Record of a value that one thread initialises while others may wait.
#[derive(Debug)]
pub struct OnceRecord(());

impl OnceRecord {
    /// Creates the record of a value whose class is the construction site.
    #[inline(always)]
    pub const fn new(_kind: &'static LockKind) -> Self {
        Self(())
    }

    /// Creates the record of a value whose class is `name`.
    #[inline(always)]
    pub const fn named(_kind: &'static LockKind, _name: &'static str) -> Self {
        Self(())
    }

    /// Sets a label for this instance, which reports show beside the name of its class.
    #[inline(always)]
    pub fn set_label(&self, _label: &str) {}

    /// Does nothing: this build records no requests.
    #[inline(always)]
    pub fn ask_for_ready(&self, _site: Site) {}

    /// Runs `initialise`; the wrapped primitive inside it waits for another initialiser.
    #[inline(always)]
    pub fn run(&self, _is_done: impl Fn() -> bool, _site: Site, initialise: impl FnOnce()) {
        initialise();
    }

    /// Runs `see`; the wrapped primitive inside it waits.
    #[inline(always)]
    pub fn wait<R>(
        &self,
        _is_done: impl Fn() -> bool,
        _or_failed: bool,
        _site: Site,
        see: impl FnOnce() -> R,
    ) -> R {
        see()
    }
}
