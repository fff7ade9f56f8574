//! A number for each thread that polls tasks, and the threads of the process, as the operating system numbers them.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::leaf;
use crate::examine;

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

/// The threads that are in a `block_on`, by the system's numbers, with the beginning of the outermost one on the clock
/// of `leaf::next`.
static DRIVING: Mutex<BTreeMap<u32, u64>> = Mutex::new(BTreeMap::new());

/// The calling thread is in a `block_on` until the result is dropped.
pub(crate) fn drive() -> Driving {
    let id = own_id().filter(|id| {
        let mut driving = DRIVING.lock();
        let is_outermost = !driving.contains_key(id);
        if is_outermost {
            driving.insert(*id, leaf::next());
        }
        is_outermost
    });
    if let Some(id) = id {
        examine::drives(id);
    }
    Driving(id)
}

/// The outermost `block_on` of a thread.
pub(crate) struct Driving(Option<u32>);

impl Drop for Driving {
    fn drop(&mut self) {
        if let Some(id) = self.0 {
            DRIVING.lock().remove(&id);
            examine::has_driven(id);
        }
    }
}

/// When the thread with this number of the system's has begun its `block_on`, if it is in one.
pub(crate) fn drives_since(id: u32) -> Option<u64> {
    DRIVING.lock().get(&id).copied()
}

/// The threads of the process; empty where the system does not say.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn of_process() -> BTreeSet<u32> {
    let Ok(entries) = std::fs::read_dir("/proc/self/task") else {
        return BTreeSet::new();
    };
    // Those that lockwarden itself starts and does not observe: they bring about nothing.
    let is_ours = |name: &str| name.starts_with("lockwarden ");
    let id = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.ok()?;
        let name = std::fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
        let id = entry.file_name().to_str()?.parse().ok()?;
        (!is_ours(&name)).then_some(id)
    };
    entries.filter_map(id).collect()
}

/// The threads of the process; empty where the system does not say.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn of_process() -> BTreeSet<u32> {
    BTreeSet::new()
}
