//! `keepcalm` with the feature `deadlock_detection`.
//!
//! Its containers are shared and locked in one, so that what is compared is an allocation dearer
//! to make.

use harness::Peer;
use harness::common::subject::Subject;
use keepcalm::{SharedMut, SharedReadLock, SharedWriteLock};

/// Its containers around a mutex and around a reader-writer lock.
struct Calm;

impl Subject for Calm {
    type Mutex = SharedMut<u64>;
    type Guard<'a> = SharedWriteLock<'a, u64>;
    type RwLock = SharedMut<u64>;
    type Read<'a> = SharedReadLock<'a, u64>;
    type Write<'a> = SharedWriteLock<'a, u64>;

    #[inline(always)]
    fn mutex() -> Self::Mutex {
        SharedMut::new_mutex(0)
    }

    #[inline(always)]
    fn lock(mutex: &Self::Mutex) -> Self::Guard<'_> {
        mutex.write()
    }

    #[inline(always)]
    fn rwlock() -> Self::RwLock {
        SharedMut::new(0)
    }

    #[inline(always)]
    fn read(rwlock: &Self::RwLock) -> Self::Read<'_> {
        rwlock.read()
    }

    #[inline(always)]
    fn write(rwlock: &Self::RwLock) -> Self::Write<'_> {
        rwlock.write()
    }
}

impl Peer for Calm {
    /// It is always on, and panics.
    fn start(_: fn(&str)) {}
}

fn main() {
    harness::main::<Calm>();
}
