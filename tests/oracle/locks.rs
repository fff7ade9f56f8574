//! The watched locks of a program, and the guards of a thread.

use lockwarden::{parking_lot, sync};

use super::program::{Mode, Sort};

/// A watched lock.
pub(crate) enum Lock {
    Mutex(sync::Mutex<()>),
    RwLock(parking_lot::RwLock<()>),
    Reentrant(parking_lot::ReentrantMutex<()>),
    Recursive(parking_lot::RecursiveRwLock<()>),
    Once(Once),
}

/// A value that is initialised once, of each of the types whose initialiser may panic and is run again.
pub(crate) enum Once {
    Cell(sync::OnceLock<()>),
    Std(sync::Once),
    ParkingLot(parking_lot::Once),
}

impl Once {
    /// One of the types, by the number of the value in its program.
    fn new(name: &'static str, number: usize) -> Self {
        match number % 3 {
            0 => Once::Cell(sync::OnceLock::named(name)),
            1 => Once::Std(sync::Once::named(name)),
            _ => Once::ParkingLot(parking_lot::Once::named(name)),
        }
    }

    /// Returns when the value is ready, after it has run the initialiser unless that was run.
    pub(crate) fn get(&self, initialise: impl FnOnce()) {
        match self {
            Once::Cell(cell) => {
                cell.get_or_init(initialise);
            }
            Once::Std(once) => once.call_once_force(|_| initialise()),
            Once::ParkingLot(once) => once.call_once_force(|_| initialise()),
        }
    }
}

/// A hold of one.
#[allow(dead_code, reason = "of most, what counts is when a guard is dropped")]
pub(crate) enum Guard<'a> {
    Mutex(sync::MutexGuard<'a, ()>),
    Read(parking_lot::RwLockReadGuard<'a, ()>),
    Upgradable(parking_lot::RwLockUpgradableReadGuard<'a, ()>),
    Write(parking_lot::RwLockWriteGuard<'a, ()>),
    Reentrant(parking_lot::ReentrantMutexGuard<'a, ()>),
    RecursiveRead(parking_lot::RecursiveRwLockReadGuard<'a, ()>),
    RecursiveWrite(parking_lot::RecursiveRwLockWriteGuard<'a, ()>),
}

impl Guard<'_> {
    /// Makes an upgradable hold the exclusive one.
    pub(crate) fn upgrade(self) -> Self {
        match self {
            Guard::Upgradable(guard) => {
                Guard::Write(parking_lot::RwLockUpgradableReadGuard::upgrade(guard))
            }
            other => other,
        }
    }

    /// Lets go of a mutex at a condition variable, where no thread notifies, and takes it back.
    pub(crate) fn wait(self) -> Self {
        match self {
            Guard::Mutex(guard) => {
                let waited = sync::Condvar::new().wait_timeout(guard, std::time::Duration::ZERO);
                Guard::Mutex(waited.unwrap_or_else(|e| e.into_inner()).0)
            }
            other => other,
        }
    }
}

/// Which places of the source a program uses. A recursive read is reported once per place where the
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

type Make = fn(&'static str) -> parking_lot::RwLock<()>;
type Read = for<'a> fn(&'a parking_lot::RwLock<()>, Mode, bool) -> Option<Guard<'a>>;

#[track_caller]
fn make(name: &'static str) -> parking_lot::RwLock<()> {
    parking_lot::RwLock::named(name, ())
}

#[track_caller]
fn read(lock: &parking_lot::RwLock<()>, mode: Mode, tries: bool) -> Option<Guard<'_>> {
    match (mode, tries) {
        (Mode::Shared, false) => Some(Guard::Read(lock.read())),
        (Mode::Upgradable, false) => Some(Guard::Upgradable(lock.upgradable_read())),
        (Mode::Exclusive, false) => Some(Guard::Write(lock.write())),
        (Mode::Shared, true) => lock.try_read().map(Guard::Read),
        (Mode::Upgradable, true) => lock.try_upgradable_read().map(Guard::Upgradable),
        (Mode::Exclusive, true) => lock.try_write().map(Guard::Write),
    }
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
    |l, m, t| read(l, m, t), |l, m, t| read(l, m, t), |l, m, t| read(l, m, t), |l, m, t| read(l, m, t), |l, m, t| read(l, m, t), |l, m, t| read(l, m, t), |l, m, t| read(l, m, t), |l, m, t| read(l, m, t),
    |l, m, t| read(l, m, t), |l, m, t| read(l, m, t), |l, m, t| read(l, m, t), |l, m, t| read(l, m, t), |l, m, t| read(l, m, t), |l, m, t| read(l, m, t), |l, m, t| read(l, m, t), |l, m, t| read(l, m, t),
    |l, m, t| read(l, m, t), |l, m, t| read(l, m, t), |l, m, t| read(l, m, t), |l, m, t| read(l, m, t), |l, m, t| read(l, m, t), |l, m, t| read(l, m, t), |l, m, t| read(l, m, t), |l, m, t| read(l, m, t),
    |l, m, t| read(l, m, t), |l, m, t| read(l, m, t), |l, m, t| read(l, m, t), |l, m, t| read(l, m, t), |l, m, t| read(l, m, t), |l, m, t| read(l, m, t), |l, m, t| read(l, m, t), |l, m, t| read(l, m, t),
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
            Sort::Reentrant => Lock::Reentrant(parking_lot::ReentrantMutex::named(name, ())),
            Sort::Recursive => Lock::Recursive(parking_lot::RecursiveRwLock::named(name, ())),
            Sort::Once => Lock::Once(Once::new(name, number)),
        }
    }

    /// The value that is initialised once, if it is one.
    pub(crate) fn once(&self) -> Option<&Once> {
        match self {
            Lock::Once(once) => Some(once),
            _ => None,
        }
    }

    /// Takes the lock. `again` says that the thread reads it already.
    pub(crate) fn acquire(&self, mode: Mode, again: bool, places: Places) -> Guard<'_> {
        match self {
            Lock::Mutex(lock) => Guard::Mutex(lock.lock().unwrap_or_else(|e| e.into_inner())),
            Lock::RwLock(lock) => {
                let place = if again { places.second } else { places.first };
                READ[place](lock, mode, false).expect("it waits")
            }
            Lock::Reentrant(lock) => Guard::Reentrant(lock.lock()),
            Lock::Recursive(lock) if mode == Mode::Shared => Guard::RecursiveRead(lock.read()),
            Lock::Recursive(lock) => Guard::RecursiveWrite(lock.write()),
            Lock::Once(_) => unreachable!("no guard holds a value"),
        }
    }

    /// Tries to take the lock.
    pub(crate) fn try_acquire(&self, mode: Mode, again: bool, places: Places) -> Option<Guard<'_>> {
        match self {
            Lock::Mutex(lock) => match lock.try_lock() {
                Ok(guard) => Some(Guard::Mutex(guard)),
                Err(sync::TryLockError::Poisoned(error)) => Some(Guard::Mutex(error.into_inner())),
                Err(sync::TryLockError::WouldBlock) => None,
            },
            Lock::RwLock(lock) => {
                let place = if again { places.second } else { places.first };
                READ[place](lock, mode, true)
            }
            Lock::Reentrant(lock) => lock.try_lock().map(Guard::Reentrant),
            Lock::Recursive(lock) if mode == Mode::Shared => {
                lock.try_read().map(Guard::RecursiveRead)
            }
            Lock::Recursive(lock) => lock.try_write().map(Guard::RecursiveWrite),
            Lock::Once(_) => unreachable!("no guard holds a value"),
        }
    }
}
