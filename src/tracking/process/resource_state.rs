//! The shared state of a resource: what other threads read about waits for it.
//!
//! It outlives the resource it belongs to, as an ident does: a thread that looks at a wait may be late, and
//! then finds that the epoch of the wait has changed, or reads the state of the next resource and finds the
//! same.

use std::sync::atomic::Ordering;

use crate::engine::ids::ThreadId;
use crate::shim::{AtomicPtr, AtomicU64};
use crate::tracking::fork_safe::ForkSafe;
use crate::tracking::{Mutex, MutexGuard};

/// The part of a resource, or of a set of providers, that other threads read.
#[derive(Debug)]
pub(crate) struct ResourceState {
    /// The number of threads that wait here, or that depend on these providers.
    waiters: AtomicU64,
    /// How often something was provided here, while a thread waited, that may end a wait.
    version: AtomicU64,
    /// The number of threads that were notified and have not recorded that they continue.
    pending_wakeups: AtomicU64,
    members: Mutex<ProviderSet>,
}

/// The threads that can end a wait.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ProviderSet {
    pub(crate) threads: Vec<ThreadId>,
    /// The number of providers that will or may exist, and whose threads are not known yet.
    pub(crate) unknown: usize,
    /// The number of forks before `unknown` was written.
    forks: u64,
}

/// The number of forks from the first process to this one.
static FORKS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

/// Forgets, in the child of a fork, the providers that were expected in the parent and have not come.
pub(in crate::tracking) fn forget_expected() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// Unused states.
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

    /// Returns how often something was provided.
    pub(crate) fn version(&self) -> u64 {
        // Acquire pairs with the Release in `provide`. More important: a thread that provided something and
        // waits now published that wait afterwards, so a thread that has read that wait sees the change.
        self.version.load(Ordering::Acquire)
    }

    /// Records that something was provided that may end a wait.
    #[inline]
    pub(crate) fn provide(&self) {
        // A waiter increments the count before it attempts anything. A thread that provides what would have
        // satisfied a failed attempt has seen, by the protocol of the primitive, that there is a waiter to
        // wake, and so sees the count. Acquire pairs with the Release in the drop of a `Waiter`: a thread
        // that does not see the waiter any more, since it was satisfied already, also sees that its wait is
        // over.
        if self.waiters.load(Ordering::Acquire) > 0 {
            self.version.fetch_add(1, Ordering::Release);
        }
    }

    /// Returns how many threads wait here or depend on these providers.
    pub(crate) fn waiters(&self) -> u64 {
        // Relaxed: the count publishes no other memory. A provider that was just removed from the set and finds none
        // misses none that counts on it: a waiting thread is counted before it reads the set, and the lock of the set
        // orders that before this load, or else the thread reads the set without the provider.
        self.waiters.load(Ordering::Relaxed)
    }

    /// Records that `count` waiting threads were notified.
    pub(crate) fn add_pending_wakeups(&self, count: u64) {
        // Release, as in `provide`.
        self.pending_wakeups.fetch_add(count, Ordering::Release);
    }

    /// Records that one of the notified threads continues.
    pub(crate) fn finish_wakeup(&self) {
        // Relaxed: the count publishes no other memory. It may come before the notifier's increment; the sum
        // is right when both are done.
        self.pending_wakeups.fetch_sub(1, Ordering::Relaxed);
    }

    /// Returns whether a thread was notified and has not recorded that it continues.
    pub(crate) fn has_pending_wakeups(&self) -> bool {
        // Acquire, as in `version`.
        self.pending_wakeups.load(Ordering::Acquire) != 0
    }

    /// Returns the threads that can end a wait.
    pub(crate) fn members(&self) -> ProviderSet {
        self.change().clone()
    }

    /// Returns the threads that can end a wait, to be changed.
    pub(crate) fn change(&self) -> MutexGuard<'_, ProviderSet> {
        let mut members = self.members.lock();
        // Relaxed: a fork happens before all that the child does.
        let forks = FORKS.load(Ordering::Relaxed);
        if members.forks != forks {
            // The threads that were expected stay in the parent.
            members.unknown = 0;
            members.forks = forks;
        }
        members
    }
}

/// A waiting thread, counted until this is dropped.
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

/// A state of a resource that is created at its first use.
#[derive(Debug)]
pub(crate) struct LazyResourceState(AtomicPtr<ResourceState>);

impl LazyResourceState {
    pub(crate) const fn new() -> Self {
        Self(AtomicPtr::new(std::ptr::null_mut()))
    }

    /// Returns the state, if it was ever used.
    #[inline]
    #[allow(unsafe_code)]
    pub(crate) fn get(&self) -> Option<&'static ResourceState> {
        // Acquire pairs with the Release in `get_or_take`.
        // SAFETY: null, or a state, and those are never freed.
        unsafe { self.0.load(Ordering::Acquire).as_ref() }
    }

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
                self.get().expect("another thread was first")
            }
        }
    }
}

impl Drop for LazyResourceState {
    fn drop(&mut self) {
        if let Some(party) = self.get() {
            // No thread waits for a dropped resource, so no wakeup is pending. A late reader must not take
            // the next resource for the same one.
            party.version.fetch_add(1, Ordering::Release);
            party.pending_wakeups.store(0, Ordering::Relaxed);
            *party.change() = ProviderSet::default();
            SPARE.lock().push(party);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reused_state_has_another_version() {
        let own = LazyResourceState::new();
        assert!(own.get().is_none());
        let party = own.get_or_take();
        assert!(std::ptr::eq(party, own.get_or_take()));
        let version = party.version();
        party.change().unknown = 3;
        party.add_pending_wakeups(2);
        drop(own);
        assert_ne!(party.version(), version);
        assert!(!party.has_pending_wakeups());
        assert_eq!(party.members(), ProviderSet::default());
    }

    #[test]
    fn only_what_is_provided_to_a_waiter_counts() {
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
    fn a_wakeup_that_finishes_early_is_not_pending() {
        let party = ResourceState::new();
        party.finish_wakeup();
        assert!(party.has_pending_wakeups());
        party.add_pending_wakeups(1);
        assert!(!party.has_pending_wakeups());
    }
}
