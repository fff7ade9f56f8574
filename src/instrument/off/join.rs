//! The life of a thread, in a build without instrumentation.

use crate::instrument::{Site, WaitReason};

/// The life of one thread.
#[derive(Clone, Debug)]
pub(crate) struct JoinRecord(());

impl JoinRecord {
    /// The life of a thread that is about to be started.
    #[inline(always)]
    pub(crate) fn new(_place: Site) -> Self {
        Self(())
    }

    /// The calling thread is the one whose life this is.
    #[inline(always)]
    pub(crate) fn begin(self) -> RunningThread {
        RunningThread(())
    }

    /// Whether nothing more of it has to be waited for.
    #[inline(always)]
    pub(crate) fn is_over(&self) -> bool {
        true
    }

    /// Does not wait: whoever joins the thread does.
    #[inline(always)]
    pub(crate) fn wait(&self, _awaited: WaitReason, _site: Site) {}
}

/// A thread during its life.
#[derive(Debug)]
pub(crate) struct RunningThread(());
