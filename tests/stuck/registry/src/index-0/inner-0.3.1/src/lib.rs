//! A second crate of a registry.

use lockwarden::sync::Mutex;

/// Takes a lock for a moment.
pub(crate) fn touch(lock: &Mutex<u32>) {
    drop(lock.lock().unwrap());
}
