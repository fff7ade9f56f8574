//! Record of a thread, for the threads that join it.
//!
//! A thread is `Over` when its closure has returned: a scope waits for that. It is `Gone` when its
//! thread-locals are destroyed too, whose destructors may take locks and wait: a join waits for
//! that.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::providers::Providers;
use super::resource::Resource;
use super::scheduled::Scheduled;
use crate::engine::ids::{Site, ThreadId};
use crate::engine::wait_reason::WaitReason;
use crate::runtime::threads;
use crate::tracking::lock::kind::LockKind;
use crate::tracking::thread::current;
use crate::tracking::thread::slot::{Flag, Slot};
use crate::watchdog::startup::{attach, attach_at_start};

static THREAD: LockKind = LockKind::new("thread").resource();

/// Record of one thread, shared by its parent, the thread itself, and the joining threads.
#[derive(Clone, Debug)]
pub struct JoinRecord(Arc<Inner>);

/// Stage of a thread's execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Runs,
    /// Its closure has returned or panicked.
    Over,
    /// Its thread-locals are destroyed.
    Gone,
}

/// The time for which a thread of an exploration waits for the thread-locals of another one.
const ENDING: Duration = Duration::from_secs(1);

#[derive(Debug)]
struct Inner {
    stage: Mutex<Stage>,
    changed: Condvar,
    record: Resource,
    /// The line at which the thread was spawned.
    place: Site,
    /// The ancestor of the thread that spawns it.
    ancestor: Option<ThreadId>,
    thread: Providers,
}

impl JoinRecord {
    /// Creates the record of a thread that is about to be spawned at `place`.
    pub fn new(place: Site) -> Self {
        let thread = Providers::new();
        thread.expect(1);
        Self(Arc::new(Inner {
            stage: Mutex::new(Stage::Runs),
            changed: Condvar::new(),
            record: Resource::at(&THREAD, place),
            place,
            ancestor: attach().and_then(Slot::ancestor),
            thread,
        }))
    }

    /// Records that the calling thread is the spawned one and has not run any of the program's code
    /// yet. The thread is over when the result is dropped.
    pub fn begin(self) -> RunningThread {
        // The providers find the thread attached.
        let _ = attach_at_start();
        self.0.thread.enter();
        let slot = current::slot();
        if !slot.is_detached() {
            slot.set_spawned(self.0.place);
            slot.set_ancestor(self.0.ancestor);
            slot.life.set(Flag::Started, true);
        }
        let leaving = Leaving(self.clone());
        // Thread-locals are destroyed in the reverse order of their first uses, on every system,
        // and this is the first one. If it is not available, the thread counts as gone when it is
        // over.
        let _ = LEAVING.try_with(|last| last.borrow_mut().push(leaving));
        RunningThread(self)
    }

    /// Returns whether the closure of the thread has ended.
    pub fn is_over(&self) -> bool {
        *self.0.stage.lock() >= Stage::Over
    }

    /// Waits until the closure of the thread has ended or, if `awaited` is [`WaitReason::End`],
    /// until its thread-locals are destroyed too.
    pub fn wait(&self, awaited: WaitReason, site: Site) {
        self.wait_until(awaited, site);
        if let Some(turn) = Scheduled::here() {
            turn.joined(self.address());
        }
    }

    /// The address that identifies the end of the thread to a scheduler.
    fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    fn wait_until(&self, awaited: WaitReason, site: Site) {
        let wanted = match awaited {
            WaitReason::End => Stage::Gone,
            _ => Stage::Over,
        };
        if self.stage_at_end() >= wanted {
            return;
        }
        let Inner { record, thread, .. } = &*self.0;
        record.wait_by(thread, awaited, site, |limit| {
            if self.stage_at_end() >= wanted {
                return Some(());
            }
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

    /// Returns the stage of the thread; to a thread of an exploration, that of a thread whose closure has
    /// ended is `Gone`: its thread-locals are destroyed outside of the schedule, so this waits for that.
    fn stage_at_end(&self) -> Stage {
        let mut stage = self.0.stage.lock();
        if *stage == Stage::Over && Scheduled::here().is_some() {
            let is_over = |stage: &mut Stage| *stage == Stage::Over;
            self.0.changed.wait_while_for(&mut stage, is_over, ENDING);
        }
        *stage
    }

    fn come_to(&self, stage: Stage) {
        *self.0.stage.lock() = stage;
        self.0.changed.notify_all();
        self.0.record.provided();
    }
}

/// Marks the execution of a thread's closure.
#[derive(Debug)]
pub struct RunningThread(JoinRecord);

impl Drop for RunningThread {
    fn drop(&mut self) {
        if std::thread::panicking() {
            threads::note_panic(false);
        }
        if let Some(turn) = Scheduled::here() {
            turn.leaves(self.0.address());
        }
        current::leave();
        self.0.come_to(Stage::Over);
    }
}

/// Thread-local whose destructor runs after all others of the thread.
#[derive(Debug)]
struct Leaving(JoinRecord);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.come_to(Stage::Gone);
        self.0.0.thread.leave();
    }
}

thread_local! {
    /// The record of the calling thread.
    static LEAVING: RefCell<Vec<Leaving>> = const { RefCell::new(Vec::new()) };
}
