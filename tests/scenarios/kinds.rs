//! Every kind of lock, in every mode, behind one face.

use lockwarden::parking_lot as pl;
use lockwarden::sync;

/// How a lock is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Exclusive,
    Shared,
    Upgradable,
}

/// A lock of any kind.
pub(crate) enum Any {
    SyncMutex(sync::Mutex<()>),
    SyncRwLock(sync::RwLock<()>),
    Mutex(pl::Mutex<()>),
    FairMutex(pl::FairMutex<()>),
    RwLock(pl::RwLock<()>),
    ReentrantMutex(pl::ReentrantMutex<()>),
    RecursiveRwLock(pl::RecursiveRwLock<()>),
}

/// A guard of any kind: dropped, it releases.
pub(crate) enum Held<'a> {
    SyncMutex(#[expect(dead_code)] sync::MutexGuard<'a, ()>),
    SyncRead(#[expect(dead_code)] sync::RwLockReadGuard<'a, ()>),
    SyncWrite(#[expect(dead_code)] sync::RwLockWriteGuard<'a, ()>),
    Mutex(#[expect(dead_code)] pl::MutexGuard<'a, ()>),
    FairMutex(#[expect(dead_code)] pl::FairMutexGuard<'a, ()>),
    Read(#[expect(dead_code)] pl::RwLockReadGuard<'a, ()>),
    Upgradable(#[expect(dead_code)] pl::RwLockUpgradableReadGuard<'a, ()>),
    Write(#[expect(dead_code)] pl::RwLockWriteGuard<'a, ()>),
    ReentrantMutex(#[expect(dead_code)] pl::ReentrantMutexGuard<'a, ()>),
    RecursiveRead(#[expect(dead_code)] pl::RecursiveRwLockReadGuard<'a, ()>),
    RecursiveUpgradable(#[expect(dead_code)] pl::RecursiveRwLockUpgradableReadGuard<'a, ()>),
    RecursiveWrite(#[expect(dead_code)] pl::RecursiveRwLockWriteGuard<'a, ()>),
}

/// The sorts of locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    SyncMutex,
    SyncRwLock,
    Mutex,
    FairMutex,
    RwLock,
    ReentrantMutex,
    RecursiveRwLock,
}

/// What can come of taking one lock twice in one thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conduct {
    /// The second waits for the first.
    Conflicts,
    /// Shared, but a queued writer keeps later readers waiting.
    WriterBlocksReaders,
    /// Shared, and readers pass writers.
    ReadersPass,
    /// The holder may take it again.
    Reentrant,
}

impl Sort {
    /// Every sort of lock in each of its modes.
    pub(crate) const ALL: [(Sort, How); 12] = [
        (Sort::SyncMutex, How::Exclusive),
        (Sort::SyncRwLock, How::Shared),
        (Sort::SyncRwLock, How::Exclusive),
        (Sort::Mutex, How::Exclusive),
        (Sort::FairMutex, How::Exclusive),
        (Sort::RwLock, How::Shared),
        (Sort::RwLock, How::Upgradable),
        (Sort::RwLock, How::Exclusive),
        (Sort::ReentrantMutex, How::Exclusive),
        (Sort::RecursiveRwLock, How::Shared),
        (Sort::RecursiveRwLock, How::Upgradable),
        (Sort::RecursiveRwLock, How::Exclusive),
    ];

    /// The two whose queued writers block readers.
    pub(crate) const RW_LOCKS: [Sort; 2] = [Sort::SyncRwLock, Sort::RwLock];

    /// Every sort with readers.
    pub(crate) const READABLE: [Sort; 3] = [Sort::SyncRwLock, Sort::RwLock, Sort::RecursiveRwLock];

    pub(crate) fn make(self, name: &'static str) -> Any {
        match self {
            Sort::SyncMutex => Any::SyncMutex(sync::Mutex::named(name, ())),
            Sort::SyncRwLock => Any::SyncRwLock(sync::RwLock::named(name, ())),
            Sort::Mutex => Any::Mutex(pl::Mutex::named(name, ())),
            Sort::FairMutex => Any::FairMutex(pl::FairMutex::named(name, ())),
            Sort::RwLock => Any::RwLock(pl::RwLock::named(name, ())),
            Sort::ReentrantMutex => Any::ReentrantMutex(pl::ReentrantMutex::named(name, ())),
            Sort::RecursiveRwLock => Any::RecursiveRwLock(pl::RecursiveRwLock::named(name, ())),
        }
    }

    pub(crate) fn conduct(self, how: How) -> Conduct {
        match (self, how) {
            (Sort::ReentrantMutex, _) => Conduct::Reentrant,
            (Sort::RecursiveRwLock, How::Shared) => Conduct::ReadersPass,
            (_, How::Shared) => Conduct::WriterBlocksReaders,
            _ => Conduct::Conflicts,
        }
    }
}

/// The guard, whether or not a panic has poisoned the lock.
fn passed<G>(outcome: sync::LockResult<G>) -> G {
    outcome.unwrap_or_else(sync::PoisonError::into_inner)
}

impl Any {
    /// Takes the lock, waiting for it.
    #[track_caller]
    pub(crate) fn take(&self, how: How) -> Held<'_> {
        use How::{Exclusive, Shared, Upgradable};
        match (self, how) {
            (Any::SyncMutex(lock), Exclusive) => Held::SyncMutex(passed(lock.lock())),
            (Any::SyncRwLock(lock), Shared) => Held::SyncRead(passed(lock.read())),
            (Any::SyncRwLock(lock), Exclusive) => Held::SyncWrite(passed(lock.write())),
            (Any::Mutex(lock), Exclusive) => Held::Mutex(lock.lock()),
            (Any::FairMutex(lock), Exclusive) => Held::FairMutex(lock.lock()),
            (Any::RwLock(lock), Shared) => Held::Read(lock.read()),
            (Any::RwLock(lock), Upgradable) => Held::Upgradable(lock.upgradable_read()),
            (Any::RwLock(lock), Exclusive) => Held::Write(lock.write()),
            (Any::ReentrantMutex(lock), Exclusive) => Held::ReentrantMutex(lock.lock()),
            (Any::RecursiveRwLock(lock), Shared) => Held::RecursiveRead(lock.read()),
            (Any::RecursiveRwLock(lock), Upgradable) => {
                Held::RecursiveUpgradable(lock.upgradable_read())
            }
            (Any::RecursiveRwLock(lock), Exclusive) => Held::RecursiveWrite(lock.write()),
            _ => unreachable!("this kind of lock has no such mode"),
        }
    }
}
