//! A number for each thread that polls tasks, and the threads of the process, as the operating system numbers them.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

/// The threads that have a number, with the system's.
static ALL: Mutex<Option<HashMap<u64, u32>>> = Mutex::new(None);

thread_local! {
    static NUMBER: Cell<u64> = const { Cell::new(0) };
    static LISTED: Listed = Listed::here();
}

/// A number for the calling thread, from 1.
#[inline]
pub(crate) fn number() -> u64 {
    match NUMBER.get() {
        0 => new_number(),
        number => number,
    }
}

#[cold]
fn new_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    NUMBER.set(number);
    // Fails on a thread that ends: then the system's number is not known.
    let _ = LISTED.try_with(|_| ());
    number
}

/// An entry in the list, until the thread ends.
struct Listed(u64);

impl Listed {
    fn here() -> Self {
        let number = NUMBER.get();
        if let Some(id) = own_id() {
            ALL.lock().get_or_insert_default().insert(number, id);
        }
        Self(number)
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        if let Some(all) = ALL.lock().as_mut() {
            all.remove(&self.0);
        }
    }
}

/// The threads that have a number, with the system's.
pub(crate) fn all() -> HashMap<u64, u32> {
    ALL.lock().clone().unwrap_or_default()
}

/// The system's number of the calling thread; none where it is not asked.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[allow(unsafe_code)]
pub(crate) fn own_id() -> Option<u32> {
    // SAFETY: the call takes nothing and cannot fail.
    Some(unsafe { libc::gettid() }.cast_unsigned())
}

/// The system's number of the calling thread; none where it is not asked.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn own_id() -> Option<u32> {
    None
}

/// The threads that were there when the first task became known.
static FIRST: OnceLock<BTreeSet<u32>> = OnceLock::new();

/// A task becomes known.
pub(super) fn note_first_task() {
    // `get` first: it is one load.
    if FIRST.get().is_none() {
        FIRST.get_or_init(of_process);
    }
}

/// Whether the thread with this number of the system's was there when the first task became known.
pub(crate) fn is_of_the_first(id: u32) -> bool {
    FIRST.get().is_some_and(|first| first.contains(&id))
}

/// The threads of the process; empty where the system does not say.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn of_process() -> BTreeSet<u32> {
    let Ok(entries) = std::fs::read_dir("/proc/self/task") else {
        return BTreeSet::new();
    };
    // Those that lockwarden itself starts: they bring about nothing.
    let is_ours = |name: &str| ["lockwarden join", "lockwarden name"].contains(&name);
    let id = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.ok()?;
        let name = std::fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
        let id = entry.file_name().to_str()?.parse().ok()?;
        (!is_ours(name.trim_end())).then_some(id)
    };
    entries.filter_map(id).collect()
}

/// The threads of the process; empty where the system does not say.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn of_process() -> BTreeSet<u32> {
    BTreeSet::new()
}
