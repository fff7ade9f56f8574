//! The right to be the only one in the process.

use std::sync::atomic::{AtomicU32, Ordering};

/// The right to be the only one in the process that does something, until it is dropped.
#[derive(Debug)]
pub(crate) struct Claim {
    /// The id of the process in which it is taken; zero if it is free.
    owner: &'static AtomicU32,
    me: u32,
}

impl Claim {
    /// Takes the right; `None` if another thread of the process has it.
    pub(crate) fn take(owner: &'static AtomicU32) -> Option<Self> {
        let me = std::process::id();
        let before = owner.load(Ordering::Relaxed);
        // A thread of the parent of a fork does not exist in the child. Acquire pairs with the Release of the drop: the
        // effects of the last owner are visible.
        let is_taken = before != me
            && owner
                .compare_exchange(before, me, Ordering::Acquire, Ordering::Relaxed)
                .is_ok();
        is_taken.then_some(Self { owner, me })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Fails in the child of a fork that has taken the right anew.
        let free = self
            .owner
            .compare_exchange(self.me, 0, Ordering::Release, Ordering::Relaxed);
        let _ = free;
    }
}
