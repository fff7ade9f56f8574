//! Where a thread waits, as it has seen itself.
//!
//! A wait that is made in slices can look around between two of them: when it has lasted for a while,
//! its thread leaves its stack in its slot, so that whoever wants to know later need not ask.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::shim::Mutex;

/// After how many nanoseconds of a wait a thread looks; never, if nobody watches.
static DELAY: AtomicU64 = AtomicU64::new(NEVER);
const NEVER: u64 = u64::MAX;

/// Sets after how long a wait is worth a look; `None` for never.
pub(crate) fn set_delay(delay: Option<Duration>) {
    let delay = delay.map_or(NEVER, |delay| {
        u64::try_from(delay.as_nanos()).unwrap_or(NEVER)
    });
    // Relaxed: a hint.
    DELAY.store(delay, Ordering::Relaxed);
}

/// Whether a wait that has lasted for so many nanoseconds is worth a look.
pub(crate) fn is_worth_a_look(lasted: u64) -> bool {
    lasted >= DELAY.load(Ordering::Relaxed)
}

/// The stack that a thread left in its slot, and the wait that it belongs to, by its beginning.
#[derive(Debug)]
pub(crate) struct ParkedStack(Mutex<Option<(u64, Box<[usize]>)>>);

impl ParkedStack {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Leaves the stack of the wait that began at `since`, if that was not done.
    pub(crate) fn leave(&self, since: u64, stack: impl FnOnce() -> Box<[usize]>) {
        if self.of(since).is_none() {
            // Without the lock, which others take for a moment to read.
            let stack = stack();
            *self.0.lock() = Some((since, stack));
        }
    }

    /// The stack of the wait that began at `since`, if the thread has left it.
    pub(crate) fn of(&self, since: u64) -> Option<Box<[usize]>> {
        let left = self.0.lock();
        let left = left.as_ref().filter(|(at, _)| *at == since);
        left.map(|(_, stack)| stack.clone())
    }

    /// The thread has ended.
    pub(super) fn clear(&self) {
        *self.0.lock() = None;
    }

    /// Lets go of what another thread, which is no more, may have held at a fork.
    #[allow(unsafe_code)]
    pub(super) fn survive(&self) {
        if self.0.is_locked() {
            // SAFETY: the holder is gone.
            unsafe { self.0.force_unlock(Default::default()) };
            std::mem::forget(self.0.lock().take());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_belongs_to_the_wait_in_which_it_was_left() {
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
