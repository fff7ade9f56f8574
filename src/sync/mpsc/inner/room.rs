//! Wait of senders for room in a bounded std channel.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::extra::limited::wait_within;

/// Senders that wait beside a channel until a message is received from it.
pub(in super::super) struct Room {
    /// The number of threads that wait, or are about to.
    waiting: AtomicUsize,
    /// The number of messages that the channel has places for.
    places: usize,
    lock: Mutex<()>,
    freed: Condvar,
}

// The lock guards no data.
impl UnwindSafe for Room {}
impl RefUnwindSafe for Room {}

impl Room {
    pub(super) fn new(places: usize) -> Arc<Self> {
        Arc::new(Self {
            places,
            waiting: AtomicUsize::new(0),
            lock: Mutex::new(()),
            freed: Condvar::new(),
        })
    }

    pub(super) fn places(&self) -> usize {
        self.places
    }

    /// Records that the calling thread is about to wait, until the result is dropped.
    pub(super) fn enter(&self) -> Entered<'_> {
        // Sequentially consistent, like the exchange by which a receiver frees a place, and the
        // load in `Keeper::free`: see there.
        self.waiting.fetch_add(1, Ordering::SeqCst);
        Entered(self)
    }

    #[cold]
    fn wake(&self) {
        // Acquiring the lock waits until a sender that has failed to send under it sleeps, so that
        // the notification reaches it.
        drop(self.lock.lock());
        self.freed.notify_one();
    }
}

/// Registration of a sender that waits for room. Returned by [`Room::enter`].
pub(super) struct Entered<'a>(&'a Room);

impl Entered<'_> {
    /// Tries, waits for at most `limit` until a message was received, and tries again.
    pub(super) fn attempt<R>(
        &self,
        limit: Option<Duration>,
        mut send: impl FnMut() -> Option<R>,
    ) -> Option<R> {
        let mut lock = self.0.lock.lock();
        if let Some(sent) = send() {
            return Some(sent);
        }
        wait_within(&self.0.freed, &mut lock, limit);
        send()
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        // Relaxed: a count that is decremented late only costs a receiver a needless check.
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The receiver's side of a [`Room`]. It has to be dropped after the receiver itself.
pub(in super::super) struct Keeper(Arc<Room>);

impl Keeper {
    pub(super) fn of(room: Arc<Room>) -> Self {
        Self(room)
    }

    /// Wakes the waiting senders after a receipt.
    #[inline]
    pub(super) fn free(&self) {
        // Sequentially consistent, as the increment in `enter`: either the increment is seen here,
        // or the sender that made it finds the room when it tries. Should the channel free its
        // places in a weaker order, a concurrent receipt can be missed for one millisecond, the
        // time that a sender first waits before it tries again.
        if self.0.waiting.load(Ordering::SeqCst) > 0 {
            self.0.wake();
        }
    }
}

impl Drop for Keeper {
    // Wakes the senders, whose sends then fail.
    fn drop(&mut self) {
        drop(self.0.lock.lock());
        self.0.freed.notify_all();
    }
}
