//! The stack of a waiting thread, captured by the thread itself.
//!
//! A wait that is made in slices can capture its stack between two of them: when it has lasted for a while,
//! its thread stores its stack in its slot, so that no other thread has to interrupt it for that.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::tracking::Mutex;

/// The nanoseconds of a wait after which a thread captures its stack; `NEVER`, if no watchdog runs.
static DELAY: AtomicU64 = AtomicU64::new(NEVER);
const NEVER: u64 = u64::MAX;

/// Sets the length of a wait after which a stack is captured; `None` for never.
pub(crate) fn set_delay(delay: Option<Duration>) {
    let delay = delay.map_or(NEVER, |delay| {
        u64::try_from(delay.as_nanos()).unwrap_or(NEVER)
    });
    // Relaxed: a hint.
    DELAY.store(delay, Ordering::Relaxed);
}

/// Returns whether a wait that has lasted for so many nanoseconds is to be captured.
pub(crate) fn is_worth_a_look(lasted: u64) -> bool {
    lasted >= DELAY.load(Ordering::Relaxed)
}

/// The stack that a thread stored in its slot, and the start of the wait that it belongs to.
#[derive(Debug)]
pub(crate) struct ParkedStack(Mutex<Option<(u64, Box<[usize]>)>>);

impl ParkedStack {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Stores the stack of the wait that began at `since`, if that was not done.
    pub(crate) fn leave(&self, since: u64, stack: impl FnOnce() -> Box<[usize]>) {
        if self.of(since).is_none() {
            // Without the lock, which other threads take briefly to read.
            let stack = stack();
            *self.0.lock() = Some((since, stack));
        }
    }

    /// Returns the stack of the wait that began at `since`, if the thread has stored it.
    pub(crate) fn of(&self, since: u64) -> Option<Box<[usize]>> {
        let left = self.0.lock();
        let left = left.as_ref().filter(|(at, _)| *at == since);
        left.map(|(_, stack)| stack.clone())
    }

    /// Drops the stack at the end of the thread.
    pub(super) fn clear(&self) {
        *self.0.lock() = None;
    }

    /// Releases the lock that another thread, which does not exist any more, may have held at a fork.
    #[allow(unsafe_code)]
    pub(super) fn survive(&self) {
        if self.0.is_locked() {
            // SAFETY: the holder does not exist any more.
            unsafe { self.0.force_unlock(Default::default()) };
            std::mem::forget(self.0.lock().take());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_belongs_to_the_wait_in_which_it_was_stored() {
        let place = ParkedStack::new();
        assert!(place.of(5).is_none());
        place.leave(5, || Box::new([1, 2]));
        place.leave(5, || unreachable!("it was left before"));
        assert_eq!(place.of(5).as_deref(), Some(&[1, 2][..]));
        assert!(place.of(6).is_none());
        place.leave(6, || Box::new([3]));
        assert_eq!(place.of(6).as_deref(), Some(&[3][..]));
        place.clear();
        assert!(place.of(6).is_none());
    }
}
