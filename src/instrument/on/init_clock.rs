//! Happens-before order from an initialiser to the accesses of the value.
//!
//! An access that sees the value happens after the initialiser. Acquiring the clock at each access
//! would cost more than the access. So a thread acquires it at its first access: a word has one bit
//! for each thread that has, and an access tests that bit alone. Threads whose numbers agree modulo
//! 64 share a bit, and only the first of them acquires the clock: the others count as concurrent
//! with the initialiser, which may cause a false alarm; and their own first access adds no edge to
//! the order graph, so an inversion may be missed in a program with more threads than bits.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::clock::Clock;
use super::scheduled::Scheduled;
use super::thread_bit::thread_bit;

/// Clock of the initialisation of a value that is initialised once.
#[derive(Debug)]
pub struct InitClock {
    past: OnceLock<Clock>,
    /// The bits of the threads that have acquired the clock.
    acquired_by: AtomicU64,
}

impl Default for InitClock {
    fn default() -> Self {
        Self::new()
    }
}

impl InitClock {
    /// Creates the record of a value that is not initialised yet.
    pub const fn new() -> Self {
        Self {
            past: OnceLock::new(),
            acquired_by: AtomicU64::new(0),
        }
    }

    /// Creates the record of a value that was initialised at its construction: there is no clock to
    /// acquire.
    pub const fn none() -> Self {
        Self {
            past: OnceLock::new(),
            acquired_by: AtomicU64::new(u64::MAX),
        }
    }

    /// Releases the clock of the calling thread, which has run the initialiser. No other thread can
    /// see the value yet.
    pub fn set(&self) {
        Scheduled::point_before_release();
        let _ = self.past.set(Clock::release());
    }

    /// Runs `initialise`, which calls [`set`](Self::set) at its end, unless a thread has called
    /// that already; in that case runs `ask` as [`acquire_asking`](Self::acquire_asking) does.
    #[inline]
    pub fn first(&self, ask: impl FnOnce(), initialise: impl FnOnce()) {
        if !self.is_acquired_here() {
            match self.past.get() {
                None => initialise(),
                Some(past) if !past.is_known_here() => ask(),
                Some(_) => {}
            }
            self.learn();
        }
    }

    /// Acquires the clock of the initialiser for an access that would have waited for it. Runs
    /// `ask` first if another schedule could have had the access wait: it is the thread's first
    /// access, and the end of the initialiser does not happen before it.
    ///
    /// Costs one load, except for the first access of a thread.
    #[inline]
    pub fn acquire_asking(&self, ask: impl FnOnce()) {
        if !self.is_acquired_here() {
            if self.past.get().is_some_and(|past| !past.is_known_here()) {
                ask();
            }
            self.learn();
        }
    }

    /// Acquires the clock of the initialiser for an access that has seen the value.
    ///
    /// Costs one load, except for the first access of a thread.
    #[inline]
    pub fn acquire(&self) {
        if !self.is_acquired_here() {
            self.learn();
        }
    }

    #[inline]
    fn is_acquired_here(&self) -> bool {
        // Relaxed: the bit was set by this thread, or there is no clock to acquire.
        self.acquired_by.load(Ordering::Relaxed) & thread_bit() != 0
    }

    #[cold]
    fn learn(&self) {
        let Some(past) = self.past.get() else { return };
        past.acquire();
        // Read after `acquire`, which may have given the thread its number.
        let acquired_by = if past.is_known() {
            thread_bit()
        } else {
            u64::MAX
        };
        self.acquired_by.fetch_or(acquired_by, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_acquires_the_clock_once() {
        let origin = InitClock::new();
        assert!(!origin.is_acquired_here());
        // There is no clock to acquire yet.
        origin.acquire();
        assert!(!origin.is_acquired_here());
        origin.set();
        origin.acquire();
        assert!(origin.is_acquired_here());
        assert!(InitClock::none().is_acquired_here());
    }

    #[test]
    fn a_value_is_initialised_once() {
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
