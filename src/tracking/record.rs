//! The record that stands in every lock.

use std::ptr;
use std::sync::atomic::Ordering;

use super::class::{self, Class};
use super::ident::Ident;
use super::kind::LockKind;
use super::pool::Pool;
use super::slot::Slot;
use super::tag;
use crate::engine::ids::Site;
use crate::engine::mode::ReadPolicy;
use crate::primitives::{AtomicPtr, AtomicU64, spin_loop};

/// What an acquisition reads and writes of its lock, beside the lock's own state.
///
/// All of it lies on the cache line of the lock, which its holder has to itself anyway.
#[derive(Debug)]
pub(crate) struct Record {
    /// The tag of the lock's id; zero until the first acquisition.
    pub(crate) tag: AtomicU64,
    /// The key under which the last acquisition that is of interest was found to be known. A hint:
    /// any thread may overwrite it, and a miss costs a look into the thread's own cache.
    pub(crate) known: AtomicU64,
    /// The thread that was last to hold the lock exclusively, or null. A hint for whoever waits: it
    /// counts only if that thread's slot lists the lock.
    pub(crate) owner: AtomicPtr<Slot>,
    ident: AtomicPtr<Ident>,
    kind: &'static LockKind,
    /// Empty if there is none.
    name: &'static str,
    place: Site,
}

impl Record {
    pub(crate) const fn new(
        kind: &'static LockKind,
        name: Option<&'static str>,
        place: Site,
    ) -> Self {
        Self {
            tag: AtomicU64::new(0),
            known: AtomicU64::new(0),
            owner: AtomicPtr::new(ptr::null_mut()),
            ident: AtomicPtr::new(ptr::null_mut()),
            kind,
            name: match name {
                Some(name) => name,
                None => class::UNNAMED,
            },
            place,
        }
    }

    /// The ident, if the lock was ever acquired.
    #[inline(always)]
    #[allow(unsafe_code)]
    pub(crate) fn ident(&self) -> Option<&'static Ident> {
        // Acquire pairs with the Release in `identify_as_writer` and `identify`.
        let ident = self.ident.load(Ordering::Acquire);
        // SAFETY: idents come from `Pool::take` as references for ever. One is freed only by
        // `retire`, which takes the record exclusively.
        unsafe { ident.as_ref() }
    }

    /// The address of the ident, to compare with.
    #[inline(always)]
    pub(crate) fn ident_address(&self) -> *const Ident {
        self.ident.load(Ordering::Relaxed)
    }

    /// Whether a queued writer blocks readers of this lock.
    pub(crate) fn policy(&self) -> ReadPolicy {
        self.kind.policy()
    }

    /// What sort of lock it is.
    pub(crate) fn kind(&self) -> &'static LockKind {
        self.kind
    }

    /// Where it was made.
    pub(crate) fn place(&self) -> Site {
        self.place
    }

    pub(crate) fn class(&self) -> &'static Class {
        let name = (!self.name.is_empty()).then_some(self.name);
        class::intern(self.kind, name, self.place)
    }

    /// Gives the lock its ident, at its first acquisition, by a thread that holds it exclusively.
    ///
    /// A plain store in place of a compare-and-swap, which would double the cost of a lock that is
    /// used once. A thread that does not hold the lock may be in `identify` at the same moment; its
    /// ident is then lost, which it is prepared for (see there).
    #[inline]
    pub(crate) fn identify_as_writer(&self, pool: &mut Pool) -> &'static Ident {
        if self.ident().is_none() {
            let ident = pool.take(self.class());
            // Release pairs with the Acquire in `ident`: who sees the address sees the content.
            self.ident
                .store(ptr::from_ref(ident).cast_mut(), Ordering::Release);
        }
        self.settle()
    }

    /// The same, if the lock has no readers and the thread has an ident for it at hand: the tag.
    #[inline(always)]
    pub(crate) fn identify_at_hand(&self, pool: &mut Pool) -> Option<u64> {
        if !self.ident_address().is_null() || self.kind.readers_wait() {
            return None;
        }
        let (ident, number) = pool.take_alike(self.kind, self.name, self.place)?;
        // Release pairs with the Acquire in `ident`, and with the one on the fast path.
        self.ident
            .store(ptr::from_ref(ident).cast_mut(), Ordering::Release);
        let tag = tag::of(number);
        self.tag.store(tag, Ordering::Release);
        Some(tag)
    }

    /// The same, by a thread that shares the lock with other readers.
    pub(crate) fn identify_as_reader(&self, pool: &mut Pool) -> &'static Ident {
        self.identify(pool);
        self.settle()
    }

    /// Writes the tag. Only holders do, when the ident can no longer be replaced.
    fn settle(&self) -> &'static Ident {
        let ident = self.ident().expect("the ident was stored just now");
        // Relaxed: other readers may be here too, and they write the same; a writer is alone.
        if self.tag.load(Ordering::Relaxed) == 0 {
            // Release pairs with the Acquire load on the fast path: who sees the tag sees the ident.
            self.tag.store(ident.tag(), Ordering::Release);
        }
        ident
    }

    /// Gives the lock an ident from outside: to a waiter, or to somebody who needs its id.
    ///
    /// The result may be replaced once, by the very first exclusive holder, if that one is in the
    /// middle of `identify_as_writer`. Whoever relies on it (`acquire`, which sorts by id) looks
    /// again once it holds the lock.
    pub(crate) fn identify(&self, pool: &mut Pool) -> &'static Ident {
        if let Some(ident) = self.ident() {
            return ident;
        }
        let ident = pool.take(self.class());
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

    /// The ident of a lock that another thread holds: that thread stores it right after its first
    /// acquisition, so a short wait finds it. If the holder is untracked, one is given from here.
    pub(crate) fn identify_as_waiter(&self, pool: &mut Pool) -> &'static Ident {
        for _ in 0..1000 {
            if let Some(ident) = self.ident() {
                return ident;
            }
            spin_loop();
        }
        self.identify(pool)
    }

    /// Takes the ident away when the lock is dropped.
    #[inline]
    pub(crate) fn retire(&mut self) -> Option<&'static Ident> {
        let ident = self.ident()?;
        // Relaxed: nobody else has the record.
        self.ident.store(ptr::null_mut(), Ordering::Relaxed);
        Some(ident)
    }
}
