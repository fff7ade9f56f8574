//! All tasks that are watched, and those that wait for a lock.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use lockwarden::instrument::ThreadId;
use parking_lot::Mutex;

use super::task::Task;

/// How many parts the list has, so that threads that spawn do not wait for each other.
const PARTS: usize = 32;

type Part = Mutex<Option<HashMap<u64, Weak<Task>, BuildHasherDefault<Numbered>>>>;

/// A number that ascends is as good as its hash.
#[derive(Default)]
pub(super) struct Numbered(u64);

impl Hasher for Numbered {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes
            .iter()
            .for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    // The high bits, too, have to differ from one to the next.
    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0 ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

static ALL: [Part; PARTS] = [const { Mutex::new(None) }; PARTS];
static WAITING: Part = Mutex::new(None);
static WAITING_COUNT: AtomicUsize = AtomicUsize::new(0);

fn part(id: ThreadId) -> &'static Part {
    &ALL[id.get() as usize % PARTS]
}

pub(super) fn add(task: &Arc<Task>) {
    let mut part = part(task.id).lock();
    part.get_or_insert_default()
        .insert(task.id.get(), Arc::downgrade(task));
}

pub(super) fn remove(task: &Task) {
    if let Some(all) = part(task.id).lock().as_mut() {
        all.remove(&task.id.get());
    }
}

/// Tasks that have ended while they held locks whose guards are nowhere else: the guards were leaked.
static ABANDONING: Mutex<Vec<Arc<Task>>> = Mutex::new(Vec::new());
/// How many of them are kept.
const KEPT: usize = 64;

/// Keeps a task that ends while it holds locks whose guards are nowhere else.
#[cold]
pub(super) fn add_abandoning(task: &Arc<Task>) {
    let mut abandoning = ABANDONING.lock();
    if abandoning.len() < KEPT {
        abandoning.push(Arc::clone(task));
    }
}

/// The task with this number, which has ended while it held locks whose guards are nowhere else.
pub(crate) fn find_abandoning(id: ThreadId) -> Option<Arc<Task>> {
    let abandoning = ABANDONING.lock();
    let found = abandoning.iter().find(|task| task.id == id);
    found.map(Arc::clone)
}

/// The task with this number.
pub(crate) fn find(id: ThreadId) -> Option<Arc<Task>> {
    part(id).lock().as_ref()?.get(&id.get())?.upgrade()
}

/// All tasks that have not ended.
pub(crate) fn all() -> Vec<Arc<Task>> {
    let mut tasks = Vec::new();
    for part in &ALL {
        let part = part.lock();
        tasks.extend(
            part.iter()
                .flat_map(HashMap::values)
                .filter_map(Weak::upgrade),
        );
    }
    tasks.sort_by_key(|task| task.id);
    tasks
}

/// Lists a task that waits for a lock, or for something else that only certain tasks can bring.
pub(super) fn begin_wait(task: &Arc<Task>) {
    let mut waiting = WAITING.lock();
    let waiting = waiting.get_or_insert_default();
    if waiting
        .insert(task.id.get(), Arc::downgrade(task))
        .is_none()
    {
        WAITING_COUNT.store(waiting.len(), Ordering::Relaxed);
    }
}

/// The task has no such wait any more.
pub(super) fn end_wait(task: &Task) {
    let mut waiting = WAITING.lock();
    let waiting = waiting.get_or_insert_default();
    waiting.remove(&task.id.get());
    WAITING_COUNT.store(waiting.len(), Ordering::Relaxed);
}

/// How many tasks wait for something that only certain tasks can bring.
pub(crate) fn waiting_count() -> usize {
    WAITING_COUNT.load(Ordering::Relaxed)
}

/// The tasks that wait for something that only certain tasks can bring.
pub(crate) fn waiting() -> Vec<Arc<Task>> {
    let waiting = WAITING.lock();
    let all = waiting.iter().flat_map(HashMap::values);
    all.filter_map(Weak::upgrade).collect()
}
