//! Core of all queues, independent of the order of the items.
//!
//! One lock guards the items and the counts. Three condition variables correspond to the three
//! awaited conditions, so that a get does not wake another thread that waits to get. A woken thread
//! tries again under the lock before it sleeps again, and every change wakes as many threads as it
//! can serve, so no wakeup is lost: not when another thread comes first, and not when a time limit
//! passes at the same moment.
//!
//! Where the program defines the order of the items, the store is taken out while it is changed, by
//! the one thread that has the [turn](super::turn). An item is counted as put, or as got, before
//! that change.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::error::{
    GetError, GetTimeoutError, PutError, PutTimeoutError, TryGetError, TryPutError,
};
use super::store::Store;
use super::turn::Turn;
use crate::extra::limited::{wait_until, wait_within};
use crate::instrument::{
    self, Counts, MergedClock, Resource, Site, Stamped, WaitReason, deadline_after,
};

/// Queue with the items in `S`.
pub(crate) struct Core<S, W = ()> {
    /// Acquired before the state is locked, by a thread that changes the items.
    pub(super) turn: W,
    pub(super) state: Mutex<State<S>>,
    /// Notified once for every item that is put.
    pub(super) not_empty: Condvar,
    /// Notified once for every item that is got.
    pub(super) not_full: Condvar,
    /// Notified when nothing is unfinished.
    pub(super) all_done: Condvar,
    /// The bound; `usize::MAX` if the queue is unbounded.
    capacity: usize,
    /// The clock of the first shutdown.
    pub(super) down: MergedClock,
    pub(super) record: Resource,
}

pub(super) struct State<S> {
    /// The items; empty while the thread that has the turn has taken them out.
    pub(super) store: S,
    /// The number of items in the store or about to be put into it.
    pub(super) len: usize,
    /// The number of items that were got and not marked as done.
    pub(super) taken: usize,
    pub(super) is_shut_down: bool,
    /// The merged clock of all `task_done` calls.
    pub(super) done: MergedClock,
}

impl<S> State<S> {
    /// Returns the number of items that were put and are not done.
    pub(super) fn unfinished(&self) -> usize {
        self.len + self.taken
    }
}

/// Reason for which an item was not put.
enum Refused {
    Full,
    ShutDown,
}

/// Reason for which no item was got.
enum Nothing {
    Empty,
    ShutDown,
}

impl<S, W> Core<S, W> {
    /// Creates an empty queue; a capacity of zero counts as one.
    pub(crate) const fn new(store: S, turn: W, capacity: usize, record: Resource) -> Self {
        Self {
            turn,
            state: Mutex::new(State {
                store,
                len: 0,
                taken: 0,
                is_shut_down: false,
                done: MergedClock::new(),
            }),
            not_empty: Condvar::new(),
            not_full: Condvar::new(),
            all_done: Condvar::new(),
            capacity: if capacity == 0 { 1 } else { capacity },
            down: MergedClock::new(),
            record,
        }
    }

    pub(crate) fn record(&self) -> &Resource {
        &self.record
    }

    pub(crate) fn capacity(&self) -> Option<usize> {
        (self.capacity != usize::MAX).then_some(self.capacity)
    }

    pub(crate) fn is_shut_down(&self) -> bool {
        instrument::point("looks at", &self.record);
        self.state.lock().is_shut_down
    }

    pub(crate) fn len(&self) -> usize {
        instrument::point("looks at", &self.record);
        self.state.lock().len
    }
}

impl<S: Store, W: Turn> Core<S, W> {
    pub(crate) fn is_full(&self) -> bool {
        self.len() >= self.capacity
    }

    pub(crate) fn try_put(&self, item: S::Item, site: Site) -> Result<(), TryPutError<S::Item>> {
        let mut entry = Some(Stamped::hand_over(item));
        let refused = self.offer_now(&mut entry, site);
        match refused {
            Ok(()) => Ok(()),
            Err(Refused::Full) => Err(TryPutError::Full(back(entry))),
            Err(Refused::ShutDown) => Err(TryPutError::ShutDown(self.turned_away(entry))),
        }
    }

    /// Puts an item, and waits for room.
    pub(crate) fn put(&self, item: S::Item, site: Site) -> Result<(), PutError<S::Item>> {
        let mut entry = Some(Stamped::hand_over(item));
        match self.put_within(None, &mut entry, site) {
            Some(true) => Ok(()),
            _ => Err(PutError(self.turned_away(entry))),
        }
    }

    pub(crate) fn put_timeout(
        &self,
        item: S::Item,
        timeout: Duration,
        site: Site,
    ) -> Result<(), PutTimeoutError<S::Item>> {
        let mut entry = Some(Stamped::hand_over(item));
        match self.put_within(Some(timeout), &mut entry, site) {
            Some(true) => Ok(()),
            Some(false) => Err(PutTimeoutError::ShutDown(self.turned_away(entry))),
            None => Err(PutTimeoutError::Full(back(entry))),
        }
    }

    /// Puts the entry, and waits for room for at most `timeout`; returns whether it was put, if that is
    /// decided by then.
    fn put_within(
        &self,
        timeout: Option<Duration>,
        entry: &mut Option<Stamped<S::Item>>,
        site: Site,
    ) -> Option<bool> {
        let at_once = self.offer_now(entry, site);
        match at_once {
            Err(Refused::Full) => {
                let mut attempt = |limit| self.offer_within(limit, entry, site);
                let counts = || Counts::new(self.capacity, self.capacity, 0);
                let deadline = timeout.map(deadline_after);
                wait_until(
                    &self.record,
                    Some(&counts),
                    WaitReason::Room,
                    deadline,
                    site,
                    &mut attempt,
                )
            }
            Err(Refused::ShutDown) => Some(false),
            Ok(()) => Some(true),
        }
    }

    pub(crate) fn try_get(&self, site: Site) -> Result<S::Item, TryGetError> {
        let got = self.poll_now(site);
        match got {
            Ok(entry) => Ok(entry.receive()),
            Err(Nothing::Empty) => Err(TryGetError::Empty),
            Err(Nothing::ShutDown) => {
                self.down.acquire();
                Err(TryGetError::ShutDown)
            }
        }
    }

    /// Gets an item; reports describe the wait as `awaited`.
    pub(crate) fn get(&self, awaited: WaitReason, site: Site) -> Result<S::Item, GetError> {
        let got = self.get_within(None, awaited, site).flatten();
        got.ok_or(GetError)
    }

    pub(crate) fn get_timeout(
        &self,
        timeout: Duration,
        site: Site,
    ) -> Result<S::Item, GetTimeoutError> {
        match self.get_within(Some(timeout), WaitReason::Item, site) {
            Some(got) => got.ok_or(GetTimeoutError::ShutDown),
            None => Err(GetTimeoutError::Empty),
        }
    }

    /// Gets an item, and waits for one for at most `timeout`; returns it, or `None` inside if there will
    /// be none, if that is decided by then.
    fn get_within(
        &self,
        timeout: Option<Duration>,
        awaited: WaitReason,
        site: Site,
    ) -> Option<Option<S::Item>> {
        let at_once = self.poll_now(site);
        let got = match at_once {
            Err(Nothing::Empty) => {
                let mut attempt = |limit| self.poll_within(limit, site);
                let deadline = timeout.map(deadline_after);
                wait_until(&self.record, None, awaited, deadline, site, &mut attempt)?
            }
            Err(Nothing::ShutDown) => None,
            Ok(entry) => Some(entry),
        };
        if got.is_none() {
            self.down.acquire();
        }
        Some(got.map(Stamped::receive))
    }

    /// Puts the entry if there is room, without waiting for room.
    fn offer_now(&self, entry: &mut Option<Stamped<S::Item>>, site: Site) -> Result<(), Refused> {
        instrument::point("puts into", &self.record);
        let _turn = self.turn.take(site);
        self.offer(&mut self.state.lock(), entry)
    }

    /// Puts the entry if there is room; otherwise leaves it in place. The caller has the turn.
    fn offer(
        &self,
        state: &mut MutexGuard<'_, State<S>>,
        entry: &mut Option<Stamped<S::Item>>,
    ) -> Result<(), Refused> {
        if state.is_shut_down {
            return Err(Refused::ShutDown);
        }
        if state.len >= self.capacity {
            return Err(Refused::Full);
        }
        if let Some(entry) = entry.take() {
            // Notified before the item is stored: a comparison may panic when the item is in the
            // heap already. The woken thread waits for the lock and the turn.
            state.len += 1;
            self.record.provided();
            self.not_empty.notify_one();
            change::<_, W, _>(state, |store| store.push(entry));
        }
        Ok(())
    }

    /// Puts the entry, and waits for room for at most `limit`; returns whether it was put, if that
    /// is decided.
    fn offer_within(
        &self,
        limit: Option<Duration>,
        entry: &mut Option<Stamped<S::Item>>,
        site: Site,
    ) -> Option<bool> {
        for may_sleep in [true, false] {
            let turn = self.turn.take(site);
            let mut state = self.state.lock();
            match self.offer(&mut state, entry) {
                Ok(()) => return Some(true),
                Err(Refused::ShutDown) => return Some(false),
                Err(Refused::Full) => {}
            }
            // Released for the wait: the thread that makes room needs the turn.
            drop(turn);
            if !(may_sleep && sleep(&self.not_full, &mut state, limit)) {
                break;
            }
        }
        None
    }

    /// Gets the next entry if there is one, without waiting for one.
    fn poll_now(&self, site: Site) -> Result<Stamped<S::Item>, Nothing> {
        instrument::point("gets from", &self.record);
        let _turn = self.turn.take(site);
        self.poll(&mut self.state.lock())
    }

    /// Gets the next entry if there is one. The caller has the turn.
    fn poll(&self, state: &mut MutexGuard<'_, State<S>>) -> Result<Stamped<S::Item>, Nothing> {
        if state.len == 0 {
            return Err(match state.is_shut_down {
                true => Nothing::ShutDown,
                false => Nothing::Empty,
            });
        }
        // Counted and notified first, for the reason given in `offer`.
        state.len -= 1;
        state.taken += 1;
        if self.capacity != usize::MAX {
            self.record.provided();
            self.not_full.notify_one();
        }
        change::<_, W, _>(state, Store::pop).ok_or(Nothing::Empty)
    }

    /// Gets the next entry, and waits for one for at most `limit`; returns the entry, or `None`
    /// inside if there will be none, once that is decided.
    fn poll_within(&self, limit: Option<Duration>, site: Site) -> Option<Option<Stamped<S::Item>>> {
        for may_sleep in [true, false] {
            let turn = self.turn.take(site);
            let mut state = self.state.lock();
            match self.poll(&mut state) {
                Ok(entry) => return Some(Some(entry)),
                Err(Nothing::ShutDown) => return Some(None),
                Err(Nothing::Empty) => {}
            }
            // Released for the wait: the thread that puts the next item needs the turn.
            drop(turn);
            if !(may_sleep && sleep(&self.not_empty, &mut state, limit)) {
                break;
            }
        }
        None
    }

    /// Returns the item of an entry that was not put since the queue is shut down.
    fn turned_away(&self, entry: Option<Stamped<S::Item>>) -> S::Item {
        self.down.acquire();
        back(entry)
    }
}

/// Changes the items. Where that runs code of the program, they are taken out of the queue and the
/// queue is unlocked meanwhile: the calling thread has the turn, so no other thread accesses them.
fn change<S: Store, W: Turn, R>(
    state: &mut MutexGuard<'_, State<S>>,
    f: impl FnOnce(&mut S) -> R,
) -> R {
    if !W::COMPARES {
        return f(&mut state.store);
    }
    let mut out = std::mem::take(&mut state.store);
    // The documentation of the queue describes its state after a panic of a comparison.
    let changed = AssertUnwindSafe(|| MutexGuard::unlocked(state, || f(&mut out)));
    let changed = catch_unwind(changed);
    state.store = out;
    changed.unwrap_or_else(|panic| resume_unwind(panic))
}

/// Returns the item of an entry that was not put.
fn back<T>(entry: Option<Stamped<T>>) -> T {
    entry.expect("what was not put is still here").take_back()
}

/// Sleeps until notified, for at most `limit`; returns whether to try again.
pub(super) fn sleep<S>(
    condvar: &Condvar,
    state: &mut MutexGuard<'_, State<S>>,
    limit: Option<Duration>,
) -> bool {
    if limit == Some(Duration::ZERO) {
        return false;
    }
    wait_within(condvar, state, limit);
    true
}
