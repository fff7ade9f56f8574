//! Pins: keep idents in memory while a thread reads the locksets of running threads.
//!
//! An ident that is read from the slot of a running thread may be freed the next moment, when that thread
//! releases and drops the lock. While a [`Pin`] is alive no ident is freed; idents that would be freed are
//! kept for the next lock instead. The freeing thread pays a fence and a load, which happens only when a
//! thread drops a hundred locks more than it creates.

use std::sync::atomic::{AtomicU64, Ordering, fence};

/// The number of live pins.
static PINS: AtomicU64 = AtomicU64::new(0);

/// While this is alive, an ident that is read from a slot, or from a wait, stays in memory.
///
/// The slot has to be read after the pin was created, and must not have changed while it was read.
#[derive(Debug)]
pub(crate) struct Pin(());

impl Pin {
    pub(crate) fn new() -> Self {
        PINS.fetch_add(1, Ordering::Relaxed);
        // Pairs with the fence in `may_free`. If that one comes first, then the release of the lock, which
        // preceded it, is visible to what the caller reads from here on, and the ident is not found. If this
        // one comes first, the freeing thread sees the pin.
        fence(Ordering::SeqCst);
        Self(())
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        // Release pairs with the Acquire in `may_free`: a thread that finds no pin frees after the last
        // access.
        PINS.fetch_sub(1, Ordering::Release);
    }
}

/// Returns whether an ident that no slot and no wait refers to any more may be freed.
pub(in crate::tracking) fn may_free() -> bool {
    fence(Ordering::SeqCst);
    PINS.load(Ordering::Acquire) == 0
}

/// Drops all pins in the child of a fork, where their threads do not exist.
pub(crate) fn forget_all() {
    PINS.store(0, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_freed_while_a_pin_is_alive() {
        let pin = Pin::new();
        let second = Pin::new();
        drop(pin);
        assert!(!may_free());
        drop(second);
    }
}
