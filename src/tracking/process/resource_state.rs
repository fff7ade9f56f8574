//! What others have to know of a wait for something that is no lock.
//!
//! A party outlives whatever it belongs to, as an ident does: who looks at a wait may be late, and
//! then finds that the epoch of the wait has moved, or reads what belongs to somebody else and
//! finds the same.

use std::sync::atomic::Ordering;

use crate::engine::ids::ThreadId;
use crate::shim::fork_safe::ForkSafe;
use crate::shim::{AtomicPtr, AtomicU64, Mutex};

/// The part of a resource, or of a set of threads, that other threads look at.
#[derive(Debug)]
pub(crate) struct ResourceState {
    /// How many threads wait here.
    waiters: AtomicU64,
    /// How often something was done here, while somebody waited, that may let a waiter go on.
    version: AtomicU64,
    /// How many were told to go on and have not yet said that they do.
    pending_wakeups: AtomicU64,
    members: Mutex<ProviderSet>,
}

/// Threads that can do what is waited for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ProviderSet {
    pub(crate) threads: Vec<ThreadId>,
    /// How many more there will be, or may be, whom nobody knows yet.
    pub(crate) unknown: usize,
}

/// Parties that nobody uses.
pub(in crate::tracking) static SPARE: ForkSafe<Vec<&'static ResourceState>> =
    ForkSafe::new(Vec::new());

impl ResourceState {
    pub(crate) fn new() -> Self {
        Self {
            waiters: AtomicU64::new(0),
            version: AtomicU64::new(0),
            pending_wakeups: AtomicU64::new(0),
            members: Mutex::new(ProviderSet::default()),
        }
    }

    /// How often something was provided.
    pub(crate) fn version(&self) -> u64 {
        // Acquire pairs with the Release in `provide`. What matters more: whoever provided something
        // and waits now published that wait afterwards, so who has read that wait sees the change.
        self.version.load(Ordering::Acquire)
    }

    /// Something was done that may let a waiter go on.
    #[inline]
    pub(crate) fn provide(&self) {
        // A waiter counts itself before it attempts anything. Whoever does what would have satisfied
        // an attempt that has failed has seen, in whatever way the primitive does that, that there is
        // a waiter to wake, and by that sees the count. Acquire pairs with the Release in the drop of
        // a `Waiter`: who does not find it any more, since it was satisfied already, also sees that
        // its wait is over.
        if self.waiters.load(Ordering::Acquire) > 0 {
            self.version.fetch_add(1, Ordering::Release);
        }
    }

    /// So many were told to go on.
    pub(crate) fn add_pending_wakeups(&self, count: u64) {
        // Release, as in `provide`.
        self.pending_wakeups.fetch_add(count, Ordering::Release);
    }

    /// One of those that were told does go on.
    pub(crate) fn finish_wakeup(&self) {
        // Relaxed: it stands for no other memory. It may come before the notifier says that it owes
        // it; the sum is right when both are done.
        self.pending_wakeups.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether somebody was told to go on and has not said that it does.
    pub(crate) fn has_pending_wakeups(&self) -> bool {
        // Acquire, as in `version`.
        self.pending_wakeups.load(Ordering::Acquire) != 0
    }

    /// The threads that can do what is waited for.
    pub(crate) fn members(&self) -> ProviderSet {
        self.members.lock().clone()
    }

    pub(crate) fn change<R>(&self, f: impl FnOnce(&mut ProviderSet) -> R) -> R {
        f(&mut self.members.lock())
    }
}

/// A thread that waits at a party, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Waiter(&'static ResourceState);

impl Waiter {
    pub(crate) fn at(party: &'static ResourceState) -> Self {
        // Relaxed: see `provide`.
        party.waiters.fetch_add(1, Ordering::Relaxed);
        Self(party)
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        // Release: see `provide`.
        self.0.waiters.fetch_sub(1, Ordering::Release);
    }
}

/// A party of one's own, from the first time that it is needed.
#[derive(Debug)]
pub(crate) struct LazyResourceState(AtomicPtr<ResourceState>);

impl LazyResourceState {
    pub(crate) const fn new() -> Self {
        Self(AtomicPtr::new(std::ptr::null_mut()))
    }

    /// The party, if it was ever needed.
    #[inline]
    #[allow(unsafe_code)]
    pub(crate) fn get(&self) -> Option<&'static ResourceState> {
        // Acquire pairs with the Release in `get_or_take`.
        // SAFETY: null, or a party, and those are never freed.
        unsafe { self.0.load(Ordering::Acquire).as_ref() }
    }

    /// The party.
    pub(crate) fn get_or_take(&self) -> &'static ResourceState {
        if let Some(party) = self.get() {
            return party;
        }
        let spare = SPARE.lock().pop();
        let party = spare.unwrap_or_else(|| Box::leak(Box::new(ResourceState::new())));
        let address = std::ptr::from_ref(party).cast_mut();
        let null = std::ptr::null_mut();
        match self
            .0
            .compare_exchange(null, address, Ordering::AcqRel, Ordering::Acquire)
        {
            Ok(_) => party,
            Err(_) => {
                SPARE.lock().push(party);
                self.get().expect("somebody else was first")
            }
        }
    }
}

impl Drop for LazyResourceState {
    fn drop(&mut self) {
        if let Some(party) = self.get() {
            // Nobody waits for what is dropped, so nothing is owed. Whoever still reads of it must
            // not take what comes for the same.
            party.version.fetch_add(1, Ordering::Release);
            party.pending_wakeups.store(0, Ordering::Relaxed);
            party.change(|members| *members = ProviderSet::default());
            SPARE.lock().push(party);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_party_that_is_used_again_is_not_the_same() {
        let own = LazyResourceState::new();
        assert!(own.get().is_none());
        let party = own.get_or_take();
        assert!(std::ptr::eq(party, own.get_or_take()));
        let version = party.version();
        party.change(|members| members.unknown = 3);
        party.add_pending_wakeups(2);
        drop(own);
        assert_ne!(party.version(), version);
        assert!(!party.has_pending_wakeups());
        assert_eq!(party.members(), ProviderSet::default());
    }

    #[test]
    fn only_what_is_provided_to_somebody_counts() {
        let party = Box::leak(Box::new(ResourceState::new()));
        party.provide();
        assert_eq!(party.version(), 0);
        let waiter = Waiter::at(party);
        party.provide();
        assert_eq!(party.version(), 1);
        drop(waiter);
        party.provide();
        assert_eq!(party.version(), 1);
    }

    #[test]
    fn what_is_settled_early_is_owed_no_more() {
        let party = ResourceState::new();
        party.finish_wakeup();
        assert!(party.has_pending_wakeups());
        party.add_pending_wakeups(1);
        assert!(!party.has_pending_wakeups());
    }
}
