//! The record that every lock contains.

use std::ptr;
use std::sync::atomic::Ordering;

use crate::engine::ids::Site;
use crate::engine::mode::Mode;
use crate::shim::{AtomicPtr, AtomicU64, Fast, spin_loop, yield_now};
use crate::tracking::lock::class;
use crate::tracking::lock::class::Class;
use crate::tracking::lock::first_edge::FirstContext;
use crate::tracking::lock::first_edges;
use crate::tracking::lock::ident::Ident;
use crate::tracking::lock::kind::LockKind;
use crate::tracking::lock::lock_id_pool::LockIdPool;
use crate::tracking::lock::origin::{Content, Origin};
use crate::tracking::thread::local::Local;
use crate::tracking::thread::lockset_hash;
use crate::tracking::thread::slot::Slot;

/// How often a waiter looks for the ident of a lock that another thread has just taken for the first time.
const SPINS: u32 = 1000;
/// How often it yields after that. In the models a spin lets other threads run, too.
const YIELDS: u32 = if cfg!(loom) { 0 } else { 50 };

/// What an acquisition reads and writes of its lock, beside the lock's own state.
///
/// All of it is on the cache line of the lock, which the holder has exclusively anyway.
#[derive(Debug)]
pub(crate) struct LockRecord {
    /// The tag of the lock's id; zero until the first acquisition.
    pub(crate) tag: AtomicU64,
    /// The key of the last checked acquisition that was found to be known. A hint: any thread may overwrite
    /// it, and a miss costs a look-up in the thread's own cache.
    pub(crate) known: AtomicU64,
    /// The last thread to hold the lock exclusively, or null. A hint for waiting threads: it counts only if
    /// that thread's slot lists the lock.
    pub(crate) owner: AtomicPtr<Slot>,
    pub(super) ident: AtomicPtr<Ident>,
    origin: Origin,
}

impl LockRecord {
    pub(crate) const fn new(
        kind: &'static LockKind,
        name: Option<&'static str>,
        place: Site,
    ) -> Self {
        Self::of(Origin::new(kind, name, place))
    }

    /// Returns the record of a lock without a name around a value of the type that `content` returns.
    pub(crate) const fn around(kind: &'static LockKind, content: Content, place: Site) -> Self {
        Self::of(Origin::around(kind, content, place))
    }

    const fn of(origin: Origin) -> Self {
        Self {
            tag: AtomicU64::new(0),
            known: AtomicU64::new(0),
            owner: AtomicPtr::new(ptr::null_mut()),
            ident: AtomicPtr::new(ptr::null_mut()),
            origin,
        }
    }

    /// Returns the ident, if the lock was ever acquired.
    #[inline(always)]
    #[allow(unsafe_code)]
    pub(crate) fn ident(&self) -> Option<&'static Ident> {
        // Acquire pairs with the Release in `identify_as_writer` and `identify`.
        let ident = self.ident.load(Ordering::Acquire);
        // SAFETY: idents come from `LockIdPool::take` as `'static` references. One is freed only by `retire`,
        // which takes the record exclusively.
        unsafe { ident.as_ref() }
    }

    /// Returns the address of the ident, for comparison.
    #[inline(always)]
    pub(crate) fn ident_address(&self) -> *const Ident {
        self.ident.get_relaxed()
    }

    pub(crate) fn kind(&self) -> &'static LockKind {
        self.origin.kind
    }

    /// Returns the name of its class, if it has one.
    pub(crate) fn name(&self) -> Option<&'static str> {
        self.origin.name()
    }

    /// Where it was made.
    pub(crate) fn place(&self) -> Site {
        self.origin.place
    }

    /// Returns the class of the lock, for which `pool` provides an ident.
    ///
    /// A lock that is constructed by `.map(Mutex::new)`, `Arc::default()` or the like has a line of a library
    /// as its location, as all such locks do; that is replaced by the line of its first acquisition.
    fn class(&self, pool: &LockIdPool) -> &'static Class {
        match pool.site() {
            Some(site) if self.name().is_none() && class::is_of_a_library(self.origin.place) => {
                class::of(&self.origin.at(site))
            }
            _ => class::of(&self.origin),
        }
    }

    /// Assigns the ident at the first acquisition, by a thread that holds the lock exclusively.
    ///
    /// A plain store in place of a compare-and-swap, which would double the cost of a lock that is used once.
    /// A thread that does not hold the lock may be in `identify` at the same moment; its ident is then lost,
    /// which `identify` allows for.
    #[inline]
    pub(crate) fn identify_as_writer(&self, pool: &mut LockIdPool) -> &'static Ident {
        if self.ident().is_none() {
            let ident = pool.take(self.class(pool));
            // Release pairs with the Acquire in `ident`: a thread that sees the address sees the content.
            self.ident
                .store(ptr::from_ref(ident).cast_mut(), Ordering::Release);
        }
        self.assign_ident()
    }

    /// Assigns an ident that the thread has in its pool, if the lock has no readers; returns the tag.
    #[inline(always)]
    pub(crate) fn identify_at_hand(&self, pool: &mut LockIdPool) -> Option<u64> {
        if self.origin.kind.readers_wait() {
            return None;
        }
        let (ident, number) = pool.take_alike(&self.origin)?;
        Some(self.take_as_writer(ident, number))
    }

    /// Assigns an ident to a lock that has none, by a thread that holds it exclusively; returns the tag.
    #[inline(always)]
    fn take_as_writer(&self, ident: &'static Ident, number: u64) -> u64 {
        // Both stores publish as in `identify_as_writer` and `identify`, with the same partners.
        self.ident.set_release(ptr::from_ref(ident).cast_mut());
        let tag = lockset_hash::of(number);
        self.tag.set_release(tag);
        tag
    }

    /// Assigns the ident at the first acquisition, together with the context `first`; returns the tag, or
    /// `None`, with nothing changed, if another reader has just assigned one.
    #[inline(always)]
    pub(in crate::tracking) fn identify_in(
        &self,
        pool: &mut LockIdPool,
        first: &FirstContext,
        known: u64,
        mode: Mode,
    ) -> Option<u64> {
        let (ident, number) = match first_edges::take_ready(&first.expected, pool) {
            Some(ready) => ready,
            None => {
                let (ident, number) = pool.take_last(first.class());
                // Before the ident is published, so no other thread works on its contexts.
                ident.contexts.share(first);
                (ident, number)
            }
        };
        let address = ptr::from_ref(ident).cast_mut();
        // Both stores publish as in `identify_as_writer` and `identify`, with the same partners.
        if mode == Mode::Exclusive {
            self.ident.store(address, Ordering::Release);
        } else if self
            .ident
            .compare_exchange(
                ptr::null_mut(),
                address,
                Ordering::Release,
                Ordering::Relaxed,
            )
            .is_err()
        {
            ident.contexts.clear(true);
            pool.give(ident, true);
            return None;
        }
        let tag = lockset_hash::of(number);
        // Relaxed: a hint.
        self.known.store(known, Ordering::Relaxed);
        self.tag.store(tag, Ordering::Release);
        Some(tag)
    }

    /// Assigns the ident like [`identify_as_writer`](Self::identify_as_writer), by a thread that shares the
    /// lock with other readers.
    pub(crate) fn identify_as_reader(&self, pool: &mut LockIdPool) -> &'static Ident {
        self.identify(pool);
        self.assign_ident()
    }

    /// Stores the tag. Only holders do, when the ident can no longer be replaced.
    fn assign_ident(&self) -> &'static Ident {
        let ident = self.ident().expect("the ident was stored just now");
        // Relaxed: other readers may be here, too, and they write the same value; a writer is alone.
        if self.tag.load(Ordering::Relaxed) == 0 {
            // Release pairs with the Acquire load on the fast path: a thread that sees the tag sees the
            // ident.
            self.tag.store(ident.tag(), Ordering::Release);
        }
        ident
    }

    /// Assigns an ident from a thread that does not hold the lock: a waiter, or one that needs its id.
    ///
    /// The result may be replaced once, by the very first exclusive holder, if that thread is in the middle
    /// of `identify_as_writer`. A caller that relies on it (`acquire`, which sorts by id) looks again once it
    /// holds the lock.
    pub(crate) fn identify(&self, pool: &mut LockIdPool) -> &'static Ident {
        if let Some(ident) = self.ident() {
            return ident;
        }
        let ident = pool.take(self.class(pool));
        match self.ident.compare_exchange(
            ptr::null_mut(),
            ptr::from_ref(ident).cast_mut(),
            Ordering::AcqRel,
            Ordering::Acquire,
        ) {
            Ok(_) => ident,
            Err(_) => {
                pool.give(ident, true);
                self.ident()
                    .expect("a record keeps its ident until it is dropped")
            }
        }
    }

    /// Returns the ident of a lock that another thread holds: that thread stores it right after its first
    /// acquisition, so a short wait finds it. If the holder is untracked, this assigns one.
    ///
    /// The system may have stopped the holder between the two, and would then let this thread assign an ident that
    /// is replaced: a wait for it would be one for a lock that no thread holds. So this thread yields before.
    pub(crate) fn identify_as_waiter(&self, pool: &mut LockIdPool) -> &'static Ident {
        for tries in 0..SPINS + YIELDS {
            if let Some(ident) = self.ident() {
                return ident;
            }
            if tries < SPINS {
                spin_loop();
            } else {
                yield_now();
            }
        }
        self.identify(pool)
    }

    /// Takes the ident away when the lock is dropped.
    #[inline]
    pub(crate) fn retire(&mut self) -> Option<&'static Ident> {
        let ident = self.ident()?;
        // Relaxed: no other thread has the record.
        self.ident.store(ptr::null_mut(), Ordering::Relaxed);
        Some(ident)
    }
}

impl Local {
    /// Assigns a lock its ident, at its first acquisition, if the context of this acquisition is cached for
    /// the lock's class; returns the tag. `known` is what the lock would cache.
    #[inline(always)]
    pub(crate) fn identify_like_before(
        &mut self,
        record: &LockRecord,
        known: u64,
        mode: Mode,
        site: Site,
    ) -> Option<u64> {
        // While a call of the detector runs, nothing is recorded.
        if self.busy > 0 {
            return None;
        }
        let first = self.first.find(&record.origin, known, site)?;
        record.identify_in(&mut self.pool, first, known, mode)
    }

    /// Assigns a lock its ident like [`identify_like_before`](Self::identify_like_before), if the context is
    /// that of the last lock that got one in this way, and the acquisition is exclusive. Calls nothing.
    #[inline(always)]
    pub(crate) fn identify_as_expected(
        &mut self,
        record: &LockRecord,
        known: u64,
        site: Site,
    ) -> Option<u64> {
        let pool = &mut self.pool;
        let (ident, number) = self
            .first
            .take_expected(&record.origin, known, site, pool)?;
        // Relaxed: a hint.
        record.known.set_relaxed(known);
        Some(record.take_as_writer(ident, number))
    }
}
