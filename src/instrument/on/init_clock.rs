//! What came before something was initialised.
//!
//! Whoever sees that it is initialised comes after the initialiser. To learn so at each access
//! would cost more than the access. So a thread learns it at its first one: a word has one bit for
//! each thread that has, and an access looks at that alone. Threads whose numbers agree modulo 64
//! share a bit, and only the first of them learns: the others count as concurrent with the
//! initialiser, which may be a false alarm; and of their own first access nothing is told to the
//! order graph, which may be a miss in a program with more threads than bits.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::clock::Clock;
use super::thread_bit::thread_bit;

/// The record of something that is initialised once.
#[derive(Debug)]
pub(crate) struct InitClock {
    past: OnceLock<Clock>,
    /// A bit for each thread that has learnt of it.
    told: AtomicU64,
}

impl InitClock {
    /// Nothing was initialised yet.
    pub(crate) const fn new() -> Self {
        Self {
            past: OnceLock::new(),
            told: AtomicU64::new(0),
        }
    }

    /// It was there from the beginning, and there is nothing to learn.
    pub(crate) const fn none() -> Self {
        Self {
            past: OnceLock::new(),
            told: AtomicU64::new(u64::MAX),
        }
    }

    /// The calling thread has initialised, and nobody can see it yet.
    pub(crate) fn set(&self) {
        let _ = self.past.set(Clock::release());
    }

    /// Runs `initialise`, which calls [`set`](Self::set) at its end, unless that was done, for the
    /// calling thread or another; then runs `ask` as [`acquire_asking`](Self::arrive_asking) does.
    #[inline]
    pub(crate) fn first(&self, ask: impl FnOnce(), initialise: impl FnOnce()) {
        if !self.is_told() {
            match self.past.get() {
                None => initialise(),
                Some(past) if !past.is_known_here() => ask(),
                Some(_) => {}
            }
            self.learn();
        }
    }

    /// The calling thread has asked for what is initialised, and would have waited for the
    /// initialiser. Runs `ask` if nothing that the thread has seen so far ruled that out: it is the
    /// thread's first access, and the end of the initialiser is not in the thread's past.
    ///
    /// Costs one load, except for the first time in a thread.
    #[inline]
    pub(crate) fn acquire_asking(&self, ask: impl FnOnce()) {
        if !self.is_told() {
            if self.past.get().is_some_and(|past| !past.is_known_here()) {
                ask();
            }
            self.learn();
        }
    }

    /// The calling thread has seen that it is initialised.
    ///
    /// Costs one load, except for the first time in a thread.
    #[inline]
    pub(crate) fn acquire(&self) {
        if !self.is_told() {
            self.learn();
        }
    }

    #[inline]
    fn is_told(&self) -> bool {
        // Relaxed: the bit was set by this thread, or says that there is nothing to learn.
        self.told.load(Ordering::Relaxed) & bit() != 0
    }

    #[cold]
    fn learn(&self) {
        let Some(past) = self.past.get() else { return };
        past.acquire();
        // The thread may have a number only since it has arrived.
        let told = if past.is_known() { bit() } else { u64::MAX };
        self.told.fetch_or(told, Ordering::Relaxed);
    }
}

/// The bit of the calling thread.
#[inline]
fn bit() -> u64 {
    thread_bit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_told_once() {
        let origin = InitClock::new();
        assert!(!origin.is_told());
        // Nothing is there to learn as yet.
        origin.acquire();
        assert!(!origin.is_told());
        origin.set();
        origin.acquire();
        assert!(origin.is_told());
        assert!(InitClock::none().is_told());
    }

    #[test]
    fn what_is_initialised_is_not_initialised_again() {
        let origin = InitClock::new();
        let mut runs = 0;
        let mut initialise = || {
            runs += 1;
            origin.set();
        };
        origin.first(|| (), &mut initialise);
        origin.first(|| (), &mut initialise);
        std::thread::scope(|scope| {
            scope.spawn(|| origin.first(|| (), initialise));
        });
        assert_eq!(runs, 1);
    }
}
