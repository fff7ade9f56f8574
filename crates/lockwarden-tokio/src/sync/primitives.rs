//! What [`FastSemaphore`] is made of, and its constructor for constants, which loom's atomics have not.

pub(super) use std::sync::atomic::AtomicU64;
pub(super) use tokio::sync::{Semaphore, SemaphorePermit};

use super::fast_semaphore::{FastSemaphore, beyond_word};

impl FastSemaphore {
    /// [`new`](Self::new) for constants.
    #[track_caller]
    pub(crate) const fn const_new(permits: usize) -> Self {
        let rest = beyond_word(permits);
        let word = AtomicU64::new((permits - rest) as u64);
        Self::of(word, Semaphore::const_new(rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permits_move_to_the_semaphore_for_a_waiter_and_come_back_with_the_releases() {
        let permits = FastSemaphore::new(3);
        assert!(permits.take(1));
        let queue = permits.begin_wait();
        assert_eq!((queue.available_permits(), permits.available()), (2, 2));
        assert!(!permits.take(1));
        permits.give(1);
        assert_eq!(queue.available_permits(), 3);
        assert!(permits.try_take(3).is_ok() && permits.try_take(1).is_err());
        permits.end_wait();
        permits.give(3);
        assert!(permits.take(3));
    }

    #[test]
    fn permits_in_both_places_are_taken_together() {
        let permits = FastSemaphore::new(2);
        permits.begin_wait();
        permits.end_wait();
        assert!(permits.try_take(1).is_ok());
        permits.give(1);
        assert!(!permits.take(2));
        assert!(permits.try_take(2).is_ok() && permits.available() == 0);
    }

    #[test]
    fn more_permits_than_the_word_has_room_for_stay_in_the_semaphore() {
        let permits = FastSemaphore::new(Semaphore::MAX_PERMITS);
        assert_eq!(permits.available(), Semaphore::MAX_PERMITS);
        assert!(permits.take(5));
        permits.give(5);
        permits.give(0);
        assert_eq!(permits.available(), Semaphore::MAX_PERMITS);
    }
}
