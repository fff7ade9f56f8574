//! The order between the caller that forks, its jobs, and what follows the join.

use std::sync::Arc;

use lockwarden::instrument::{Clock, InheritedHolds, MergedClock};

use crate::BroadcastContext;

thread_local! {
    /// Its address tells threads apart that are alive at one time.
    static HERE: u8 = const { 0 };
}

fn this_thread() -> usize {
    HERE.with(|here| std::ptr::from_ref(here).addr())
}

/// What the caller did before it made a job.
pub(crate) struct Start(Clock);

impl Start {
    pub(crate) fn here() -> Self {
        Self(Clock::release())
    }

    /// A job for which no call waits.
    pub(crate) fn before(self, job: impl FnOnce()) -> impl FnOnce() {
        move || {
            self.0.acquire_last();
            job()
        }
    }

    /// A job of which each thread runs a copy, and for which no call waits.
    pub(crate) fn before_each<F>(self, job: F) -> impl Fn(BroadcastContext<'_>)
    where
        F: Fn(BroadcastContext<'_>),
    {
        move |context| {
            self.0.acquire();
            job(context)
        }
    }
}

/// A call that waits for its jobs.
pub(crate) struct Fork {
    /// The thread of the caller, which has the locks around in its own list.
    caller: usize,
    /// The locks that the caller holds until all jobs have ended.
    around: InheritedHolds,
    /// What the jobs have done at their ends.
    ends: MergedClock,
}

/// Makes a call that waits for its jobs: these run by the fork, and happen before what follows, also after a panic.
pub(crate) fn joined<R>(call: impl FnOnce(&Fork, &Start) -> R) -> R {
    let fork = Fork::of_caller();
    let _join = Join(&fork);
    call(&fork, &Start::here())
}

/// Does what [`joined`] does for a call whose jobs make others.
pub(crate) fn scoped<R>(call: impl FnOnce(&Arc<Fork>, &Start) -> R) -> R {
    let fork = Arc::new(Fork::of_caller());
    let _join = Join(&fork);
    call(&fork, &Start::here())
}

impl Fork {
    fn of_caller() -> Self {
        Self {
            caller: this_thread(),
            around: InheritedHolds::current(),
            ends: MergedClock::new(),
        }
    }

    /// Runs a job in the thread that has got it.
    pub(crate) fn run<R>(&self, start: &Start, job: impl FnOnce() -> R) -> R {
        start.0.acquire();
        let _around = (this_thread() != self.caller).then(|| self.around.enter());
        let _end = JobEnd(self);
        job()
    }
}

/// A job, until it returns or unwinds.
struct JobEnd<'a>(&'a Fork);

impl Drop for JobEnd<'_> {
    fn drop(&mut self) {
        self.0.ends.add(&Clock::release());
    }
}

/// The rest of the call, at whose end all jobs have ended.
struct Join<'a>(&'a Fork);

impl Drop for Join<'_> {
    fn drop(&mut self) {
        self.0.ends.acquire();
    }
}
