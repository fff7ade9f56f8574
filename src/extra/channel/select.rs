//! `Select`: a wait for one of several operations.

use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

use super::branches::{Branch, Branches};
use super::receiver::Receiver;
use super::selected::SelectedOperation;
use super::sender::Sender;
use super::{ReadyTimeoutError, SelectTimeoutError, TryReadyError, TrySelectError};
use crate::instrument::{self, ON, Side, deadline_after};

/// Wait for one of several operations, as [`crossbeam_channel::Select`] is: for cases in which
/// [`select!`](super::select) does not suffice, because the operations are known only at run time.
///
/// # Examples
///
/// ```
/// use lockwarden::channel::{Receiver, RecvError, Select, unbounded};
///
/// fn receive_from_any<T>(receivers: &[Receiver<T>]) -> Result<T, RecvError> {
///     let mut select = Select::new();
///     for receiver in receivers {
///         select.recv(receiver);
///     }
///     let operation = select.select();
///     let index = operation.index();
///     operation.recv(&receivers[index])
/// }
///
/// let (first, second) = (unbounded(), unbounded());
/// second.0.send(2).unwrap();
/// assert_eq!(receive_from_any(&[first.1, second.1]), Ok(2));
/// ```
#[derive(Clone)]
pub struct Select<'a> {
    inner: crossbeam_channel::Select<'a>,
    /// The operations as the detector needs them, in an instrumented build.
    branches: Branches<'a>,
}

impl<'a> Select<'a> {
    /// Creates a selection without operations. If several are possible, one is chosen at random.
    #[must_use]
    pub fn new() -> Select<'a> {
        Self::of(crossbeam_channel::Select::new())
    }

    /// Creates a selection without operations. If several are possible, the one that was added
    /// first is chosen.
    #[must_use]
    pub fn new_biased() -> Self {
        Self::of(crossbeam_channel::Select::new_biased())
    }

    fn of(inner: crossbeam_channel::Select<'a>) -> Self {
        Self {
            inner,
            branches: Branches::default(),
        }
    }

    /// Adds a send; returns its index.
    pub fn send<T>(&mut self, s: &'a Sender<T>) -> usize {
        let index = self.inner.send(&s.inner);
        if ON {
            self.branches.add(Branch {
                index,
                ends: &s.ends,
                side: Side::Sending,
                is_direct: s.is_direct(),
                is_clock: false,
            });
        }
        index
    }

    /// Adds a receipt; returns its index.
    pub fn recv<T>(&mut self, r: &'a Receiver<T>) -> usize {
        let index = r.source.select(&mut self.inner);
        if ON {
            self.branches.add(Branch {
                index,
                ends: &r.ends,
                side: Side::Receiving,
                is_direct: r.is_direct(),
                is_clock: r.source.is_clock(),
            });
        }
        index
    }

    /// Removes an operation. The indices of the others stay.
    ///
    /// # Panics
    ///
    /// Panics if there is no operation with that index.
    pub fn remove(&mut self, index: usize) {
        self.inner.remove(index);
        self.branches.remove(index);
    }

    /// Selects an operation that is possible at once.
    ///
    /// # Errors
    ///
    /// Returns an error if there is none.
    pub fn try_select(&mut self) -> Result<SelectedOperation<'a>, TrySelectError> {
        instrument::point_unnamed("selects");
        self.inner.try_select().map(SelectedOperation::new)
    }

    /// Waits until an operation is possible, and selects it.
    ///
    /// # Panics
    ///
    /// Panics if there are no operations, and in an instrumented build if the wait would never end:
    /// see the [module](super#what-it-sees).
    #[track_caller]
    pub fn select(&mut self) -> SelectedOperation<'a> {
        if !ON || self.branches.is_empty() {
            return SelectedOperation::new(self.inner.select());
        }
        if let Ok(operation) = self.try_select() {
            return operation;
        }
        let Self { inner, branches } = self;
        let operation = branches.wait(Location::caller(), |limit| match limit {
            Some(limit) => inner.select_timeout(limit).ok(),
            None => Some(inner.select()),
        });
        SelectedOperation::new(operation)
    }

    /// Waits until an operation is possible, for at most `timeout`, and selects it.
    ///
    /// # Errors
    ///
    /// Returns an error if none becomes possible in that time.
    #[track_caller]
    pub fn select_timeout(
        &mut self,
        timeout: Duration,
    ) -> Result<SelectedOperation<'a>, SelectTimeoutError> {
        self.select_deadline(deadline_after(timeout))
    }

    /// Waits until an operation is possible, until `deadline` at most, and selects it.
    ///
    /// # Errors
    ///
    /// Returns an error as [`select_timeout`](Self::select_timeout) does.
    #[track_caller]
    pub fn select_deadline(
        &mut self,
        deadline: Instant,
    ) -> Result<SelectedOperation<'a>, SelectTimeoutError> {
        if let Ok(operation) = self.try_select() {
            return Ok(operation);
        }
        let Self { inner, branches } = self;
        let operation = branches.wait_until(deadline, Location::caller(), |limit| {
            inner.select_timeout(limit).ok()
        });
        operation
            .map(SelectedOperation::new)
            .ok_or(SelectTimeoutError)
    }

    /// Returns the index of an operation that is possible at once. Another thread may perform it
    /// first.
    ///
    /// # Errors
    ///
    /// Returns an error if there is none.
    pub fn try_ready(&mut self) -> Result<usize, TryReadyError> {
        instrument::point_unnamed("selects");
        self.inner.try_ready()
    }

    /// Waits until an operation is possible; returns its index. Another thread may perform it
    /// first.
    ///
    /// # Panics
    ///
    /// Panics as [`select`](Self::select) does.
    #[track_caller]
    pub fn ready(&mut self) -> usize {
        if !ON || self.branches.is_empty() {
            return self.inner.ready();
        }
        instrument::point_unnamed("selects");
        if let Ok(index) = self.inner.try_ready() {
            return index;
        }
        let Self { inner, branches } = self;
        let index = branches.wait(Location::caller(), |limit| match limit {
            Some(limit) => inner.ready_timeout(limit).ok(),
            None => Some(inner.ready()),
        });
        instrument::hand_over_completed();
        index
    }

    /// Waits until an operation is possible, for at most `timeout`; returns its index.
    ///
    /// # Errors
    ///
    /// Returns an error if none becomes possible in that time.
    #[track_caller]
    pub fn ready_timeout(&mut self, timeout: Duration) -> Result<usize, ReadyTimeoutError> {
        self.ready_deadline(deadline_after(timeout))
    }

    /// Waits until an operation is possible, until `deadline` at most; returns its index.
    ///
    /// # Errors
    ///
    /// Returns an error as [`ready_timeout`](Self::ready_timeout) does.
    #[track_caller]
    pub fn ready_deadline(&mut self, deadline: Instant) -> Result<usize, ReadyTimeoutError> {
        instrument::point_unnamed("selects");
        if let Ok(index) = self.inner.try_ready() {
            return Ok(index);
        }
        let Self { inner, branches } = self;
        let index = branches.wait_until(deadline, Location::caller(), |limit| {
            inner.ready_timeout(limit).ok()
        });
        index.ok_or(ReadyTimeoutError)
    }
}

impl Default for Select<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Select<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
