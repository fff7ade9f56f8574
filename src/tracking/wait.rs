//! What a thread waits for.

use std::sync::atomic::Ordering;
use std::time::Instant;

use once_cell::sync::Lazy;

use super::ident::Ident;
use super::kind::LockKind;
use crate::engine::ids::Site;
use crate::engine::mode::{Mode, ReadPolicy};
use crate::primitives::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, fence};

/// What a thread waits for, and in which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// A lock, in a mode.
    Lock(Mode),
    /// To be the only holder of a lock that it holds upgradably.
    Upgrade,
    /// A notification of a condition variable.
    Signal,
}

/// What those who look at a wait have to know of the lock that it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sort {
    /// Whether a queued writer blocks readers.
    pub(crate) queues: bool,
    /// Whether a guard may be in another thread than the one that took the lock.
    pub(crate) sendable: bool,
}

impl Sort {
    /// For what is no lock.
    pub(crate) const NONE: Sort = Sort {
        queues: false,
        sendable: false,
    };

    pub(crate) fn of(kind: &LockKind) -> Self {
        Self {
            queues: kind.policy() == ReadPolicy::WriterBlocksReaders,
            sendable: kind.is_sendable(),
        }
    }

    fn encode(self) -> u32 {
        (if self.queues { QUEUES } else { 0 }) | (if self.sendable { SENDABLE } else { 0 })
    }
}

/// A wait, as its thread published it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Published {
    pub(crate) epoch: u64,
    pub(crate) need: Need,
    /// Whether the wait ends by itself, at a deadline.
    pub(crate) timed: bool,
    /// What sort of lock it is for. Kept here, since the ident may be gone when somebody reads it.
    pub(crate) sort: Sort,
    pub(crate) ident: *const Ident,
    pub(crate) site: Site,
    pub(crate) since: u64,
}

/// The wait record of a slot: written by its thread, read by all.
///
/// | epoch | state |
/// |---|---|
/// | even | the thread does not wait, or its record is being written |
/// | odd | the thread waits for what the other fields say |
///
/// A reader takes the epoch, the fields and the epoch again, and believes what it read if the
/// epoch is odd and the same both times.
#[derive(Debug)]
pub(crate) struct Wait {
    epoch: AtomicU64,
    need: AtomicU32,
    ident: AtomicPtr<Ident>,
    site: AtomicUsize,
    since: AtomicU64,
    /// The wait (by its epoch) by which the thread closed a deadlock that was reported.
    pub(crate) reported: AtomicU64,
}

const TIMED: u32 = 1 << 8;
const QUEUES: u32 = 1 << 9;
const SENDABLE: u32 = 1 << 10;

impl Wait {
    pub(super) const fn new() -> Self {
        Self {
            epoch: AtomicU64::new(0),
            need: AtomicU32::new(0),
            ident: AtomicPtr::new(std::ptr::null_mut()),
            site: AtomicUsize::new(0),
            since: AtomicU64::new(0),
            reported: AtomicU64::new(0),
        }
    }

    /// Publishes a wait of the calling thread, just before it begins.
    ///
    /// Ends with a sequentially consistent fence: of two threads that publish and then look at
    /// each other, at least one sees the other's record. It also orders the held locks, which the
    /// thread wrote before.
    pub(crate) fn publish(
        &self,
        need: Need,
        timed: bool,
        (ident, sort): (*const Ident, Sort),
        site: Site,
    ) {
        // A wait can be under way: its `Attempt` was forgotten, or a callback of its report waits
        // in turn. The later one counts.
        self.clear();
        let epoch = self.epoch.load(Ordering::Relaxed);
        // Release on the fields pairs with the Acquire loads of `read`: a reader that sees a new
        // field also sees that the last odd epoch is over.
        self.need.store(
            encode(need) | sort.encode() | if timed { TIMED } else { 0 },
            Ordering::Release,
        );
        self.ident.store(ident.cast_mut(), Ordering::Release);
        self.site.store(
            std::ptr::from_ref(site).expose_provenance(),
            Ordering::Release,
        );
        self.since.store(now(), Ordering::Release);
        self.epoch.store(epoch + 1, Ordering::Release);
        fence(Ordering::SeqCst);
    }

    /// Ends the wait of the calling thread, if there is one.
    pub(crate) fn clear(&self) {
        let epoch = self.epoch.load(Ordering::Relaxed);
        if epoch.is_multiple_of(2) {
            return;
        }
        // Release: whoever later gets the lock that this thread waited for, and so synchronises
        // with its release, sees that the wait is over.
        self.epoch.store(epoch + 1, Ordering::Release);
    }

    /// The epoch: odd while the thread waits.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// What the thread waits for; `None` if it does not, or is just changing it.
    #[allow(unsafe_code)]
    pub(crate) fn read(&self) -> Option<Published> {
        // Acquire pairs with the Release store of `publish`.
        let epoch = self.epoch.load(Ordering::Acquire);
        if epoch.is_multiple_of(2) {
            return None;
        }
        let need = self.need.load(Ordering::Acquire);
        let ident = self.ident.load(Ordering::Acquire);
        let site = self.site.load(Ordering::Acquire);
        let since = self.since.load(Ordering::Acquire);
        if self.epoch.load(Ordering::Relaxed) != epoch {
            return None;
        }
        // SAFETY: the field holds zero or the address of a `Site`, which is static data. It is not
        // zero: an odd epoch was published after the field was first written.
        let site: Site = unsafe { &*std::ptr::with_exposed_provenance(site) };
        Some(Published {
            epoch,
            need: decode(need),
            timed: need & TIMED != 0,
            sort: Sort {
                queues: need & QUEUES != 0,
                sendable: need & SENDABLE != 0,
            },
            ident,
            site,
            since,
        })
    }
}

const fn encode(need: Need) -> u32 {
    match need {
        Need::Lock(Mode::Exclusive) => 0,
        Need::Lock(Mode::Shared) => 1,
        Need::Lock(Mode::Upgradable) => 2,
        Need::Upgrade => 3,
        Need::Signal => 4,
    }
}

const fn decode(need: u32) -> Need {
    match need & !(TIMED | QUEUES | SENDABLE) {
        0 => Need::Lock(Mode::Exclusive),
        1 => Need::Lock(Mode::Shared),
        2 => Need::Lock(Mode::Upgradable),
        3 => Need::Upgrade,
        _ => Need::Signal,
    }
}

static START: Lazy<Instant> = Lazy::new(Instant::now);

/// Nanoseconds since the first call.
pub(crate) fn now() -> u64 {
    START.elapsed().as_nanos() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::Location;
    use std::ptr;

    #[test]
    fn a_wait_is_read_as_published_until_it_is_cleared() {
        let wait = Wait::new();
        assert!(wait.read().is_none());
        let site = Location::caller();
        for (need, timed) in [
            (Need::Lock(Mode::Exclusive), false),
            (Need::Lock(Mode::Shared), true),
            (Need::Lock(Mode::Upgradable), false),
            (Need::Upgrade, true),
            (Need::Signal, false),
        ] {
            wait.publish(need, timed, (ptr::null(), Sort::NONE), site);
            let read = wait.read().unwrap();
            assert_eq!((read.need, read.timed, read.site), (need, timed, site));
            wait.clear();
            assert!(wait.read().is_none());
        }
    }

    #[test]
    fn a_wait_within_a_wait_takes_its_place_and_both_end() {
        let wait = Wait::new();
        let site = Location::caller();
        wait.publish(Need::Signal, false, (ptr::null(), Sort::NONE), site);
        wait.publish(Need::Upgrade, false, (ptr::null(), Sort::NONE), site);
        assert_eq!(wait.read().unwrap().need, Need::Upgrade);
        wait.clear();
        wait.clear();
        assert!(wait.read().is_none());
        wait.publish(Need::Signal, false, (ptr::null(), Sort::NONE), site);
        assert_eq!(wait.read().unwrap().need, Need::Signal);
    }
}
