//! The life of a thread, for those who wait for its end.
//!
//! A thread is over when its closure is: a scope waits for that. It is gone when it has destroyed its
//! thread-locals too, which may take locks and wait: a join waits for that.

use std::cell::RefCell;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use super::resource::{Providers, Resource};
use crate::detector;
use crate::instrument::{LockKind, Site, WaitReason};
use crate::tracking::thread::current;

static THREAD: LockKind = LockKind::new("thread");

/// The life of one thread: known to whoever started it, to the thread, and to whoever joins it.
#[derive(Clone, Debug)]
pub(crate) struct JoinRecord(Arc<Inner>);

/// How far a thread has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Runs,
    /// Its closure has come to its end.
    Over,
    /// Its thread-locals are destroyed.
    Gone,
}

#[derive(Debug)]
struct Inner {
    stage: Mutex<Stage>,
    changed: Condvar,
    record: Resource,
    /// Where the thread was spawned.
    place: Site,
    thread: Providers,
}

impl JoinRecord {
    /// The life of a thread that is about to be started at `place`.
    pub(crate) fn new(place: Site) -> Self {
        let thread = Providers::new();
        thread.expect(1);
        Self(Arc::new(Inner {
            stage: Mutex::new(Stage::Runs),
            changed: Condvar::new(),
            record: Resource::at(&THREAD, place),
            place,
            thread,
        }))
    }

    /// The calling thread is the one whose life this is, and runs nothing yet that is not ours; it is
    /// over when the result is dropped.
    pub(crate) fn begin(self) -> RunningThread {
        self.0.thread.enter();
        let slot = current::slot();
        if !slot.is_detached() {
            slot.set_spawned(self.0.place);
        }
        let leaving = Leaving(self.clone());
        // Thread-locals are destroyed in the opposite order of their first uses, on every system, and
        // this is the first of them. If it cannot be had, the thread is gone when it is over.
        let _ = LEAVING.try_with(|last| last.borrow_mut().push(leaving));
        RunningThread(self)
    }

    /// Whether the thread has come to the end of its closure.
    pub(crate) fn is_over(&self) -> bool {
        *self.0.stage.lock() >= Stage::Over
    }

    /// Waits for that or, if it is the end itself that is awaited, until the thread is gone.
    pub(crate) fn wait(&self, awaited: WaitReason, site: Site) {
        let wanted = match awaited {
            WaitReason::End => Stage::Gone,
            _ => Stage::Over,
        };
        if *self.0.stage.lock() >= wanted {
            return;
        }
        let Inner { record, thread, .. } = &*self.0;
        record.wait_by(thread, awaited, site, |limit| {
            let mut stage = self.0.stage.lock();
            match limit {
                _ if *stage >= wanted => {}
                Some(limit) => {
                    self.0.changed.wait_for(&mut stage, limit);
                }
                None => self.0.changed.wait(&mut stage),
            }
            (*stage >= wanted).then_some(())
        });
    }

    fn come_to(&self, stage: Stage) {
        *self.0.stage.lock() = stage;
        self.0.changed.notify_all();
        self.0.record.provided();
    }
}

/// A thread during its life.
#[derive(Debug)]
pub(crate) struct RunningThread(JoinRecord);

impl Drop for RunningThread {
    fn drop(&mut self) {
        if std::thread::panicking() {
            detector::note_panic(false);
        }
        current::leave();
        self.0.come_to(Stage::Over);
    }
}

/// A thread that destroys its thread-locals: this one last.
#[derive(Debug)]
struct Leaving(JoinRecord);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.come_to(Stage::Gone);
        self.0.0.thread.leave();
    }
}

thread_local! {
    /// The life of the calling thread.
    static LEAVING: RefCell<Vec<Leaving>> = const { RefCell::new(Vec::new()) };
}
