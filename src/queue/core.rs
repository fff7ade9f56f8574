//! What all queues do, whatever the order in which they give out.
//!
//! One lock guards the items and the counts. Three condition variables stand for the three things
//! that are waited for, so that who makes room wakes nobody who looks for an item. Whoever is woken
//! tries again under the lock before it sleeps again, and every change wakes as many as it can
//! serve, so no wake-up is lost: not when another thread comes first, and not when a wait runs out
//! of time at the same moment.

use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::error::{
    GetError, GetTimeoutError, PutError, PutTimeoutError, TryGetError, TryPutError,
};
use super::store::{Entry, Store};
use crate::deadline;
use crate::instrument::{Awaited, Pasts, Resource, Site};

/// A queue with the items in `S`.
pub(crate) struct Core<S> {
    pub(super) state: Mutex<State<S>>,
    /// Notified once for every item that is put.
    pub(super) not_empty: Condvar,
    /// Notified once for every item that is got.
    pub(super) not_full: Condvar,
    /// Notified when nothing is unfinished.
    pub(super) all_done: Condvar,
    /// `usize::MAX`: there is always room.
    capacity: usize,
    /// What was done before the shutdown.
    pub(super) down: Pasts,
    pub(super) record: Resource,
}

pub(super) struct State<S> {
    pub(super) store: S,
    /// How many were got and not marked as done.
    pub(super) taken: usize,
    pub(super) is_shut_down: bool,
    /// What was done before each `task_done`.
    pub(super) done: Pasts,
}

impl<S: Store> State<S> {
    /// How many were put and are not done.
    pub(super) fn unfinished(&self) -> usize {
        self.store.len() + self.taken
    }
}

/// Why an item was not taken in.
enum Refused {
    Full,
    ShutDown,
}

/// Why no item was given out.
enum Nothing {
    Empty,
    ShutDown,
}

impl<S> Core<S> {
    /// An empty queue; with a bound of zero it is of one.
    pub(crate) const fn new(store: S, capacity: usize, record: Resource) -> Self {
        Self {
            state: Mutex::new(State {
                store,
                taken: 0,
                is_shut_down: false,
                done: Pasts::new(),
            }),
            not_empty: Condvar::new(),
            not_full: Condvar::new(),
            all_done: Condvar::new(),
            capacity: if capacity == 0 { 1 } else { capacity },
            down: Pasts::new(),
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
        self.state.lock().is_shut_down
    }
}

impl<S: Store> Core<S> {
    pub(crate) fn len(&self) -> usize {
        self.state.lock().store.len()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.len() >= self.capacity
    }

    pub(crate) fn try_put(&self, item: S::Item) -> Result<(), TryPutError<S::Item>> {
        let mut entry = Some(Entry::pack(item));
        let refused = self.offer(&mut self.state.lock(), &mut entry);
        match refused {
            Ok(()) => Ok(()),
            Err(Refused::Full) => Err(TryPutError::Full(back(entry))),
            Err(Refused::ShutDown) => Err(TryPutError::ShutDown(self.turned_away(entry))),
        }
    }

    /// Puts, waiting for room.
    pub(crate) fn put(&self, item: S::Item, site: Site) -> Result<(), PutError<S::Item>> {
        let mut entry = Some(Entry::pack(item));
        let at_once = self.offer(&mut self.state.lock(), &mut entry);
        let put = match at_once {
            Err(Refused::Full) => {
                let attempt = |limit| self.offer_within(limit, &mut entry);
                self.record.wait(Awaited::Room, site, attempt)
            }
            Err(Refused::ShutDown) => false,
            Ok(()) => true,
        };
        if put {
            return Ok(());
        }
        Err(PutError(self.turned_away(entry)))
    }

    pub(crate) fn put_timeout(
        &self,
        item: S::Item,
        timeout: Duration,
        site: Site,
    ) -> Result<(), PutTimeoutError<S::Item>> {
        let mut entry = Some(Entry::pack(item));
        let at_once = self.offer(&mut self.state.lock(), &mut entry);
        let put = match at_once {
            Err(Refused::Full) => {
                let deadline = deadline::after(timeout);
                let attempt = |left| self.offer_within(Some(left), &mut entry);
                self.record
                    .wait_until(Awaited::Room, deadline, site, attempt)
            }
            Err(Refused::ShutDown) => Some(false),
            Ok(()) => Some(true),
        };
        match put {
            Some(true) => Ok(()),
            Some(false) => Err(PutTimeoutError::ShutDown(self.turned_away(entry))),
            None => Err(PutTimeoutError::Full(back(entry))),
        }
    }

    pub(crate) fn try_get(&self) -> Result<S::Item, TryGetError> {
        let got = self.poll(&mut self.state.lock());
        match got {
            Ok(entry) => Ok(entry.receive()),
            Err(Nothing::Empty) => Err(TryGetError::Empty),
            Err(Nothing::ShutDown) => {
                self.down.arrive();
                Err(TryGetError::ShutDown)
            }
        }
    }

    /// Gets, as what reports shall call it.
    pub(crate) fn get(&self, awaited: Awaited, site: Site) -> Result<S::Item, GetError> {
        let at_once = self.poll(&mut self.state.lock());
        let got = match at_once {
            Err(Nothing::Empty) => self
                .record
                .wait(awaited, site, |limit| self.poll_within(limit)),
            Err(Nothing::ShutDown) => None,
            Ok(entry) => Some(entry),
        };
        if let Some(entry) = got {
            return Ok(entry.receive());
        }
        self.down.arrive();
        Err(GetError)
    }

    pub(crate) fn get_timeout(
        &self,
        timeout: Duration,
        site: Site,
    ) -> Result<S::Item, GetTimeoutError> {
        let at_once = self.poll(&mut self.state.lock());
        let got = match at_once {
            Err(Nothing::Empty) => {
                let deadline = deadline::after(timeout);
                let attempt = |left| self.poll_within(Some(left));
                self.record
                    .wait_until(Awaited::Item, deadline, site, attempt)
            }
            Err(Nothing::ShutDown) => Some(None),
            Ok(entry) => Some(Some(entry)),
        };
        match got {
            Some(Some(entry)) => Ok(entry.receive()),
            Some(None) => {
                self.down.arrive();
                Err(GetTimeoutError::ShutDown)
            }
            None => Err(GetTimeoutError::Empty),
        }
    }

    /// Puts the entry if there is room; else leaves it where it is.
    fn offer(
        &self,
        state: &mut State<S>,
        entry: &mut Option<Entry<S::Item>>,
    ) -> Result<(), Refused> {
        if state.is_shut_down {
            return Err(Refused::ShutDown);
        }
        if state.store.len() >= self.capacity {
            return Err(Refused::Full);
        }
        if let Some(entry) = entry.take() {
            // Whoever is woken waits for the lock. It is told first, since a comparison may panic
            // when the item is in the heap already.
            self.record.provided();
            self.not_empty.notify_one();
            state.store.push(entry);
        }
        Ok(())
    }

    /// The same, waiting for room; whether it was put, if that is decided.
    fn offer_within(
        &self,
        limit: Option<Duration>,
        entry: &mut Option<Entry<S::Item>>,
    ) -> Option<bool> {
        let mut state = self.state.lock();
        let mut offered = self.offer(&mut state, entry);
        if matches!(offered, Err(Refused::Full)) && sleep(&self.not_full, &mut state, limit) {
            offered = self.offer(&mut state, entry);
        }
        match offered {
            Ok(()) => Some(true),
            Err(Refused::ShutDown) => Some(false),
            Err(Refused::Full) => None,
        }
    }

    /// Gets the next entry if there is one.
    fn poll(&self, state: &mut State<S>) -> Result<Entry<S::Item>, Nothing> {
        if state.store.len() == 0 {
            return Err(match state.is_shut_down {
                true => Nothing::ShutDown,
                false => Nothing::Empty,
            });
        }
        // Counted and told first, for the reason given in `offer`.
        state.taken += 1;
        if self.capacity != usize::MAX {
            self.record.provided();
            self.not_full.notify_one();
        }
        state.store.pop().ok_or(Nothing::Empty)
    }

    /// The same, waiting for one; the entry, or that there will be none, if that is decided.
    fn poll_within(&self, limit: Option<Duration>) -> Option<Option<Entry<S::Item>>> {
        let mut state = self.state.lock();
        let mut polled = self.poll(&mut state);
        if matches!(polled, Err(Nothing::Empty)) && sleep(&self.not_empty, &mut state, limit) {
            polled = self.poll(&mut state);
        }
        match polled {
            Ok(entry) => Some(Some(entry)),
            Err(Nothing::ShutDown) => Some(None),
            Err(Nothing::Empty) => None,
        }
    }

    /// The item of an entry that was refused since the queue is shut down.
    fn turned_away(&self, entry: Option<Entry<S::Item>>) -> S::Item {
        self.down.arrive();
        back(entry)
    }
}

/// The item of an entry that was not put.
fn back<T>(entry: Option<Entry<T>>) -> T {
    entry.expect("what was not put is still here").take_back()
}

/// Sleeps until it is notified, for as long as `limit` at most; whether it is worth to try again.
pub(super) fn sleep<S>(
    condvar: &Condvar,
    state: &mut MutexGuard<'_, State<S>>,
    limit: Option<Duration>,
) -> bool {
    match limit {
        None => condvar.wait(state),
        Some(Duration::ZERO) => return false,
        Some(limit) => {
            condvar.wait_for(state, limit);
        }
    }
    true
}
