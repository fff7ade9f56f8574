//! A number for each thread that polls tasks, and the operating system's own.

use std::cell::Cell;
use std::collections::HashMap;
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
