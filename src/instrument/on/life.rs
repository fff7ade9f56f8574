//! The life of a thread, for those who wait for its end.

use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use super::resource::{Providers, Resource};
use crate::detector;
use crate::instrument::{Awaited, LockKind, Site};
use crate::tracking::current;

static THREAD: LockKind = LockKind::new("thread");

/// The life of one thread: known to whoever started it, to the thread, and to whoever joins it.
#[derive(Clone, Debug)]
pub(crate) struct Life(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    over: Mutex<bool>,
    ended: Condvar,
    record: Resource,
    /// Where the thread was spawned.
    place: Site,
    thread: Providers,
}

impl Life {
    /// The life of a thread that is about to be started at `place`.
    pub(crate) fn new(place: Site) -> Self {
        let thread = Providers::new();
        thread.expect(1);
        Self(Arc::new(Inner {
            over: Mutex::new(false),
            ended: Condvar::new(),
            record: Resource::at(&THREAD, place),
            place,
            thread,
        }))
    }

    /// The calling thread is the one whose life this is; it is over when the result is dropped.
    pub(crate) fn begin(self) -> Living {
        self.0.thread.enter();
        let slot = current::slot();
        if !slot.is_detached() {
            slot.set_spawned(self.0.place);
        }
        Living(self)
    }

    /// Whether the thread has come to the end of its closure.
    pub(crate) fn is_over(&self) -> bool {
        *self.0.over.lock()
    }

    /// Waits for that.
    pub(crate) fn wait(&self, awaited: Awaited, site: Site) {
        if self.is_over() {
            return;
        }
        let Inner { record, thread, .. } = &*self.0;
        record.wait_by(thread, awaited, site, |limit| {
            let mut over = self.0.over.lock();
            match limit {
                _ if *over => {}
                Some(limit) => {
                    self.0.ended.wait_for(&mut over, limit);
                }
                None => self.0.ended.wait(&mut over),
            }
            over.then_some(())
        });
    }
}

/// A thread during its life.
#[derive(Debug)]
pub(crate) struct Living(Life);

impl Drop for Living {
    fn drop(&mut self) {
        if std::thread::panicking() {
            detector::note_panic(false);
        }
        let inner = &*self.0.0;
        *inner.over.lock() = true;
        inner.ended.notify_all();
        inner.record.provided();
        inner.thread.leave();
    }
}
