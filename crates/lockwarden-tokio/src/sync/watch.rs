//! `tokio::sync::watch`, whose waits are watched. A borrowed value is a held lock: it keeps the sender
//! out, and blocks its thread. What was done before a value is sent comes before what is done after the wait that it ends, where no
//! other value could have ended it.

#[doc(no_inline)]
pub use tokio::sync::watch::*;

use std::future::Future;
use std::ops::Deref;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lockwarden::instrument::{AcquireKind, Hold, Lock, LockKind, Mode, Site, WaitReason};
use tokio::sync::watch::error::{RecvError, SendError};

use super::channel_macros::{cloned, compared, forwarded, shown};
use super::notifications::Notifications;
use super::watched::watched;
use crate::agent::leaf::Thing;
use crate::task::lets_out;

const NOUN: &str = "watch channel";
static KIND: LockKind = LockKind::writer_blocks_readers("value of a watch channel");

/// The record of the lock round the value.
#[derive(Debug)]
struct Shared {
    record: Lock,
    made: Site,
    /// The values that were sent.
    sent: Notifications,
    /// How many threads have the value borrowed, or are about to.
    readers: AtomicUsize,
    /// How many threads write it, or wait to.
    writers: AtomicUsize,
}

impl Shared {
    /// Writes the value with `f`.
    fn write<R>(&self, site: Site, f: impl FnOnce() -> R) -> R {
        let count = Count::new(&self.writers);
        // Without a reader it does not have to wait, or not for longer than a poll takes.
        if self.readers.load(Ordering::SeqCst) == 0 {
            return self.sent.notify(f);
        }
        let attempt = self
            .record
            .attempt(Mode::Exclusive, AcquireKind::Blocking, site);
        let result = self.sent.notify(f);
        self.record.released(attempt.acquired());
        drop(count);
        result
    }

    /// Writes the value with `f`, which calls the closure that it is given while it holds the lock: the closure is the
    /// program's, and can take locks, this one too. Its result says whether the value is sent.
    fn write_by<T, R>(
        &self,
        site: Site,
        modify: impl FnOnce(&mut T) -> R,
        is_sent: fn(&R) -> bool,
        f: impl FnOnce(&mut dyn FnMut(&mut T) -> R),
    ) {
        let _count = Count::new(&self.writers);
        let must_wait = self.readers.load(Ordering::SeqCst) != 0;
        let kind = AcquireKind::Blocking;
        let mut attempt = must_wait.then(|| self.record.attempt(Mode::Exclusive, kind, site));
        let (mut modify, mut under_way) = (Some(modify), None);
        let mut write = |value: &mut T| {
            let hold = match attempt.take() {
                Some(attempt) => attempt.acquired(),
                None => self.record.acquired(Mode::Exclusive, kind, site),
            };
            let _written = Written {
                record: &self.record,
                hold: Some(hold),
            };
            let modify = modify.take().expect("the channel calls it once");
            let result = modify(value);
            // The receivers do not know of it yet.
            under_way = is_sent(&result).then(|| self.sent.begin());
            result
        };
        f(&mut write);
        drop(under_way);
    }

    /// Borrows the value with `f`.
    fn read<'a, T>(
        &'a self,
        site: Site,
        f: impl FnOnce() -> tokio::sync::watch::Ref<'a, T>,
    ) -> Ref<'a, T> {
        let count = Count::new(&self.readers);
        let (inner, hold) = if self.writers.load(Ordering::SeqCst) == 0 {
            let inner = f();
            let hold = self
                .record
                .acquired(Mode::Shared, AcquireKind::Blocking, site);
            (inner, hold)
        } else {
            let attempt = self
                .record
                .attempt(Mode::Shared, AcquireKind::Blocking, site);
            (f(), attempt.acquired())
        };
        Ref {
            held: Held {
                shared: self,
                hold: Some(hold),
                _count: count,
            },
            inner,
        }
    }
}

/// The hold of a closure that changes the value.
struct Written<'a> {
    record: &'a Lock,
    hold: Option<Hold>,
}

impl Drop for Written<'_> {
    fn drop(&mut self) {
        if let Some(hold) = self.hold.take() {
            self.record.released(hold);
        }
    }
}

/// One more, for as long as this lives.
#[derive(Debug)]
struct Count<'a>(&'a AtomicUsize);

impl<'a> Count<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Count<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[derive(Debug)]
struct Held<'a> {
    shared: &'a Shared,
    hold: Option<Hold>,
    _count: Count<'a>,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(hold) = self.hold.take() {
            self.shared.record.released(hold);
        }
    }
}

/// [`tokio::sync::watch::Ref`], a held lock.
#[derive(Debug)]
pub struct Ref<'a, T> {
    // Dropped first: the record is reported before the lock is given back.
    held: Held<'a>,
    inner: tokio::sync::watch::Ref<'a, T>,
}

impl<T> Ref<'_, T> {
    /// As [`tokio::sync::watch::Ref::has_changed`].
    pub fn has_changed(&self) -> bool {
        let _ = &self.held;
        self.inner.has_changed()
    }
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

/// As [`tokio::sync::watch::channel`].
#[track_caller]
pub fn channel<T>(init: T) -> (Sender<T>, Receiver<T>) {
    let sender = Sender::new(init);
    let receiver = sender.subscribe();
    (sender, receiver)
}

/// [`tokio::sync::watch::Sender`], watched.
pub struct Sender<T> {
    inner: tokio::sync::watch::Sender<T>,
    shared: Arc<Shared>,
}

/// [`tokio::sync::watch::Receiver`], watched.
pub struct Receiver<T> {
    inner: tokio::sync::watch::Receiver<T>,
    shared: Arc<Shared>,
    /// All values up to the one of that number are seen, if that is certain.
    seen: Option<u64>,
}

impl<T> Sender<T> {
    forwarded!("tokio::sync::watch::Sender": is_closed -> bool, receiver_count -> usize, sender_count -> usize);

    /// As [`tokio::sync::watch::Sender::new`].
    #[track_caller]
    pub fn new(init: T) -> Self {
        Self {
            inner: tokio::sync::watch::Sender::new(init),
            shared: Arc::new(Shared {
                record: Lock::new(&KIND),
                made: Location::caller(),
                sent: Notifications::new(),
                readers: AtomicUsize::new(0),
                writers: AtomicUsize::new(0),
            }),
        }
    }

    /// As [`tokio::sync::watch::Sender::send`].
    ///
    /// # Errors
    ///
    /// If there is no receiver.
    #[track_caller]
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        lets_out::<T>();
        self.shared
            .write(Location::caller(), || self.inner.send(value))
    }

    /// As [`tokio::sync::watch::Sender::send_modify`].
    #[track_caller]
    pub fn send_modify<F: FnOnce(&mut T)>(&self, modify: F) {
        lets_out::<T>();
        let send = |modify: &mut dyn FnMut(&mut T)| self.inner.send_modify(modify);
        self.shared
            .write_by(Location::caller(), modify, |()| true, send);
    }

    /// As [`tokio::sync::watch::Sender::send_if_modified`].
    #[track_caller]
    pub fn send_if_modified<F: FnOnce(&mut T) -> bool>(&self, modify: F) -> bool {
        lets_out::<T>();
        let mut is_modified = false;
        let send = |modify: &mut dyn FnMut(&mut T) -> bool| {
            is_modified = self.inner.send_if_modified(modify);
        };
        self.shared
            .write_by(Location::caller(), modify, |is_modified| *is_modified, send);
        is_modified
    }

    /// As [`tokio::sync::watch::Sender::send_replace`].
    #[track_caller]
    pub fn send_replace(&self, value: T) -> T {
        lets_out::<T>();
        self.shared
            .write(Location::caller(), || self.inner.send_replace(value))
    }

    /// As [`tokio::sync::watch::Sender::borrow`].
    #[track_caller]
    pub fn borrow(&self) -> Ref<'_, T> {
        self.shared.read(Location::caller(), || self.inner.borrow())
    }

    /// As [`tokio::sync::watch::Sender::closed`].
    #[track_caller]
    pub fn closed(&self) -> impl Future<Output = ()> {
        let thing = Thing::new(NOUN, WaitReason::Other, self.shared.made);
        watched(thing, self.inner.closed(), |()| ())
    }

    /// As [`tokio::sync::watch::Sender::subscribe`].
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver {
            seen: self.shared.sent.finished(),
            inner: self.inner.subscribe(),
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<T> Receiver<T> {
    /// As [`tokio::sync::watch::Receiver::borrow`].
    #[track_caller]
    pub fn borrow(&self) -> Ref<'_, T> {
        self.shared.read(Location::caller(), || self.inner.borrow())
    }

    /// As [`tokio::sync::watch::Receiver::borrow_and_update`].
    #[track_caller]
    pub fn borrow_and_update(&mut self) -> Ref<'_, T> {
        let Self { inner, shared, .. } = self;
        shared.read(Location::caller(), || inner.borrow_and_update())
    }

    /// As [`tokio::sync::watch::Receiver::has_changed`].
    ///
    /// # Errors
    ///
    /// If there is no sender.
    pub fn has_changed(&self) -> Result<bool, RecvError> {
        self.inner.has_changed()
    }

    /// As [`tokio::sync::watch::Receiver::mark_changed`].
    pub fn mark_changed(&mut self) {
        self.seen = None;
        self.inner.mark_changed();
    }

    /// As [`tokio::sync::watch::Receiver::mark_unchanged`].
    pub fn mark_unchanged(&mut self) {
        self.inner.mark_unchanged();
    }

    /// As [`tokio::sync::watch::Receiver::changed`].
    ///
    /// # Errors
    ///
    /// If there is no sender.
    #[track_caller]
    pub fn changed(&mut self) -> impl Future<Output = Result<(), RecvError>> {
        let thing = Thing::new(NOUN, WaitReason::Message, self.shared.made);
        let Self {
            inner,
            shared,
            seen,
        } = self;
        let changed = async {
            // In this order: a value that was sent before is seen, or is changed.
            let finished = shared.sent.finished();
            let is_seen = matches!(inner.has_changed(), Ok(false));
            let before = finished.filter(|_| is_seen).or(*seen);
            inner.changed().await?;
            *seen = before.and_then(|before| shared.sent.acquire_only(before));
            Ok(())
        };
        watched(thing, changed, |changed| changed)
    }

    /// As [`tokio::sync::watch::Receiver::wait_for`].
    ///
    /// # Errors
    ///
    /// If there is no sender.
    #[track_caller]
    pub fn wait_for(
        &mut self,
        mut f: impl FnMut(&T) -> bool,
    ) -> impl Future<Output = Result<Ref<'_, T>, RecvError>> {
        let site = Location::caller();
        let Self {
            inner,
            shared,
            seen,
        } = self;
        let thing = Thing::new(NOUN, WaitReason::Message, shared.made);
        let shared = &**shared;
        let found = async move {
            let finished = shared.sent.finished();
            let mut refused = 0_u64;
            let found = inner
                .wait_for(|value| {
                    let is_found = f(value);
                    refused += u64::from(!is_found);
                    is_found
                })
                .await?;
            // A value that it has refused was sent before, or was there from the start. The first one that it sees was
            // sent, if one was by then; that it would have refused what was there from the start is taken for granted.
            let before = match finished {
                Some(0) | None if refused == 0 => None,
                Some(_) if refused == 0 => Some(0),
                finished => finished.or(*seen),
            };
            *seen = before.and_then(|before| shared.sent.acquire_only(before));
            Ok(found)
        };
        watched(thing, found, move |found| {
            found.map(|inner| shared.read(site, || inner))
        })
    }

    /// tokio's own receiver. What is borrowed there is not seen.
    pub fn as_tokio(&mut self) -> &mut tokio::sync::watch::Receiver<T> {
        &mut self.inner
    }
}

/// What this type does not declare is called on tokio's own.
impl<T> Deref for Receiver<T> {
    type Target = tokio::sync::watch::Receiver<T>;

    fn deref(&self) -> &Self::Target {
        &self.inner
    }
}

impl<T: Default> Default for Sender<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            shared: Arc::clone(&self.shared),
            seen: self.seen,
        }
    }
}

cloned!(shared: Sender);
compared!("tokio::sync::watch": Sender, Receiver);
shown!(Sender<T>, Receiver<T>);
