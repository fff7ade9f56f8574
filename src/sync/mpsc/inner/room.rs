//! Where senders wait for room in a bounded channel of std's.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// The senders that wait beside a channel until something is received from it.
pub(in super::super) struct Room {
    /// How many wait, or are about to.
    waiting: AtomicUsize,
    lock: Mutex<()>,
    freed: Condvar,
}

// The lock holds nothing.
impl UnwindSafe for Room {}
impl RefUnwindSafe for Room {}

impl Room {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            waiting: AtomicUsize::new(0),
            lock: Mutex::new(()),
            freed: Condvar::new(),
        })
    }

    /// The calling thread is about to wait, until the result is dropped.
    pub(super) fn enter(&self) -> Entered<'_> {
        // Sequentially consistent, like the exchange by which a receiver frees a place, and the
        // load in `Keeper::free`: see there.
        self.waiting.fetch_add(1, Ordering::SeqCst);
        Entered(self)
    }

    #[cold]
    fn wake(&self) {
        // A sender that has tried in vain under the lock is asleep by then.
        drop(self.lock.lock());
        self.freed.notify_one();
    }
}

/// A sender that waits for room. Made by [`Room::enter`].
pub(super) struct Entered<'a>(&'a Room);

impl Entered<'_> {
    /// Tries, waits for at most `limit` until something was received, and tries again.
    pub(super) fn attempt<R>(
        &self,
        limit: Option<Duration>,
        mut send: impl FnMut() -> Option<R>,
    ) -> Option<R> {
        let mut lock = self.0.lock.lock();
        if let Some(sent) = send() {
            return Some(sent);
        }
        match limit {
            Some(limit) => {
                self.0.freed.wait_for(&mut lock, limit);
            }
            None => self.0.freed.wait(&mut lock),
        }
        send()
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        // Relaxed: to be counted for too long costs a receiver no more than a look.
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The receiver's part in it. To be dropped after the receiver itself.
pub(in super::super) struct Keeper(Arc<Room>);

impl Keeper {
    pub(super) fn of(room: Arc<Room>) -> Self {
        Self(room)
    }

    /// Something was received.
    #[inline]
    pub(super) fn free(&self) {
        // Sequentially consistent, as the increment in `enter`: either it is seen here, or the
        // sender that made it finds the room when it tries. Should the channel free its places in a
        // weaker order, a receipt that is under way right then can be missed: for a millisecond,
        // since that is how long a sender first waits before it tries again.
        if self.0.waiting.load(Ordering::SeqCst) > 0 {
            self.0.wake();
        }
    }
}

impl Drop for Keeper {
    // The senders are told that nobody will receive.
    fn drop(&mut self) {
        drop(self.0.lock.lock());
        self.0.freed.notify_all();
    }
}
