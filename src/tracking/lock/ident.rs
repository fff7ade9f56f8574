//! The identity of a lock, independently of its address.
//!
//! A lock may be moved, and dropped, while a guard of it was forgotten, so nothing that outlives a call may
//! point at the lock itself. Locksets, waits and the order graph point at its [`Ident`] instead. An ident is
//! taken from a pool at the first acquisition and returned when the lock is dropped; its memory is freed only
//! when no slot can refer to it (see [`lock_id_pool`](crate::tracking::lock::lock_id_pool)).

use std::sync::atomic::Ordering;

use crate::engine::ids::LockId;
use crate::shim::{AtomicU64, AtomicUsize};
use crate::tracking::lock::class::Class;
use crate::tracking::lock::first_edge::Ready;
use crate::tracking::lock::label;
use crate::tracking::lock::leaf_edges::LeafEdges;
use crate::tracking::thread::lockset_hash;
use crate::tracking::thread::section::SlotAddress;

/// Set in the class field of a lock that has a label.
const LABELLED: usize = 1;
/// Set in the class field of a reader-writer lock for which any thread counts as a writer.
const ANY_WRITER: usize = 2;
/// Set in the class field of a lock that has a sub-class.
const RANKED: usize = 4;
const FLAGS: usize = LABELLED | ANY_WRITER | RANKED;

/// What is recorded of one lock instance. Three words: with a context of two more, that is all that a lock at
/// the end of an acquired-before edge costs.
#[derive(Debug)]
#[repr(align(8))]
pub(crate) struct Ident {
    /// The number of the lock; a new one each time the memory is reused, zero in between.
    number: AtomicU64,
    /// The address of the class, with the flags in the lowest bits.
    class: AtomicUsize,
    /// The contexts in which the lock was acquired under others, until another lock is acquired under it.
    pub(crate) contexts: LeafEdges,
}

/// An entry in the slot of a thread that stands for all the locks it inherits, so that such a thread never
/// has an empty lockset, with which its acquisitions would not be checked. It is no lock, has no class, and
/// is not returned with the held locks of a thread.
pub(in crate::tracking) static SURROUNDINGS: Ident = Ident::numbered(u64::MAX);

impl Ident {
    pub(in crate::tracking) const fn vacant() -> Self {
        Self::numbered(0)
    }

    const fn numbered(number: u64) -> Self {
        Self {
            number: AtomicU64::new(number),
            class: AtomicUsize::new(0),
            contexts: LeafEdges::new(),
        }
    }

    /// Assigns the ident to a new lock.
    #[inline]
    pub(in crate::tracking) fn occupy(&self, number: u64, class: &'static Class) {
        // Relaxed: the ident is published with the record's pointer to it (`Record::identify`).
        self.class.store(
            std::ptr::from_ref(class).expose_provenance(),
            Ordering::Relaxed,
        );
        self.number.store(number, Ordering::Relaxed);
    }

    /// Assigns the ident to another lock of the class that it had last.
    #[inline(always)]
    pub(in crate::tracking) fn occupy_again(&self, number: u64) {
        // Relaxed, as in `occupy`.
        self.number.store(number, Ordering::Relaxed);
    }

    /// Keeps the ident of a dropped lock, with its one context, for the next lock of the class, if the thread of
    /// `slot`, which is the calling one, owns the context and has no ident for that lock yet. No slot refers
    /// to the lock.
    #[inline(always)]
    pub(crate) fn keep_ready(&'static self, slot: SlotAddress) -> bool {
        let Some(first) = self.contexts.shared_of(slot) else {
            return false;
        };
        let ready = &first.expected.ready;
        if !ready.0.get().is_null() {
            return false;
        }
        self.vacate();
        ready.0.set(std::ptr::from_ref(self).cast());
        true
    }

    /// Returns the ident that [`keep_ready`](Self::keep_ready) stored, if there is one; called by the owner's
    /// thread.
    #[allow(unsafe_code)]
    #[inline(always)]
    pub(in crate::tracking) fn ready(ready: &Ready) -> Option<&'static Self> {
        // SAFETY: null, or the address that `keep_ready` stored, of an ident that stays alive because nothing
        // else has it.
        unsafe { ready.0.get().cast::<Self>().as_ref() }
    }

    /// Ends the use by a lock. A later look at the ident from a slot finds a tag of zero.
    #[inline(always)]
    pub(in crate::tracking) fn vacate(&self) {
        if self.class.load(Ordering::Relaxed) & FLAGS != 0 {
            self.strip();
        }
        self.number.store(0, Ordering::Relaxed);
    }

    /// Removes what belongs to the lock and not to its class.
    #[cold]
    fn strip(&self) {
        let flags = self.class.fetch_and(!FLAGS, Ordering::Relaxed);
        if flags & (LABELLED | RANKED) != 0 {
            label::remove(self.id());
        }
    }

    pub(crate) fn id(&self) -> LockId {
        // A vacant ident can be found in the slot of a thread that forgot a guard; callers compare the tag
        // first, so this fallback is never visible.
        LockId::new(self.number.load(Ordering::Relaxed)).unwrap_or(LockId::LAST)
    }

    /// Returns the tag of the lock: zero while the ident is vacant.
    #[inline]
    pub(crate) fn tag(&self) -> u64 {
        match self.number.load(Ordering::Relaxed) {
            0 => 0,
            number => lockset_hash::of(number),
        }
    }

    #[allow(unsafe_code)]
    pub(crate) fn class(&self) -> &'static Class {
        let class = self.class.load(Ordering::Relaxed) & !FLAGS;
        // SAFETY: `occupy` exposed a `'static` reference and stored its address, and no other code sees an
        // ident before it was occupied once. The flags are masked off.
        unsafe { &*std::ptr::with_exposed_provenance::<Class>(class) }
    }

    /// Sets the label of this instance.
    pub(crate) fn set_label(&self, text: &str) {
        label::set(self.id(), text);
        self.class.fetch_or(LABELLED, Ordering::Relaxed);
    }

    /// Records that the lock had so many writers that they are not distinguished any more.
    pub(crate) fn allow_any_writer(&self) {
        self.class.fetch_or(ANY_WRITER, Ordering::Relaxed);
    }

    /// Returns whether any thread counts as a writer of the lock.
    pub(crate) fn has_any_writer(&self) -> bool {
        self.class.load(Ordering::Relaxed) & ANY_WRITER != 0
    }

    /// Sets the rank of this instance among the locks of its class.
    pub(crate) fn set_subclass(&self, subclass: u32) {
        label::set_subclass(self.id(), subclass);
        self.class.fetch_or(RANKED, Ordering::Relaxed);
    }

    /// Returns that rank; zero if none was set.
    pub(crate) fn subclass(&self) -> u32 {
        if self.class.load(Ordering::Relaxed) & RANKED == 0 {
            return 0;
        }
        label::subclass(self.id()).unwrap_or(0)
    }

    /// Returns the label, if one was set.
    pub(crate) fn label(&self) -> Option<String> {
        if self.class.load(Ordering::Relaxed) & LABELLED == 0 {
            return None;
        }
        label::get(self.id())
    }
}
