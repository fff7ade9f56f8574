//! The first edge of a lock: the context of its first acquisition, which the next locks of its class share.
//!
//! To count each reference with an atomic instruction would cost as much again as a bare lock. So the thread
//! takes references in bulk, and hands them out and takes them back without an atomic access; only another
//! thread that drops such a lock uses one.

#![allow(unsafe_code)]

use std::cell::Cell;
use std::panic::Location;
use std::ptr;
use std::sync::atomic::Ordering;

use crate::engine::ids::Site;
use crate::shim::{AtomicPtr, AtomicUsize};
use crate::tracking::lock::class::Class;
use crate::tracking::lock::kind::LockKind;
use crate::tracking::lock::leaf_edge::LeafEdge;
use crate::tracking::lock::origin::Origin;
use crate::tracking::thread::section::SlotAddress;

/// The number of references that the owner takes at once.
const BULK: usize = 1 << 20;

/// The address of a vacant ident with the class and the context, for the next lock; null for none. An ident has
/// leaf edges, and these refer to a [`FirstContext`], so this one knows it by its address alone:
/// `Ident::keep_ready` stores it, and `Ident::ready` makes a reference of it. Only the thread of the owner's slot
/// accesses it.
#[derive(Debug)]
pub(in crate::tracking) struct Ready(pub(super) Cell<*const ()>);

impl Ready {
    const fn none() -> Self {
        Self(Cell::new(ptr::null()))
    }

    /// Forgets the ident.
    #[inline(always)]
    pub(super) fn clear(&self) {
        self.0.set(ptr::null());
    }
}

/// The first acquisition that a thread expects of a lock, and the ident for that lock.
#[derive(Debug)]
pub(in crate::tracking) struct Expected {
    /// The key and the mode of the acquisition, as a lock caches them.
    known: u64,
    site: *const Location<'static>,
    origin: Origin,
    pub(super) ready: Ready,
}

impl Expected {
    /// Stands for no acquisition: no ident is ever ready.
    pub(super) const fn nothing() -> Self {
        Self {
            known: 0,
            site: ptr::null(),
            origin: Origin::new(&LockKind::MUTEX, None, Location::caller()),
            ready: Ready::none(),
        }
    }

    /// Returns whether a lock of this origin, acquired at `site` with this key and mode, repeats it.
    #[inline(always)]
    pub(super) fn is(&self, origin: &Origin, known: u64, site: Site) -> bool {
        self.known == known && ptr::eq(self.site, site) && self.origin.is(origin)
    }
}

/// A context that many leaves share.
#[derive(Debug)]
pub(crate) struct FirstContext {
    pub(super) expected: Expected,
    /// The number of references: in locks, in `stock`, and one in the owner's cache.
    references: AtomicUsize,
    /// The slot of the thread that created it, for as long as its cache refers to it; null afterwards.
    owner: AtomicPtr<()>,
    /// The references that the owner has in stock. Only the thread of the owner's slot accesses it.
    stock: Cell<usize>,
    class: &'static Class,
    context: LeafEdge,
}

impl FirstContext {
    pub(super) fn new(
        slot: SlotAddress,
        class: &'static Class,
        known: u64,
        context: LeafEdge,
    ) -> Box<Self> {
        Box::new(Self {
            expected: Expected {
                known,
                site: context.site,
                origin: class.origin,
                ready: Ready::none(),
            },
            references: AtomicUsize::new(BULK + 1),
            owner: AtomicPtr::new(slot.as_ptr()),
            stock: Cell::new(BULK),
            class,
            context,
        })
    }

    /// Returns whether the thread of `slot`, which is the calling one, owns it.
    #[inline(always)]
    pub(in crate::tracking) fn is_of(&self, slot: SlotAddress) -> bool {
        // Relaxed: only the owner's thread can find its own slot there, and it wrote that itself.
        self.owner.load(Ordering::Relaxed) == slot.as_ptr()
    }

    /// Returns the context itself.
    pub(in crate::tracking) fn context(&self) -> &LeafEdge {
        &self.context
    }

    /// Returns the class of the locks that share it.
    #[inline(always)]
    pub(in crate::tracking) fn class(&self) -> &'static Class {
        self.class
    }

    /// Takes a reference for a lock; called by the owner's thread.
    #[inline(always)]
    pub(in crate::tracking) fn take(&self) {
        let stock = self.stock.get();
        if stock == 0 {
            return self.take_more();
        }
        self.stock.set(stock - 1);
    }

    #[cold]
    fn take_more(&self) {
        // Relaxed: the owner has a reference already, so the count is not zero meanwhile.
        self.references.fetch_add(BULK, Ordering::Relaxed);
        self.stock.set(BULK - 1);
    }

    /// Returns the reference of a lock; called by the thread of `slot`.
    ///
    /// # Safety
    ///
    /// `this` came from the cache of a thread, with a reference that was [taken](Self::take) and is not used
    /// afterwards. `slot` is the calling thread's.
    #[inline(always)]
    pub(in crate::tracking) unsafe fn give(this: *const Self, slot: SlotAddress) {
        // SAFETY: the reference keeps it alive.
        let first = unsafe { &*this };
        if first.is_of(slot) {
            first.stock.set(first.stock.get() + 1);
        } else {
            // SAFETY: the caller drops one reference.
            unsafe { Self::release(this, 1) };
        }
    }

    /// Drops `count` references.
    ///
    /// # Safety
    ///
    /// The caller owns them, and uses none of them afterwards.
    #[inline(never)]
    unsafe fn release(this: *const Self, count: usize) {
        // SAFETY: the references keep it alive.
        let references = unsafe { &(*this).references };
        // Release pairs with the Acquire load: the last drop frees after all other uses. No fence, since
        // ThreadSanitizer does not follow one.
        if references.fetch_sub(count, Ordering::Release) == count {
            references.load(Ordering::Acquire);
            // SAFETY: made from a box in `FirstContexts::learn`, and this was the last reference.
            drop(unsafe { Box::from_raw(this.cast_mut()) });
        }
    }

    /// Drops the cache's reference and the stock; called by the owner's thread.
    ///
    /// # Safety
    ///
    /// `this` came from the cache, which does not use it afterwards.
    pub(super) unsafe fn disown(this: *const Self) {
        // SAFETY: the cache's reference keeps it alive.
        let first = unsafe { &*this };
        // Relaxed: other threads never find their slot there, before or after.
        first.owner.store(ptr::null_mut(), Ordering::Relaxed);
        let count = first.stock.replace(0) + 1;
        // SAFETY: the cache owned these.
        unsafe { Self::release(this, count) };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::clock::vector_clock::Segment;
    use crate::engine::ids::ThreadId;
    use crate::engine::mode::Mode;
    use crate::tracking::lock::class;
    use crate::tracking::lock::leaf_edge::HeldSnapshot;
    use crate::tracking::thread::slot::Slot;

    #[test]
    fn the_stock_is_filled_again() {
        let holding = HeldSnapshot {
            generation: 0,
            segment: Segment::first(ThreadId::new(1)),
            held: Box::new([]),
            inherited: Box::new([]),
        };
        let context = LeafEdge {
            holding: Arc::new(holding),
            mode: Mode::Exclusive,
            site: Location::caller(),
        };
        let class = class::intern(&LockKind::MUTEX, None, Location::caller());
        let slot = SlotAddress::of(Box::leak(Box::new(Slot::vacant())));
        let first = FirstContext::new(slot, class, 1, context);
        (0..=BULK).for_each(|_| first.take());
        assert_eq!(first.stock.get(), BULK - 1);
        assert_eq!(first.references.load(Ordering::Relaxed), 2 * BULK + 1);
    }
}
