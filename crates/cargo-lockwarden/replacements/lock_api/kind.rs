//! What the records of these locks are told to be.

use core::mem::size_of;

use lockwarden::instrument::LockKind;

use crate::{RawMutex, RawRwLock};

static MUTEX: LockKind = LockKind::MUTEX;
static SENDABLE_MUTEX: LockKind = LockKind::MUTEX.sendable();
static REENTRANT: LockKind = LockKind::REENTRANT_MUTEX;
static QUEUED: LockKind = LockKind::RW_LOCK;
static SENDABLE_QUEUED: LockKind = LockKind::RW_LOCK.sendable();
static PASSED: LockKind = LockKind::readers_pass("RwLock");
static SENDABLE_PASSED: LockKind = LockKind::readers_pass("RwLock").sendable();

/// Whether a marker is `GuardSend`: it has no size, and `GuardNoSend` has that of a pointer. A marker
/// of another crate that has no size counts as one too, which claims less.
const fn is_sendable<Marker>() -> bool {
    size_of::<Marker>() == 0
}

pub(crate) const fn mutex<R: RawMutex>() -> &'static LockKind {
    if is_sendable::<R::GuardMarker>() {
        &SENDABLE_MUTEX
    } else {
        &MUTEX
    }
}

/// Of a mutex whose raw lock is not known where it is made.
pub(crate) const fn unknown_mutex() -> &'static LockKind {
    &SENDABLE_MUTEX
}

/// A reentrant mutex never leaves its thread.
pub(crate) const fn reentrant() -> &'static LockKind {
    &REENTRANT
}

pub(crate) const fn rwlock<R: RawRwLock>() -> &'static LockKind {
    match (R::WRITER_BLOCKS_READERS, is_sendable::<R::GuardMarker>()) {
        (true, true) => &SENDABLE_QUEUED,
        (true, false) => &QUEUED,
        (false, true) => &SENDABLE_PASSED,
        (false, false) => &PASSED,
    }
}

/// Of a lock whose raw lock is not known where it is made.
pub(crate) const fn unknown_rwlock() -> &'static LockKind {
    &SENDABLE_PASSED
}
