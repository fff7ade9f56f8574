//! Condition variables of controlled threads: who sleeps and who was notified is up to the scheduler.

use super::lock::Lock;
use super::scheduled::Scheduled;
use crate::engine::ids::Site;
use crate::tracking::scheduled::{AfterWait, FailedTry, Participant, Touch};

impl Scheduled {
    /// Sleeps on the condition variable at this address without blocking; whether the thread was notified. One that
    /// has a limit sleeps until it has its turn again.
    ///
    /// The thread holds the mutex, and goes `back` to it at this place: `unlock` releases it, `try_lock` and `lock`
    /// acquire it again, which is the case when this returns or unwinds. There was no notification if the scheduler
    /// controls nothing any more.
    #[cold]
    pub fn sleep(
        &self,
        condvar: usize,
        has_limit: bool,
        back: (&Lock, Site),
        unlock: impl FnOnce(),
        try_lock: impl Fn() -> bool,
        lock: impl Fn(),
    ) -> bool {
        let Participant { scheduler, thread } = &self.0;
        let relock = || {
            let mut failed = FailedTry::Seen;
            while !try_lock() {
                if failed == FailedTry::Seen {
                    self.note_wait(back.0, back.1);
                }
                if scheduler.wait(*thread, failed) != AfterWait::Retry {
                    return lock();
                }
                failed = FailedTry::Unseen;
            }
            if failed == FailedTry::Unseen {
                self.note_lock("takes", back.0, back.1);
            }
        };
        scheduler.sleep(*thread, condvar);
        let sleep = Sleep(self);
        unlock();
        if has_limit {
            self.comes_back_to(back.0, back.1);
            let next = scheduler.lapse(*thread, self.next(Touch::Anything));
            // A notification that comes later finds the thread awake.
            let notified = sleep.is_over();
            drop(sleep);
            relock();
            if next == AfterWait::Unwind {
                self.abandon();
            }
            return notified;
        }
        let mut failed = FailedTry::Arrived;
        loop {
            let next = scheduler.wait(*thread, failed);
            if next != AfterWait::Retry {
                lock();
                if next == AfterWait::Unwind {
                    self.abandon();
                }
                return false;
            }
            if sleep.is_over() {
                break;
            }
            failed = FailedTry::Unseen;
        }
        drop(sleep);
        if scheduler.has_aim() {
            // It may be held before it takes the mutex.
            self.comes_back_to(back.0, back.1);
            self.point();
        }
        relock();
        true
    }

    /// Notifies the thread of the exploration that sleeps longest on this condition variable, or all:
    /// how many.
    pub fn notify(&self, condvar: usize, all: bool) -> usize {
        self.0.scheduler.notify(condvar, all)
    }
}

/// A thread that sleeps on a condition variable, as long as this lives.
#[derive(Debug)]
struct Sleep<'a>(&'a Scheduled);

impl Sleep<'_> {
    /// Whether the thread was notified.
    fn is_over(&self) -> bool {
        let Participant { scheduler, thread } = &self.0.0;
        scheduler.is_notified(*thread)
    }
}

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        let Participant { scheduler, thread } = &self.0.0;
        scheduler.awake(*thread);
    }
}
