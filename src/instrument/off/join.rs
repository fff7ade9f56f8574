//! Record of a thread, in a build without instrumentation.

use crate::instrument::{Site, WaitReason};

/// Record of one thread.
#[derive(Clone, Debug)]
pub struct JoinRecord(());

impl JoinRecord {
    /// Creates the record of a thread that is about to be spawned.
    #[inline(always)]
    pub fn new(_place: Site) -> Self {
        Self(())
    }

    /// Records that the calling thread is the spawned one.
    #[inline(always)]
    pub fn begin(self) -> RunningThread {
        RunningThread(())
    }

    /// Returns whether there is nothing to wait for.
    #[inline(always)]
    pub fn is_over(&self) -> bool {
        true
    }

    /// Does nothing: the wrapped join waits.
    #[inline(always)]
    pub fn wait(&self, _awaited: WaitReason, _site: Site) {}
}

/// Marks the execution of a thread's closure.
#[derive(Debug)]
pub struct RunningThread(());
