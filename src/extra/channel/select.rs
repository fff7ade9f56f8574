//! `Select`: waiting for one of several operations.

use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

use super::branches::{Branch, Branches};
use super::receiver::Receiver;
use super::selected::SelectedOperation;
use super::sender::Sender;
use super::{ReadyTimeoutError, SelectTimeoutError, TryReadyError, TrySelectError};
use crate::instrument::{ON, Side, deadline_after};

/// Waits for one of several operations, as [`crossbeam_channel::Select`] does: where
/// [`select!`](super::select) does not do, since the operations are known only as the program runs.
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
    /// What is waited for, in an instrumented build.
    branches: Branches<'a>,
}

impl<'a> Select<'a> {
    /// No operations. If several can be done, one is chosen at random.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::channel::Select;
    ///
    /// assert!(Select::new().try_select().is_err());
    /// ```
    #[must_use]
    pub fn new() -> Select<'a> {
        Self::of(crossbeam_channel::Select::new())
    }

    /// No operations. If several can be done, the one that was added first is chosen.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::channel::{Select, unbounded};
    ///
    /// let (first, second) = (unbounded::<u8>(), unbounded::<u8>());
    /// let mut select = Select::new_biased();
    /// select.send(&first.0);
    /// select.send(&second.0);
    /// assert_eq!(select.ready(), 0);
    /// ```
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

    /// Adds that something is sent; returns the index of that.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::channel::{Select, unbounded};
    ///
    /// let (sender, _receiver) = unbounded::<u8>();
    /// assert_eq!(Select::new().send(&sender), 0);
    /// ```
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

    /// Adds that something is received; returns the index of that.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::channel::{Select, unbounded};
    ///
    /// let (_sender, receiver) = unbounded::<u8>();
    /// assert_eq!(Select::new().recv(&receiver), 0);
    /// ```
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

    /// Takes an operation away again. The indices of the others stay.
    ///
    /// # Panics
    ///
    /// If there is none with that index.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::channel::{Select, unbounded};
    ///
    /// let (sender, _receiver) = unbounded::<u8>();
    /// let mut select = Select::new();
    /// let sending = select.send(&sender);
    /// select.remove(sending);
    /// assert!(select.try_ready().is_err());
    /// ```
    pub fn remove(&mut self, index: usize) {
        self.inner.remove(index);
        self.branches.remove(index);
    }

    /// Selects an operation that can be done now.
    ///
    /// # Errors
    ///
    /// If there is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::channel::{Select, unbounded};
    ///
    /// let (_sender, receiver) = unbounded::<u8>();
    /// let mut select = Select::new();
    /// select.recv(&receiver);
    /// assert!(select.try_select().is_err());
    /// ```
    pub fn try_select(&mut self) -> Result<SelectedOperation<'a>, TrySelectError> {
        self.inner.try_select().map(SelectedOperation::new)
    }

    /// Waits until an operation can be done, and selects it.
    ///
    /// # Panics
    ///
    /// If there are no operations. In an instrumented build, if the wait would never end: see the
    /// [module](super#what-it-sees).
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::channel::{Select, unbounded};
    ///
    /// let (sender, receiver) = unbounded();
    /// sender.send(1).unwrap();
    /// let mut select = Select::new();
    /// select.recv(&receiver);
    /// assert_eq!(select.select().recv(&receiver), Ok(1));
    /// ```
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

    /// Waits until an operation can be done, for at most `timeout`, and selects it.
    ///
    /// # Errors
    ///
    /// If none can be done in that time.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use lockwarden::channel::{Select, unbounded};
    ///
    /// let (_sender, receiver) = unbounded::<u8>();
    /// let mut select = Select::new();
    /// select.recv(&receiver);
    /// assert!(select.select_timeout(Duration::from_millis(1)).is_err());
    /// ```
    #[track_caller]
    pub fn select_timeout(
        &mut self,
        timeout: Duration,
    ) -> Result<SelectedOperation<'a>, SelectTimeoutError> {
        self.select_deadline(deadline_after(timeout))
    }

    /// Waits until an operation can be done, until `deadline` at most, and selects it.
    ///
    /// # Errors
    ///
    /// As [`select_timeout`](Self::select_timeout).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    /// use lockwarden::channel::{Select, unbounded};
    ///
    /// let (_sender, receiver) = unbounded::<u8>();
    /// let mut select = Select::new();
    /// select.recv(&receiver);
    /// assert!(select.select_deadline(Instant::now()).is_err());
    /// ```
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

    /// The index of an operation that can be done now. Somebody else may do it first.
    ///
    /// # Errors
    ///
    /// If there is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::channel::{Select, unbounded};
    ///
    /// let (_sender, receiver) = unbounded::<u8>();
    /// let mut select = Select::new();
    /// select.recv(&receiver);
    /// assert!(select.try_ready().is_err());
    /// ```
    pub fn try_ready(&mut self) -> Result<usize, TryReadyError> {
        self.inner.try_ready()
    }

    /// Waits until an operation can be done; returns its index. Somebody else may do it first.
    ///
    /// # Panics
    ///
    /// As [`select`](Self::select).
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::channel::{Select, unbounded};
    ///
    /// let (sender, _receiver) = unbounded::<u8>();
    /// let mut select = Select::new();
    /// let sending = select.send(&sender);
    /// assert_eq!(select.ready(), sending);
    /// ```
    #[track_caller]
    pub fn ready(&mut self) -> usize {
        if !ON || self.branches.is_empty() {
            return self.inner.ready();
        }
        if let Ok(index) = self.inner.try_ready() {
            return index;
        }
        let Self { inner, branches } = self;
        branches.wait(Location::caller(), |limit| match limit {
            Some(limit) => inner.ready_timeout(limit).ok(),
            None => Some(inner.ready()),
        })
    }

    /// Waits until an operation can be done, for at most `timeout`; returns its index.
    ///
    /// # Errors
    ///
    /// If none can be done in that time.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use lockwarden::channel::{Select, unbounded};
    ///
    /// let (_sender, receiver) = unbounded::<u8>();
    /// let mut select = Select::new();
    /// select.recv(&receiver);
    /// assert!(select.ready_timeout(Duration::from_millis(1)).is_err());
    /// ```
    #[track_caller]
    pub fn ready_timeout(&mut self, timeout: Duration) -> Result<usize, ReadyTimeoutError> {
        self.ready_deadline(deadline_after(timeout))
    }

    /// Waits until an operation can be done, until `deadline` at most; returns its index.
    ///
    /// # Errors
    ///
    /// As [`ready_timeout`](Self::ready_timeout).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    /// use lockwarden::channel::{Select, unbounded};
    ///
    /// let (_sender, receiver) = unbounded::<u8>();
    /// let mut select = Select::new();
    /// select.recv(&receiver);
    /// assert!(select.ready_deadline(Instant::now()).is_err());
    /// ```
    #[track_caller]
    pub fn ready_deadline(&mut self, deadline: Instant) -> Result<usize, ReadyTimeoutError> {
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
