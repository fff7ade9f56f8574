//! Keeps idents in memory while somebody looks at what running threads hold.
//!
//! An ident that is read out of the slot of a running thread may be freed the next moment: the
//! thread lets go of the lock and drops it. While a [`Pin`] is alive no ident is freed; those that
//! would be are kept for the next lock instead. The one who frees pays a fence and a load, which
//! happens only when a thread drops a hundred locks more than it makes.

use std::sync::atomic::{AtomicU64, Ordering, fence};

/// How many pins are alive.
static PINS: AtomicU64 = AtomicU64::new(0);

/// While this is alive, an ident that is read out of a slot, or out of a wait, stays in memory.
///
/// The slot has to be read after the pin was made, and to have stood still while it was read.
#[derive(Debug)]
pub(crate) struct Pin(());

impl Pin {
    pub(crate) fn new() -> Self {
        PINS.fetch_add(1, Ordering::Relaxed);
        // Pairs with the fence in `may_free`. If that one comes first, then the release of the lock,
        // which came before it, is seen by what the caller reads from here on, and the ident is not
        // found. If this one comes first, the other side sees the pin.
        fence(Ordering::SeqCst);
        Self(())
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        // Release pairs with the Acquire in `may_free`: who finds no pin frees after the last look.
        PINS.fetch_sub(1, Ordering::Release);
    }
}

/// Whether an ident that no slot and no wait refers to any more may be freed.
pub(in crate::tracking) fn may_free() -> bool {
    fence(Ordering::SeqCst);
    PINS.load(Ordering::Acquire) == 0
}

/// In the child of a fork: those who looked are no more.
pub(crate) fn forget_all() {
    PINS.store(0, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_freed_while_somebody_looks() {
        let pin = Pin::new();
        let second = Pin::new();
        drop(pin);
        assert!(!may_free());
        drop(second);
    }
}
