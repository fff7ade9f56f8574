//! The watched locks of a program, and the guards of a thread.

use lockwarden::{parking_lot, sync};

use super::program::Sort;

/// A watched lock.
pub(crate) enum Lock {
    Mutex(sync::Mutex<()>),
    RwLock(sync::RwLock<()>),
    Recursive(parking_lot::RecursiveRwLock<()>),
}

/// A hold of one.
#[expect(dead_code, reason = "what counts is when a guard is dropped")]
pub(crate) enum Guard<'a> {
    Mutex(sync::MutexGuard<'a, ()>),
    Read(sync::RwLockReadGuard<'a, ()>),
    Write(sync::RwLockWriteGuard<'a, ()>),
    RecursiveRead(parking_lot::RecursiveRwLockReadGuard<'a, ()>),
    RecursiveWrite(parking_lot::RecursiveRwLockWriteGuard<'a, ()>),
}

/// Which places of the source a program uses. A recursive read is told once per place where the
/// lock was made and places of both acquisitions, so that programs must not share them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    made: usize,
    first: usize,
    second: usize,
}

impl Places {
    /// How many there are.
    pub(crate) const ALL: usize = MADE.len() / super::program::LOCKS * READ.len() * READ.len();

    pub(crate) fn nth(nth: usize) -> Self {
        let sites = READ.len();
        Self {
            made: nth / (sites * sites) % (MADE.len() / super::program::LOCKS),
            first: nth / sites % sites,
            second: nth % sites,
        }
    }
}

type Make = fn(&'static str) -> sync::RwLock<()>;
type Read = for<'a> fn(&'a sync::RwLock<()>) -> sync::RwLockReadGuard<'a, ()>;

#[track_caller]
fn make(name: &'static str) -> sync::RwLock<()> {
    sync::RwLock::named(name, ())
}

#[track_caller]
fn read(lock: &sync::RwLock<()>) -> sync::RwLockReadGuard<'_, ()> {
    lock.read()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Twenty places where locks are made; five for each group of programs.
#[rustfmt::skip]
const MADE: [Make; 20] = [
    |n| make(n), |n| make(n), |n| make(n), |n| make(n), |n| make(n),
    |n| make(n), |n| make(n), |n| make(n), |n| make(n), |n| make(n),
    |n| make(n), |n| make(n), |n| make(n), |n| make(n), |n| make(n),
    |n| make(n), |n| make(n), |n| make(n), |n| make(n), |n| make(n),
];

/// Thirty-two places where locks are read.
#[rustfmt::skip]
const READ: [Read; 32] = [
    |l| read(l), |l| read(l), |l| read(l), |l| read(l), |l| read(l), |l| read(l), |l| read(l), |l| read(l),
    |l| read(l), |l| read(l), |l| read(l), |l| read(l), |l| read(l), |l| read(l), |l| read(l), |l| read(l),
    |l| read(l), |l| read(l), |l| read(l), |l| read(l), |l| read(l), |l| read(l), |l| read(l), |l| read(l),
    |l| read(l), |l| read(l), |l| read(l), |l| read(l), |l| read(l), |l| read(l), |l| read(l), |l| read(l),
];

impl Lock {
    /// The lock number `number` of a program.
    pub(crate) fn new(sort: Sort, name: &'static str, number: usize, places: Places) -> Self {
        match sort {
            Sort::Mutex => Lock::Mutex(sync::Mutex::named(name, ())),
            Sort::RwLock => {
                let group = places.made * super::program::LOCKS;
                Lock::RwLock(MADE[group + number](name))
            }
            Sort::Recursive => Lock::Recursive(parking_lot::RecursiveRwLock::named(name, ())),
        }
    }

    /// Takes the lock. `again` says that the thread reads it already.
    pub(crate) fn acquire(&self, shared: bool, again: bool, places: Places) -> Guard<'_> {
        match self {
            Lock::Mutex(lock) => Guard::Mutex(lock.lock().unwrap_or_else(|e| e.into_inner())),
            Lock::RwLock(lock) if shared => {
                let place = if again { places.second } else { places.first };
                Guard::Read(READ[place](lock))
            }
            Lock::RwLock(lock) => Guard::Write(lock.write().unwrap_or_else(|e| e.into_inner())),
            Lock::Recursive(lock) if shared => Guard::RecursiveRead(lock.read()),
            Lock::Recursive(lock) => Guard::RecursiveWrite(lock.write()),
        }
    }

    /// Tries to take the lock.
    pub(crate) fn try_acquire(&self, shared: bool) -> Option<Guard<'_>> {
        match self {
            Lock::Mutex(lock) => lock.try_lock().ok().map(Guard::Mutex),
            Lock::RwLock(lock) if shared => lock.try_read().ok().map(Guard::Read),
            Lock::RwLock(lock) => lock.try_write().ok().map(Guard::Write),
            Lock::Recursive(lock) if shared => lock.try_read().map(Guard::RecursiveRead),
            Lock::Recursive(lock) => lock.try_write().map(Guard::RecursiveWrite),
        }
    }
}
