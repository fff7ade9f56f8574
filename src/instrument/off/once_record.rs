//! Initialisation, in a build without instrumentation: the original sees to all of it.

use crate::instrument::{LockKind, Site};

/// The record of something that is initialised once, by one thread, while others may wait.
#[derive(Debug)]
pub(crate) struct OnceRecord(());

impl OnceRecord {
    /// The record of something whose class is the place of the call.
    #[inline(always)]
    pub(crate) const fn new(_kind: &'static LockKind) -> Self {
        Self(())
    }

    /// The record of something whose class is `name`.
    #[inline(always)]
    pub(crate) const fn named(_kind: &'static LockKind, _name: &'static str) -> Self {
        Self(())
    }

    /// Names this one instance in reports, beside the name of its class.
    #[inline(always)]
    pub(crate) fn set_label(&self, _label: &str) {}

    /// The calling thread asks for what is initialised already.
    #[inline(always)]
    pub(crate) fn ask_for_ready(&self, _site: Site) {}

    /// Runs `initialise`, in which the original waits if another thread is at it.
    #[inline(always)]
    pub(crate) fn run(&self, _is_done: impl Fn() -> bool, _site: Site, initialise: impl FnOnce()) {
        initialise();
    }

    /// Runs `see`, in which the original waits.
    #[inline(always)]
    pub(crate) fn wait<R>(
        &self,
        _is_done: impl Fn() -> bool,
        _or_failed: bool,
        _site: Site,
        see: impl FnOnce() -> R,
    ) -> R {
        see()
    }
}
