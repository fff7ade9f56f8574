//! The pool of idents and lock ids.
//!
//! Each thread keeps some vacant idents, so that a lock that is created, used and dropped accesses no shared
//! memory. An ident whose lock may still be referred to by a slot (its guard was forgotten, or the primitive
//! cannot exclude that) is never freed, only reused.

#![allow(unsafe_code)]

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::engine::ids::Site;
use crate::tracking::fork_safe::ForkSafe;
use crate::tracking::lock::class::Class;
use crate::tracking::lock::ident::Ident;
use crate::tracking::lock::origin::Origin;
use crate::tracking::lock::pin;
use crate::tracking::thread::section::Inside;

/// The most vacant idents that a thread keeps.
const KEPT: usize = 128;
/// The most ids that a thread takes at once, and how many it takes first: a short-lived thread or agent uses few.
const BLOCK: u64 = 256;
const FIRST_BLOCK: u64 = 4;

/// The next block of ids.
static NEXT_BLOCK: AtomicU64 = AtomicU64::new(1);

/// The number of ids that no lock has got: ended threads had taken and not used them, or resources have them.
static OF_NO_LOCK: AtomicU64 = AtomicU64::new(0);

/// Returns how many ids locks ever got, plus, for each live thread, up to one block that it may still use.
pub(crate) fn used_by_locks() -> u64 {
    // Relaxed: a number for display.
    let taken = NEXT_BLOCK.load(Ordering::Relaxed) - 1;
    taken.saturating_sub(OF_NO_LOCK.load(Ordering::Relaxed))
}

/// Vacant idents that a thread had too many of, or left behind at its end.
pub(in crate::tracking) static SPARE: ForkSafe<Vec<&'static Ident>> = ForkSafe::new(Vec::new());

/// The number of idents in [`SPARE`]: threads that need many new ones do not contend for its lock.
static SPARES: AtomicUsize = AtomicUsize::new(0);

/// The vacant idents and unused ids of one thread.
#[derive(Debug, Default)]
pub(crate) struct LockIdPool {
    /// The ident that was returned last. It still has its class, for a lock of the same class.
    last: Option<&'static Ident>,
    vacant: Vec<&'static Ident>,
    next: u64,
    end: u64,
    /// The size of the last block.
    block: u64,
    /// The location of the acquisition for which an ident is taken.
    site: Option<Site>,
}

impl LockIdPool {
    /// Runs `identify`, for a lock that is acquired at `site`.
    pub(crate) fn at<R>(&mut self, site: Site, identify: impl FnOnce(&mut Self) -> R) -> R {
        self.site = Some(site);
        let identified = identify(self);
        self.site = None;
        identified
    }

    /// Returns the location of the acquisition, if there is one.
    pub(in crate::tracking) fn site(&self) -> Option<Site> {
        self.site
    }

    /// Returns an ident for a new lock of this origin, and its number, if the last dropped lock had the same
    /// one: a loop that creates, uses and drops a lock looks up no class.
    #[inline(always)]
    pub(in crate::tracking) fn take_alike(
        &mut self,
        origin: &Origin,
    ) -> Option<(&'static Ident, u64)> {
        let ident = self.last?;
        if !ident.class().origin.is(origin) {
            return None;
        }
        let number = self.number_at_hand()?;
        self.last = None;
        ident.occupy_again(number);
        Some((ident, number))
    }

    /// Returns an ident for a new lock.
    #[inline]
    pub(crate) fn take(&mut self, class: &'static Class) -> &'static Ident {
        let number = self.number();
        if class.kind.is_resource() {
            // Relaxed: a number for display.
            OF_NO_LOCK.fetch_add(1, Ordering::Relaxed);
        }
        let ident = match self.vacant.pop().or_else(|| self.last.take()) {
            Some(ident) => ident,
            None => fresh(),
        };
        ident.occupy(number, class);
        ident
    }

    /// Returns the ident that was returned last, with a new number, where that ident fits.
    #[inline(always)]
    pub(in crate::tracking) fn take_last(
        &mut self,
        class: &'static Class,
    ) -> (&'static Ident, u64) {
        let number = self.number();
        let ident = match self.last.take() {
            Some(ident) => ident,
            None => self.take_vacant(),
        };
        ident.occupy(number, class);
        (ident, number)
    }

    #[inline(never)]
    fn take_vacant(&mut self) -> &'static Ident {
        self.vacant.pop().unwrap_or_else(fresh)
    }

    /// Returns an unused number.
    #[inline(always)]
    fn number(&mut self) -> u64 {
        if self.next == self.end {
            self.take_block();
        }
        let number = self.next;
        self.next += 1;
        number
    }

    /// Returns an unused number, unless the thread has to take more of them first.
    #[inline(always)]
    pub(in crate::tracking) fn number_at_hand(&mut self) -> Option<u64> {
        let number = self.next;
        if number == self.end {
            return None;
        }
        self.next = number + 1;
        Some(number)
    }

    #[inline(never)]
    fn take_block(&mut self) {
        // Relaxed: the blocks only need to be distinct. They ascend, and a thread uses up one before it takes
        // the next, so the ids of one thread ascend, too.
        self.block = (self.block * 2).clamp(FIRST_BLOCK, BLOCK);
        self.next = NEXT_BLOCK.fetch_add(self.block, Ordering::Relaxed);
        self.end = self.next + self.block;
    }

    /// Takes back the ident of a dropped lock. With `unreferred` the caller guarantees that no slot refers to
    /// it: the lock was not held.
    #[inline]
    pub(crate) fn give(&mut self, ident: &'static Ident, unreferred: bool) {
        ident.vacate();
        if self.last.is_none() {
            self.last = Some(ident);
        } else {
            self.give_more(ident, unreferred);
        }
    }

    /// Takes back an ident when the last returned one was not reused.
    #[inline(never)]
    fn give_more(&mut self, ident: &'static Ident, unreferred: bool) {
        Inside::closed(|| {
            if self.vacant.len() >= KEPT {
                return spill(ident, unreferred);
            }
            // The newer one is more likely to be reused: a loop that has ended does not begin again.
            if let Some(last) = self.last.replace(ident) {
                self.vacant.push(last);
            }
        });
    }

    /// Returns how many ids the thread has taken and not used yet.
    pub(crate) fn unused(&self) -> u64 {
        self.end - self.next
    }

    /// Passes everything on when the thread ends.
    pub(crate) fn drain(&mut self) {
        OF_NO_LOCK.fetch_add(self.end - self.next, Ordering::Relaxed);
        self.next = self.end;
        if let Some(last) = self.last.take() {
            self.vacant.push(last);
        }
        with_spare(|spare| spare.append(&mut self.vacant));
        self.vacant = Vec::new();
    }
}

#[cold]
fn fresh() -> &'static Ident {
    // Relaxed: where the count is not yet seen, an ident stays for later.
    if SPARES.load(Ordering::Relaxed) != 0
        && let Some(ident) = with_spare(Vec::pop)
    {
        return ident;
    }
    Box::leak(Box::new(Ident::vacant()))
}

/// Changes [`SPARE`] under its lock, and updates the count of its idents.
fn with_spare<R>(change: impl FnOnce(&mut Vec<&'static Ident>) -> R) -> R {
    let mut spare = SPARE.lock();
    let changed = change(&mut spare);
    // Relaxed: a hint that its readers check under the lock.
    SPARES.store(spare.len(), Ordering::Relaxed);
    changed
}

/// Takes back the ident of a dropped lock from a thread without a pool.
#[cold]
pub(crate) fn spill_vacated(ident: &'static Ident, unreferred: bool) {
    ident.vacate();
    spill(ident, unreferred);
}

/// Takes back an ident where the thread has enough, or no pool any more.
#[cold]
fn spill(ident: &'static Ident, unreferred: bool) {
    if !unreferred || !pin::may_free() {
        return with_spare(|spare| spare.push(ident));
    }
    let ident = std::ptr::from_ref(ident).cast_mut();
    // SAFETY: every ident was leaked from a box in `fresh`. The lock that had it is being dropped and was not
    // held, so no slot, no wait and (its contexts are cleared) no graph refers to it; the caller drops the
    // last reference. A thread that read it from a slot before does not access it any more: there is no pin.
    drop(unsafe { Box::from_raw(ident) });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tracking::lock::class;
    use crate::tracking::lock::kind::LockKind;
    use std::panic::Location;

    #[test]
    fn ids_of_one_pool_ascend_and_are_never_reused() {
        let class = class::intern(&LockKind::MUTEX, None, Location::caller());
        let mut pool = LockIdPool::default();
        let mut last = None;
        for _ in 0..1000 {
            let ident = pool.take(class);
            assert!(last < Some(ident.id()));
            last = Some(ident.id());
            pool.give(ident, true);
        }
        pool.drain();
    }

    #[test]
    fn a_lock_of_the_last_class_gets_its_ident_and_a_new_id() {
        let (kind, place) = (&LockKind::MUTEX, Location::caller());
        let name = "alike";
        let class = class::intern(kind, Some(name), place);
        let mut pool = LockIdPool::default();
        let alike = Origin::new(kind, Some(name), place);
        assert!(pool.take_alike(&alike).is_none());
        let ident = pool.take(class);
        let id = ident.id();
        ident.set_label("gone with the lock");
        pool.give(ident, true);
        let unlike = |name| Origin::new(kind, name, place);
        assert!(pool.take_alike(&unlike(None)).is_none());
        assert!(pool.take_alike(&unlike(Some(&name[1..]))).is_none());
        let (again, number) = pool.take_alike(&alike).unwrap();
        assert!(std::ptr::eq(again, ident) && again.id() > id);
        assert_eq!(
            again.tag(),
            crate::tracking::thread::lockset_hash::of(number)
        );
        assert!(again.label().is_none() && std::ptr::eq(again.class(), class));
        assert!(pool.take_alike(&alike).is_none());
        pool.give(again, true);
        pool.drain();
    }

    #[test]
    fn a_vacant_ident_has_no_tag() {
        let class = class::intern(&LockKind::MUTEX, None, Location::caller());
        let mut pool = LockIdPool::default();
        let ident = pool.take(class);
        assert_ne!(ident.tag(), 0);
        pool.give(ident, false);
        assert_eq!(ident.tag(), 0);
        pool.drain();
    }
}
