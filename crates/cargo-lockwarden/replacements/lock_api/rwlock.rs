//! Reader-writer locks.

use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::panic::Location;
use core::ptr;
#[cfg(feature = "arc_lock")]
use std::sync::Arc;

use lockwarden::instrument::{AcquireKind, Mode, Site};

use crate::kind;
use crate::record::{Held, Record};
use crate::{
    RawRwLock, RawRwLockDowngrade, RawRwLockFair, RawRwLockRecursive, RawRwLockRecursiveTimed,
    RawRwLockTimed, RawRwLockUpgrade, RawRwLockUpgradeDowngrade, RawRwLockUpgradeFair,
    RawRwLockUpgradeTimed,
};

/// A reader-writer lock around a value, over a raw lock.
pub struct RwLock<R, T: ?Sized> {
    base: Base<R>,
    data: UnsafeCell<T>,
}

/// The raw lock with its record.
pub(crate) struct Base<R> {
    record: Record,
    raw: R,
}

// SAFETY: as in the original: the raw lock lets one writer or many readers reach the data.
unsafe impl<R: RawRwLock + Send, T: ?Sized + Send> Send for RwLock<R, T> {}
// SAFETY: as above.
unsafe impl<R: RawRwLock + Sync, T: ?Sized + Send + Sync> Sync for RwLock<R, T> {}

impl<R> Base<R> {
    fn record(&self) -> &Record {
        &self.record
    }
}

impl<R: RawRwLock> Base<R> {
    unsafe fn unlock_shared(&self) {
        unsafe { self.raw.unlock_shared() }
    }

    unsafe fn unlock_exclusive(&self) {
        unsafe { self.raw.unlock_exclusive() }
    }
}

/// The acquisitions of one mode: at once, with a wait, and back for a guard.
macro_rules! modes {
    ($Raw:ident, $mode:expr, $acquire:ident, $lock:ident, $retake:ident,
     $try:ident, $wait:ident, $unlock:ident) => {
        impl<R: $Raw> Base<R> {
            #[inline]
            fn $acquire(
                &self,
                kind: AcquireKind,
                site: Site,
                wait: impl FnOnce(&R) -> bool,
            ) -> Option<Held> {
                let raw = &self.raw;
                self.record.acquire(
                    $mode,
                    kind,
                    site,
                    || raw.$try(),
                    || wait(raw),
                    // SAFETY: called after the lock was taken, when nothing else will release it.
                    || unsafe { raw.$unlock() },
                )
            }

            #[inline]
            fn $lock(&self, site: Site) -> Held {
                let wait = |raw: &R| {
                    raw.$wait();
                    true
                };
                match self.$acquire(AcquireKind::Blocking, site, wait) {
                    Some(held) => held,
                    None => unreachable!("the wait has no limit"),
                }
            }
        }

        impl<R: $Raw, T: ?Sized> RwLock<R, T> {
            fn $retake(&self, site: Site) -> Held {
                let raw = &self.base.raw;
                self.base
                    .record
                    .reacquire($mode, site, || raw.$try(), || raw.$wait())
            }

            unsafe fn $unlock(&self) {
                unsafe { self.base.raw.$unlock() }
            }
        }
    };
}

modes!(
    RawRwLock,
    Mode::Shared,
    acquire_shared,
    shared,
    retake_shared,
    try_lock_shared,
    lock_shared,
    unlock_shared
);
modes!(
    RawRwLock,
    Mode::Exclusive,
    acquire_exclusive,
    exclusive,
    retake_exclusive,
    try_lock_exclusive,
    lock_exclusive,
    unlock_exclusive
);
modes!(
    RawRwLockUpgrade,
    Mode::Upgradable,
    acquire_upgradable,
    upgradable,
    retake_upgradable,
    try_lock_upgradable,
    lock_upgradable,
    unlock_upgradable
);

impl<R: RawRwLockRecursive> Base<R> {
    /// Takes the lock as a reader who may be one already. If that is possible at once, a writer that
    /// waits is passed, so it makes no order; else a writer holds the lock.
    fn acquire_recursive(
        &self,
        kind: AcquireKind,
        site: Site,
        wait: impl FnOnce(&R) -> bool,
    ) -> Option<Held> {
        let raw = &self.raw;
        self.record.point_of_reader(kind, site);
        if raw.try_lock_shared_recursive() {
            // SAFETY: called after the lock was taken, when nothing else will release it.
            let undo = || unsafe { raw.unlock_shared() };
            return Some(self.record.acquired(Mode::Shared, AcquireKind::Try, site, undo));
        }
        self.record.acquire(
            Mode::Shared,
            kind,
            site,
            || raw.try_lock_shared_recursive(),
            || wait(raw),
            // SAFETY: as above.
            || unsafe { raw.unlock_shared() },
        )
    }
}

impl<R: RawRwLock, T> RwLock<R, T> {
    /// An unlocked lock.
    #[inline]
    #[track_caller]
    pub const fn new(val: T) -> RwLock<R, T> {
        RwLock {
            base: Base {
                record: Record::around::<T>(kind::rwlock::<R>()),
                raw: R::INIT,
            },
            data: UnsafeCell::new(val),
        }
    }

    /// The value.
    #[inline]
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<R, T> RwLock<R, T> {
    /// A lock over a raw one that is there.
    #[inline]
    #[track_caller]
    pub const fn from_raw(raw_rwlock: R, val: T) -> RwLock<R, T> {
        RwLock {
            base: Base {
                record: Record::around::<T>(kind::unknown_rwlock()),
                raw: raw_rwlock,
            },
            data: UnsafeCell::new(val),
        }
    }

    /// The same, under its older name.
    #[inline]
    #[track_caller]
    pub const fn const_new(raw_rwlock: R, val: T) -> RwLock<R, T> {
        Self::from_raw(raw_rwlock, val)
    }
}

/// The guards of a lock, by what they refer to it with.
macro_rules! makes {
    ($($guard:ident, $arc_guard:ident, $Guard:ident, $ArcGuard:ident, $Raw:ident;)+) => {
        $(
            impl<R: $Raw, T: ?Sized> RwLock<R, T> {
                fn $guard(&self, held: Held) -> $Guard<'_, R, T> {
                    $Guard { lock: self, held, marker: PhantomData }
                }

                #[cfg(feature = "arc_lock")]
                fn $arc_guard(self: &Arc<Self>, held: Held) -> $ArcGuard<R, T> {
                    $ArcGuard { lock: Arc::clone(self), held, marker: PhantomData }
                }
            }
        )+
    };
}

makes!(
    reader, arc_reader, RwLockReadGuard, ArcRwLockReadGuard, RawRwLock;
    writer, arc_writer, RwLockWriteGuard, ArcRwLockWriteGuard, RawRwLock;
    upgrader, arc_upgrader, RwLockUpgradableReadGuard, ArcRwLockUpgradableReadGuard, RawRwLockUpgrade;
);

/// A blocking acquisition, one that does not wait, and both with a guard that owns an `Arc`.
macro_rules! takes {
    ($Guard:ident, $ArcGuard:ident, $guard:ident, $arc_guard:ident, $lock:ident, $acquire:ident,
     $name:ident, $try:ident, $arc:ident, $try_arc:ident) => {
        /// Takes the lock, and waits for it.
        #[inline]
        #[track_caller]
        pub fn $name(&self) -> $Guard<'_, R, T> {
            self.$guard(self.base.$lock(Location::caller()))
        }

        /// Takes the lock if that is possible at once.
        #[inline]
        #[track_caller]
        pub fn $try(&self) -> Option<$Guard<'_, R, T>> {
            let held = self
                .base
                .$acquire(AcquireKind::Try, Location::caller(), |_| false)?;
            Some(self.$guard(held))
        }

        /// Takes the lock, and waits for it, with a guard that owns the `Arc`.
        #[cfg(feature = "arc_lock")]
        #[inline]
        #[track_caller]
        pub fn $arc(self: &Arc<Self>) -> $ArcGuard<R, T> {
            self.$arc_guard(self.base.$lock(Location::caller()))
        }

        /// Takes the lock if that is possible at once, with a guard that owns the `Arc`.
        #[cfg(feature = "arc_lock")]
        #[inline]
        #[track_caller]
        pub fn $try_arc(self: &Arc<Self>) -> Option<$ArcGuard<R, T>> {
            let held = self
                .base
                .$acquire(AcquireKind::Try, Location::caller(), |_| false)?;
            Some(self.$arc_guard(held))
        }
    };
}

/// Acquisitions with a limit, and the same with a guard that owns an `Arc`.
macro_rules! takes_timed {
    ($Guard:ident, $ArcGuard:ident, $guard:ident, $arc_guard:ident, $acquire:ident,
     $Time:ident, $name:ident, $arc:ident, $raw:ident) => {
        /// Takes the lock, and waits until the limit.
        #[inline]
        #[track_caller]
        pub fn $name(&self, timeout: R::$Time) -> Option<$Guard<'_, R, T>> {
            let wait = |raw: &R| raw.$raw(timeout);
            let held = self.base.$acquire(AcquireKind::Timed, Location::caller(), wait)?;
            Some(self.$guard(held))
        }

        /// Takes the lock, and waits until the limit, with a guard that owns the `Arc`.
        #[cfg(feature = "arc_lock")]
        #[inline]
        #[track_caller]
        pub fn $arc(self: &Arc<Self>, timeout: R::$Time) -> Option<$ArcGuard<R, T>> {
            let wait = |raw: &R| raw.$raw(timeout);
            let held = self.base.$acquire(AcquireKind::Timed, Location::caller(), wait)?;
            Some(self.$arc_guard(held))
        }
    };
}

impl<R: RawRwLock, T: ?Sized> RwLock<R, T> {
    fn record(&self) -> &Record {
        &self.base.record
    }

    fn mapped(&self) -> &Base<R> {
        &self.base
    }

    takes!(
        RwLockReadGuard,
        ArcRwLockReadGuard,
        reader,
        arc_reader,
        shared,
        acquire_shared,
        read,
        try_read,
        read_arc,
        try_read_arc
    );
    takes!(
        RwLockWriteGuard,
        ArcRwLockWriteGuard,
        writer,
        arc_writer,
        exclusive,
        acquire_exclusive,
        write,
        try_write,
        write_arc,
        try_write_arc
    );

    /// A guard of a lock that is held by a reader, and has none.
    #[inline]
    pub unsafe fn make_read_guard_unchecked(&self) -> RwLockReadGuard<'_, R, T> {
        self.reader(Held::Unlisted)
    }

    /// A guard of a lock that is held by a writer, and has none.
    #[inline]
    pub unsafe fn make_write_guard_unchecked(&self) -> RwLockWriteGuard<'_, R, T> {
        self.writer(Held::Unlisted)
    }

    /// A guard of a lock that is held by a reader, and has none, that owns the `Arc`.
    #[cfg(feature = "arc_lock")]
    #[inline]
    pub unsafe fn make_arc_read_guard_unchecked(self: &Arc<Self>) -> ArcRwLockReadGuard<R, T> {
        self.arc_reader(Held::Unlisted)
    }

    /// A guard of a lock that is held by a writer, and has none, that owns the `Arc`.
    #[cfg(feature = "arc_lock")]
    #[inline]
    pub unsafe fn make_arc_write_guard_unchecked(self: &Arc<Self>) -> ArcRwLockWriteGuard<R, T> {
        self.arc_writer(Held::Unlisted)
    }

    /// The value.
    #[inline]
    pub fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }

    /// Whether the lock is held.
    #[inline]
    pub fn is_locked(&self) -> bool {
        self.base.raw.is_locked()
    }

    /// Whether the lock is held by a writer.
    #[inline]
    pub fn is_locked_exclusive(&self) -> bool {
        self.base.raw.is_locked_exclusive()
    }

    /// Releases a reader's hold whose guard was forgotten.
    #[inline]
    pub unsafe fn force_unlock_read(&self) {
        self.record().released(Held::Unlisted);
        unsafe { self.unlock_shared() };
    }

    /// Releases a writer's hold whose guard was forgotten.
    #[inline]
    pub unsafe fn force_unlock_write(&self) {
        self.record().released(Held::Unlisted);
        unsafe { self.unlock_exclusive() };
    }

    /// The raw lock. From here on the lock is not watched.
    #[inline]
    pub unsafe fn raw(&self) -> &R {
        self.record().hand_out();
        &self.base.raw
    }

    /// Where the value is.
    #[inline]
    pub fn data_ptr(&self) -> *mut T {
        self.data.get()
    }
}

/// The fair release and the bump of one mode, on both halves of a lock.
macro_rules! fair {
    ($Raw:ident, $unlock:ident, $bump:ident) => {
        impl<R: $Raw, T: ?Sized> RwLock<R, T> {
            unsafe fn $unlock(&self) {
                unsafe { self.base.raw.$unlock() }
            }

            unsafe fn $bump(&self) {
                unsafe { self.base.raw.$bump() }
            }
        }
    };
}

fair!(RawRwLockFair, unlock_shared_fair, bump_shared);
fair!(RawRwLockFair, unlock_exclusive_fair, bump_exclusive);
fair!(
    RawRwLockUpgradeFair,
    unlock_upgradable_fair,
    bump_upgradable
);

impl<R: RawRwLockFair> Base<R> {
    unsafe fn unlock_shared_fair(&self) {
        unsafe { self.raw.unlock_shared_fair() }
    }

    unsafe fn unlock_exclusive_fair(&self) {
        unsafe { self.raw.unlock_exclusive_fair() }
    }
}

impl<R: RawRwLockFair, T: ?Sized> RwLock<R, T> {
    /// Hands on a reader's hold whose guard was forgotten.
    #[inline]
    pub unsafe fn force_unlock_read_fair(&self) {
        self.record().released(Held::Unlisted);
        unsafe { self.unlock_shared_fair() };
    }

    /// Hands on a writer's hold whose guard was forgotten.
    #[inline]
    pub unsafe fn force_unlock_write_fair(&self) {
        self.record().released(Held::Unlisted);
        unsafe { self.unlock_exclusive_fair() };
    }
}

impl<R: RawRwLockTimed, T: ?Sized> RwLock<R, T> {
    takes_timed!(
        RwLockReadGuard,
        ArcRwLockReadGuard,
        reader,
        arc_reader,
        acquire_shared,
        Duration,
        try_read_for,
        try_read_arc_for,
        try_lock_shared_for
    );
    takes_timed!(
        RwLockReadGuard,
        ArcRwLockReadGuard,
        reader,
        arc_reader,
        acquire_shared,
        Instant,
        try_read_until,
        try_read_arc_until,
        try_lock_shared_until
    );
    takes_timed!(
        RwLockWriteGuard,
        ArcRwLockWriteGuard,
        writer,
        arc_writer,
        acquire_exclusive,
        Duration,
        try_write_for,
        try_write_arc_for,
        try_lock_exclusive_for
    );
    takes_timed!(
        RwLockWriteGuard,
        ArcRwLockWriteGuard,
        writer,
        arc_writer,
        acquire_exclusive,
        Instant,
        try_write_until,
        try_write_arc_until,
        try_lock_exclusive_until
    );
}

impl<R: RawRwLockRecursive> Base<R> {
    fn recursive(&self, site: Site) -> Held {
        let wait = |raw: &R| {
            raw.lock_shared_recursive();
            true
        };
        match self.acquire_recursive(AcquireKind::Blocking, site, wait) {
            Some(held) => held,
            None => unreachable!("the wait has no limit"),
        }
    }
}

impl<R: RawRwLockRecursive, T: ?Sized> RwLock<R, T> {
    takes!(
        RwLockReadGuard,
        ArcRwLockReadGuard,
        reader,
        arc_reader,
        recursive,
        acquire_recursive,
        read_recursive,
        try_read_recursive,
        read_arc_recursive,
        try_read_recursive_arc
    );
}

impl<R: RawRwLockRecursiveTimed, T: ?Sized> RwLock<R, T> {
    takes_timed!(
        RwLockReadGuard,
        ArcRwLockReadGuard,
        reader,
        arc_reader,
        acquire_recursive,
        Duration,
        try_read_recursive_for,
        try_read_arc_recursive_for,
        try_lock_shared_recursive_for
    );
    takes_timed!(
        RwLockReadGuard,
        ArcRwLockReadGuard,
        reader,
        arc_reader,
        acquire_recursive,
        Instant,
        try_read_recursive_until,
        try_read_arc_recursive_until,
        try_lock_shared_recursive_until
    );
}

impl<R: RawRwLockUpgrade, T: ?Sized> RwLock<R, T> {
    takes!(
        RwLockUpgradableReadGuard,
        ArcRwLockUpgradableReadGuard,
        upgrader,
        arc_upgrader,
        upgradable,
        acquire_upgradable,
        upgradable_read,
        try_upgradable_read,
        upgradable_read_arc,
        try_upgradable_read_arc
    );

    /// A guard of a lock that is held upgradably, and has none.
    #[inline]
    pub unsafe fn make_upgradable_guard_unchecked(&self) -> RwLockUpgradableReadGuard<'_, R, T> {
        self.upgrader(Held::Unlisted)
    }

    /// A guard of a lock that is held upgradably, and has none, that owns the `Arc`.
    #[cfg(feature = "arc_lock")]
    #[inline]
    pub unsafe fn make_upgradable_arc_guard_unchecked(
        self: &Arc<Self>,
    ) -> ArcRwLockUpgradableReadGuard<R, T> {
        self.arc_upgrader(Held::Unlisted)
    }
}

impl<R: RawRwLockUpgradeTimed, T: ?Sized> RwLock<R, T> {
    takes_timed!(
        RwLockUpgradableReadGuard,
        ArcRwLockUpgradableReadGuard,
        upgrader,
        arc_upgrader,
        acquire_upgradable,
        Duration,
        try_upgradable_read_for,
        try_upgradable_read_arc_for,
        try_lock_upgradable_for
    );
    takes_timed!(
        RwLockUpgradableReadGuard,
        ArcRwLockUpgradableReadGuard,
        upgrader,
        arc_upgrader,
        acquire_upgradable,
        Instant,
        try_upgradable_read_until,
        try_upgradable_read_arc_until,
        try_lock_upgradable_until
    );
}

impl<R: RawRwLock, T: Default> Default for RwLock<R, T> {
    #[inline]
    #[track_caller]
    fn default() -> RwLock<R, T> {
        RwLock::new(Default::default())
    }
}

impl<R: RawRwLock, T> From<T> for RwLock<R, T> {
    #[inline]
    #[track_caller]
    fn from(t: T) -> RwLock<R, T> {
        RwLock::new(t)
    }
}

impl<R: RawRwLock, T: ?Sized + fmt::Debug> fmt::Debug for RwLock<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("RwLock");
        match self.try_read() {
            Some(guard) => text.field("data", &&*guard),
            None => text.field("data", &format_args!("<locked>")),
        };
        text.finish()
    }
}

#[cfg(feature = "serde")]
impl<R: RawRwLock, T: ?Sized + serde::Serialize> serde::Serialize for RwLock<R, T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.read().serialize(serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de, R: RawRwLock, T: serde::Deserialize<'de>> serde::Deserialize<'de> for RwLock<R, T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(RwLock::new)
    }
}

/// The types of guards, which are told apart by how they refer to the lock.
macro_rules! guard_types {
    ($Guard:ident, $ArcGuard:ident, $Raw:ident, $marker:ty) => {
        /// Holds a reader-writer lock.
        #[must_use = "if unused the RwLock will immediately unlock"]
        pub struct $Guard<'a, R: $Raw, T: ?Sized> {
            lock: &'a RwLock<R, T>,
            held: Held,
            marker: PhantomData<($marker, R::GuardMarker)>,
        }

        // SAFETY: as in the original: a shared guard gives shared references to the data.
        unsafe impl<'a, R: $Raw + Sync + 'a, T: ?Sized + Sync + 'a> Sync for $Guard<'a, R, T> {}

        impl<'a, R: $Raw + 'a, T: ?Sized + 'a> $Guard<'a, R, T> {
            /// The lock.
            pub fn rwlock(s: &Self) -> &'a RwLock<R, T> {
                s.lock
            }
        }

        #[cfg(feature = "owning_ref")]
        // SAFETY: the data stays where the lock is.
        unsafe impl<'a, R: $Raw + 'a, T: ?Sized + 'a> owning_ref::StableAddress
            for $Guard<'a, R, T>
        {
        }

        /// Holds a reader-writer lock, and owns an `Arc` of it.
        #[cfg(feature = "arc_lock")]
        #[must_use = "if unused the RwLock will immediately unlock"]
        pub struct $ArcGuard<R: $Raw, T: ?Sized> {
            lock: Arc<RwLock<R, T>>,
            held: Held,
            marker: PhantomData<R::GuardMarker>,
        }

        #[cfg(feature = "arc_lock")]
        impl<R: $Raw, T: ?Sized> $ArcGuard<R, T> {
            /// The lock.
            pub fn rwlock(s: &Self) -> &Arc<RwLock<R, T>> {
                &s.lock
            }
        }
    };
}

guard_types!(RwLockReadGuard, ArcRwLockReadGuard, RawRwLock, &'a T);
guard_types!(RwLockWriteGuard, ArcRwLockWriteGuard, RawRwLock, &'a mut T);
guard_types!(
    RwLockUpgradableReadGuard,
    ArcRwLockUpgradableReadGuard,
    RawRwLockUpgrade,
    &'a T
);

guard_parts!(
    ['a, R: RawRwLock + 'a, T: ?Sized + 'a] [RwLockReadGuard<'a, R, T>], T,
    retake: retake_shared, unlock: unlock_shared
);
guard_fair!(
    ['a, R: RawRwLockFair + 'a, T: ?Sized + 'a] [RwLockReadGuard<'a, R, T>],
    retake: retake_shared, unlock_fair: unlock_shared_fair, bump: bump_shared
);
guard_map!(
    ['a, R: RawRwLock + 'a, T: ?Sized + 'a] [RwLockReadGuard<'a, R, T>]
        => [MappedRwLockReadGuard<'a, R, U>] MappedRwLockReadGuard,
    T, from_ref
);
guard_parts!(
    ['a, R: RawRwLock + 'a, T: ?Sized + 'a] [RwLockWriteGuard<'a, R, T>], T,
    retake: retake_exclusive, unlock: unlock_exclusive
);
guard_mut!(
    ['a, R: RawRwLock + 'a, T: ?Sized + 'a] [RwLockWriteGuard<'a, R, T>], T, |s| s.lock.data_ptr()
);
guard_fair!(
    ['a, R: RawRwLockFair + 'a, T: ?Sized + 'a] [RwLockWriteGuard<'a, R, T>],
    retake: retake_exclusive, unlock_fair: unlock_exclusive_fair, bump: bump_exclusive
);
guard_map!(
    ['a, R: RawRwLock + 'a, T: ?Sized + 'a] [RwLockWriteGuard<'a, R, T>]
        => [MappedRwLockWriteGuard<'a, R, U>] MappedRwLockWriteGuard,
    T, from_mut, mut
);
guard_parts!(
    ['a, R: RawRwLockUpgrade + 'a, T: ?Sized + 'a] [RwLockUpgradableReadGuard<'a, R, T>], T,
    retake: retake_upgradable, unlock: unlock_upgradable
);
guard_fair!(
    ['a, R: RawRwLockUpgradeFair + 'a, T: ?Sized + 'a] [RwLockUpgradableReadGuard<'a, R, T>],
    retake: retake_upgradable, unlock_fair: unlock_upgradable_fair, bump: bump_upgradable
);

/// The same of the guards that own an `Arc`.
#[cfg(feature = "arc_lock")]
macro_rules! arc_guard {
    ($Guard:ident, $Raw:ident, $Fair:ident, $retake:ident, $unlock:ident, $unlock_fair:ident,
     $bump:ident) => {
        guard_parts!(
            [R: $Raw, T: ?Sized] [$Guard<R, T>], T,
            retake: $retake, unlock: $unlock
        );
        guard_fair!(
            [R: $Fair, T: ?Sized] [$Guard<R, T>],
            retake: $retake, unlock_fair: $unlock_fair, bump: $bump
        );
        guard_arc!([R: $Raw, T: ?Sized] [$Guard<R, T>], RwLock<R, T>, unlock: $unlock);
        guard_arc_fair!(
            [R: $Fair, T: ?Sized] [$Guard<R, T>], RwLock<R, T>, unlock_fair: $unlock_fair
        );
    };
}

#[cfg(feature = "arc_lock")]
arc_guard!(
    ArcRwLockReadGuard,
    RawRwLock,
    RawRwLockFair,
    retake_shared,
    unlock_shared,
    unlock_shared_fair,
    bump_shared
);
#[cfg(feature = "arc_lock")]
arc_guard!(
    ArcRwLockWriteGuard,
    RawRwLock,
    RawRwLockFair,
    retake_exclusive,
    unlock_exclusive,
    unlock_exclusive_fair,
    bump_exclusive
);
#[cfg(feature = "arc_lock")]
guard_mut!([R: RawRwLock, T: ?Sized] [ArcRwLockWriteGuard<R, T>], T, |s| s.lock.data_ptr());
#[cfg(feature = "arc_lock")]
arc_guard!(
    ArcRwLockUpgradableReadGuard,
    RawRwLockUpgrade,
    RawRwLockUpgradeFair,
    retake_upgradable,
    unlock_upgradable,
    unlock_upgradable_fair,
    bump_upgradable
);

/// A guard with another mode: the hold goes on, and the guard is not dropped.
macro_rules! changed {
    ($s:ident, $Guard:ident) => {{
        let s = ManuallyDrop::new($s);
        // SAFETY: the guard is not dropped, so both are taken once.
        let (lock, held) = unsafe { (ptr::read(&s.lock), ptr::read(&s.held)) };
        $Guard {
            lock,
            held,
            marker: PhantomData,
        }
    }};
}

/// The ways between the modes, which both sorts of guards have.
macro_rules! conversions {
    ([$($lifetime:tt)*] [$($bound:tt)*]
     $Read:ident, $Write:ident, $Upgradable:ident) => {
        impl<$($lifetime)* R: RawRwLockDowngrade $($bound)*, T: ?Sized $($bound)*> $Write<$($lifetime)* R, T> {
            /// Makes the writer a reader.
            pub fn downgrade(s: Self) -> $Read<$($lifetime)* R, T> {
                s.lock.record().converted(&s.held, Mode::Shared);
                // SAFETY: the guard holds the lock as the writer.
                unsafe { s.lock.base.raw.downgrade() };
                changed!(s, $Read)
            }
        }

        impl<$($lifetime)* R: RawRwLockUpgradeDowngrade $($bound)*, T: ?Sized $($bound)*> $Write<$($lifetime)* R, T> {
            /// Makes the writer a reader that can become the writer again.
            pub fn downgrade_to_upgradable(s: Self) -> $Upgradable<$($lifetime)* R, T> {
                s.lock.record().converted(&s.held, Mode::Upgradable);
                // SAFETY: the guard holds the lock as the writer.
                unsafe { s.lock.base.raw.downgrade_to_upgradable() };
                changed!(s, $Upgradable)
            }
        }

        impl<$($lifetime)* R: RawRwLockUpgrade $($bound)*, T: ?Sized $($bound)*> $Upgradable<$($lifetime)* R, T> {
            fn upgrade_with(
                &self,
                kind: AcquireKind,
                site: Site,
                wait: impl FnOnce(&R) -> bool,
            ) -> bool {
                let raw = &self.lock.base.raw;
                self.lock.record().upgrade(
                    &self.held,
                    kind,
                    site,
                    // SAFETY: the guard holds the lock upgradably.
                    || unsafe { raw.try_upgrade() },
                    || wait(raw),
                )
            }

            /// Becomes the writer, and waits for it.
            #[track_caller]
            pub fn upgrade(s: Self) -> $Write<$($lifetime)* R, T> {
                s.upgrade_with(AcquireKind::Blocking, Location::caller(), |raw| {
                    // SAFETY: the guard holds the lock upgradably.
                    unsafe { raw.upgrade() };
                    true
                });
                changed!(s, $Write)
            }

            /// Becomes the writer if there are no other readers.
            #[track_caller]
            pub fn try_upgrade(s: Self) -> Result<$Write<$($lifetime)* R, T>, Self> {
                if s.upgrade_with(AcquireKind::Try, Location::caller(), |_| false) {
                    Ok(changed!(s, $Write))
                } else {
                    Err(s)
                }
            }
        }

        impl<$($lifetime)* R: RawRwLockUpgradeDowngrade $($bound)*, T: ?Sized $($bound)*> $Upgradable<$($lifetime)* R, T> {
            /// Makes the guard one of a plain reader.
            pub fn downgrade(s: Self) -> $Read<$($lifetime)* R, T> {
                s.lock.record().converted(&s.held, Mode::Shared);
                // SAFETY: the guard holds the lock upgradably.
                unsafe { s.lock.base.raw.downgrade_upgradable() };
                changed!(s, $Read)
            }

            /// Runs `f` as the writer, after a wait for it.
            #[track_caller]
            pub fn with_upgraded<Ret, F: FnOnce(&mut T) -> Ret>(&mut self, f: F) -> Ret {
                self.upgrade_with(AcquireKind::Blocking, Location::caller(), |raw| {
                    // SAFETY: the guard holds the lock upgradably.
                    unsafe { raw.upgrade() };
                    true
                });
                self.as_writer(f)
            }

            /// Runs `f` as the writer if there are no other readers.
            #[track_caller]
            pub fn try_with_upgraded<Ret, F: FnOnce(&mut T) -> Ret>(&mut self, f: F) -> Option<Ret> {
                self.upgrade_with(AcquireKind::Try, Location::caller(), |_| false)
                    .then(|| self.as_writer(f))
            }

            /// Runs `f` as the writer, which the guard is now, and goes back.
            fn as_writer<Ret, F: FnOnce(&mut T) -> Ret>(&mut self, f: F) -> Ret {
                let lock = &*self.lock;
                let held = &self.held;
                let _back = crate::guard::Finally(|| {
                    lock.record().converted(held, Mode::Upgradable);
                    // SAFETY: the lock is held as the writer.
                    unsafe { lock.base.raw.downgrade_to_upgradable() };
                });
                // SAFETY: the lock is held as the writer.
                f(unsafe { &mut *lock.data_ptr() })
            }
        }

        impl<$($lifetime)* R: RawRwLockUpgradeTimed $($bound)*, T: ?Sized $($bound)*> $Upgradable<$($lifetime)* R, T> {
            /// Becomes the writer, and waits for so long.
            #[track_caller]
            pub fn try_upgrade_for(
                s: Self,
                timeout: R::Duration,
            ) -> Result<$Write<$($lifetime)* R, T>, Self> {
                // SAFETY: the guard holds the lock upgradably.
                let wait = |raw: &R| unsafe { raw.try_upgrade_for(timeout) };
                if s.upgrade_with(AcquireKind::Timed, Location::caller(), wait) {
                    Ok(changed!(s, $Write))
                } else {
                    Err(s)
                }
            }

            /// Becomes the writer, and waits until then.
            #[track_caller]
            pub fn try_upgrade_until(
                s: Self,
                timeout: R::Instant,
            ) -> Result<$Write<$($lifetime)* R, T>, Self> {
                // SAFETY: the guard holds the lock upgradably.
                let wait = |raw: &R| unsafe { raw.try_upgrade_until(timeout) };
                if s.upgrade_with(AcquireKind::Timed, Location::caller(), wait) {
                    Ok(changed!(s, $Write))
                } else {
                    Err(s)
                }
            }
        }

        impl<$($lifetime)* R: RawRwLockUpgradeTimed + RawRwLockUpgradeDowngrade $($bound)*, T: ?Sized $($bound)*>
            $Upgradable<$($lifetime)* R, T>
        {
            /// Runs `f` as the writer, after a wait of so long.
            #[track_caller]
            pub fn try_with_upgraded_for<Ret, F: FnOnce(&mut T) -> Ret>(
                &mut self,
                timeout: R::Duration,
                f: F,
            ) -> Option<Ret> {
                // SAFETY: the guard holds the lock upgradably.
                let wait = |raw: &R| unsafe { raw.try_upgrade_for(timeout) };
                self.upgrade_with(AcquireKind::Timed, Location::caller(), wait)
                    .then(|| self.as_writer(f))
            }

            /// Runs `f` as the writer, after a wait until then.
            #[track_caller]
            pub fn try_with_upgraded_until<Ret, F: FnOnce(&mut T) -> Ret>(
                &mut self,
                timeout: R::Instant,
                f: F,
            ) -> Option<Ret> {
                // SAFETY: the guard holds the lock upgradably.
                let wait = |raw: &R| unsafe { raw.try_upgrade_until(timeout) };
                self.upgrade_with(AcquireKind::Timed, Location::caller(), wait)
                    .then(|| self.as_writer(f))
            }
        }
    };
}

conversions!(['a,] [+ 'a] RwLockReadGuard, RwLockWriteGuard, RwLockUpgradableReadGuard);
#[cfg(feature = "arc_lock")]
conversions!([] [] ArcRwLockReadGuard, ArcRwLockWriteGuard, ArcRwLockUpgradableReadGuard);

/// Holds a reader-writer lock as a reader, and gives access to a part of its data.
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct MappedRwLockReadGuard<'a, R: RawRwLock, T: ?Sized> {
    lock: &'a Base<R>,
    data: *const T,
    held: Held,
    marker: PhantomData<(&'a T, R::GuardMarker)>,
}

// SAFETY: as in the original.
unsafe impl<'a, R: RawRwLock + 'a, T: ?Sized + Sync + 'a> Sync for MappedRwLockReadGuard<'a, R, T> {}
// SAFETY: as in the original.
unsafe impl<'a, R: RawRwLock + 'a, T: ?Sized + Sync + 'a> Send for MappedRwLockReadGuard<'a, R, T> where
    R::GuardMarker: Send
{
}

mapped_guard!(
    MappedRwLockReadGuard,
    ['a, R: RawRwLock + 'a, T: ?Sized + 'a] [MappedRwLockReadGuard<'a, R, T>]
        => [MappedRwLockReadGuard<'a, R, U>],
    T, unlock: unlock_shared, or_err: try_map_or_else, from_ref
);
mapped_guard_fair!(
    ['a, R: RawRwLockFair + 'a, T: ?Sized + 'a] [MappedRwLockReadGuard<'a, R, T>],
    unlock_fair: unlock_shared_fair
);

/// Holds a reader-writer lock as the writer, and gives access to a part of its data.
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct MappedRwLockWriteGuard<'a, R: RawRwLock, T: ?Sized> {
    lock: &'a Base<R>,
    data: *mut T,
    held: Held,
    marker: PhantomData<(&'a mut T, R::GuardMarker)>,
}

// SAFETY: as in the original.
unsafe impl<'a, R: RawRwLock + 'a, T: ?Sized + Sync + 'a> Sync
    for MappedRwLockWriteGuard<'a, R, T>
{
}
// SAFETY: as in the original.
unsafe impl<'a, R: RawRwLock + 'a, T: ?Sized + Send + 'a> Send for MappedRwLockWriteGuard<'a, R, T> where
    R::GuardMarker: Send
{
}

mapped_guard!(
    MappedRwLockWriteGuard,
    ['a, R: RawRwLock + 'a, T: ?Sized + 'a] [MappedRwLockWriteGuard<'a, R, T>]
        => [MappedRwLockWriteGuard<'a, R, U>],
    T, unlock: unlock_exclusive, or_err: try_map_or_err, from_mut, mut
);
guard_mut!(
    ['a, R: RawRwLock + 'a, T: ?Sized + 'a] [MappedRwLockWriteGuard<'a, R, T>], T, |s| s.data
);
mapped_guard_fair!(
    ['a, R: RawRwLockFair + 'a, T: ?Sized + 'a] [MappedRwLockWriteGuard<'a, R, T>],
    unlock_fair: unlock_exclusive_fair
);

#[cfg(feature = "owning_ref")]
// SAFETY: the data stays where the lock is.
unsafe impl<'a, R: RawRwLock + 'a, T: ?Sized + 'a> owning_ref::StableAddress
    for MappedRwLockReadGuard<'a, R, T>
{
}
#[cfg(feature = "owning_ref")]
// SAFETY: the data stays where the lock is.
unsafe impl<'a, R: RawRwLock + 'a, T: ?Sized + 'a> owning_ref::StableAddress
    for MappedRwLockWriteGuard<'a, R, T>
{
}
