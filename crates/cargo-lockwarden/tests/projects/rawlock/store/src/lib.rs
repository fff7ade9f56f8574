//! A store with a raw lock of its own behind `lock_api`.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Readers by ones, a writer by the largest number.
pub struct Spin(AtomicUsize);

const WRITER: usize = usize::MAX;

// SAFETY: the counter lets one writer or many readers in.
unsafe impl lock_api::RawRwLock for Spin {
    const INIT: Self = Spin(AtomicUsize::new(0));
    type GuardMarker = lock_api::GuardNoSend;

    fn lock_shared(&self) {
        while !self.try_lock_shared() {
            std::thread::yield_now();
        }
    }

    fn try_lock_shared(&self) -> bool {
        let add = |readers| (readers != WRITER).then(|| readers + 1);
        self.0.fetch_update(Ordering::Acquire, Ordering::Relaxed, add).is_ok()
    }

    unsafe fn unlock_shared(&self) {
        self.0.fetch_sub(1, Ordering::Release);
    }

    fn lock_exclusive(&self) {
        while !self.try_lock_exclusive() {
            std::thread::yield_now();
        }
    }

    fn try_lock_exclusive(&self) -> bool {
        let none = self.0.compare_exchange(0, WRITER, Ordering::Acquire, Ordering::Relaxed);
        none.is_ok()
    }

    unsafe fn unlock_exclusive(&self) {
        self.0.store(0, Ordering::Release);
    }
}

// SAFETY: the writer becomes the only reader.
unsafe impl lock_api::RawRwLockDowngrade for Spin {
    unsafe fn downgrade(&self) {
        self.0.store(1, Ordering::Release);
    }
}

/// A lock as crates over `lock_api` have them.
pub type RwLock<T> = lock_api::RwLock<Spin, T>;
/// Its reader.
pub type ReadGuard<'a, T> = lock_api::RwLockReadGuard<'a, Spin, T>;

/// Names under a lock.
pub struct Store {
    /// The names.
    pub names: RwLock<Vec<String>>,
}

impl Store {
    /// No names.
    pub fn new() -> Self {
        Self { names: RwLock::new(Vec::new()) }
    }

    /// One more.
    pub fn put(&self, name: &str) {
        self.names.write().push(name.to_owned());
    }

    /// A guard of all.
    pub fn all(&self) -> ReadGuard<'_, Vec<String>> {
        self.names.read()
    }
}
