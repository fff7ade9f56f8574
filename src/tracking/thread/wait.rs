//! Wait records: what a thread waits for, as other threads read it.

use std::sync::LazyLock;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::engine::counts::Counts;
use crate::engine::ids::Site;
use crate::engine::mode::{Mode, ReadPolicy};
use crate::engine::wait_reason::WaitReason;
use crate::shim::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, fence};
use crate::tracking::lock::ident::Ident;
use crate::tracking::lock::kind::LockKind;
use crate::tracking::process::resource_state::ResourceState;
use crate::tracking::thread::section::Inside;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitKind {
    /// A lock, in a mode.
    Lock(Mode),
    /// An upgrade of a lock that the thread holds upgradably.
    Upgrade,
    /// Something other than a lock.
    Other(WaitReason),
}

impl WaitKind {
    /// A notification of a condition variable.
    pub(crate) const SIGNAL: WaitKind = WaitKind::Other(WaitReason::Notification);
}

/// Whether a thread can unwind out of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unwinding {
    /// It can.
    Can,
    /// It unwinds from a panic: a second one in a destructor would abort the process.
    Panics,
    /// It has come to the end of its closure, and may be destroying its thread-locals: nothing may unwind out
    /// of their destructors.
    Ends,
}

impl Unwinding {
    const fn encode(self) -> u32 {
        match self {
            Self::Can => 0,
            Self::Panics => PANICS,
            Self::Ends => ENDS,
        }
    }

    const fn decode(need: u32) -> Self {
        match need & (PANICS | ENDS) {
            0 => Self::Can,
            PANICS => Self::Panics,
            _ => Self::Ends,
        }
    }
}

/// A wait, as its thread publishes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WaitRequest {
    pub(crate) need: WaitKind,
    /// Whether the wait has a deadline.
    pub(crate) timed: bool,
    pub(crate) sort: LockTraits,
    /// The lock or resource that is waited for.
    pub(crate) ident: *const Ident,
    /// The shared state of a resource; null for a lock.
    pub(crate) party: *const ResourceState,
    /// The version of that state before the last attempt.
    pub(crate) version: u64,
    /// The providers that alone can end the wait; null if any thread may.
    pub(crate) by: *const ResourceState,
    /// The mutex that a wait for a condition variable has to reacquire.
    pub(crate) mutex: *const Ident,
    pub(crate) site: Site,
    /// The start of the wait.
    pub(crate) since: u64,
    /// Whether a panic can be raised out of the wait.
    pub(crate) unwinding: Unwinding,
    /// The counts of the primitive, if it has any.
    pub(crate) counts: Option<Counts>,
}

impl WaitRequest {
    /// Returns a wait for a lock that begins now, of a thread that can unwind.
    pub(crate) fn lock(
        need: WaitKind,
        timed: bool,
        (ident, sort): (*const Ident, LockTraits),
        site: Site,
    ) -> Self {
        Self {
            need,
            timed,
            sort,
            ident,
            party: std::ptr::null(),
            version: 0,
            by: std::ptr::null(),
            mutex: std::ptr::null(),
            site,
            since: now(),
            unwinding: Unwinding::Can,
            counts: None,
        }
    }

    /// Returns the shared state of the resource, if the wait is not for a lock.
    #[allow(unsafe_code)]
    pub(crate) fn party(&self) -> Option<&'static ResourceState> {
        // SAFETY: null, or a state, and those are never freed.
        unsafe { self.party.as_ref() }
    }

    /// Returns the providers that alone can end the wait.
    #[allow(unsafe_code)]
    pub(crate) fn by(&self) -> Option<&'static ResourceState> {
        // SAFETY: as above.
        unsafe { self.by.as_ref() }
    }
}

/// What a thread that reads a wait has to know of the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LockTraits {
    /// Whether a queued writer blocks readers.
    pub(crate) queues: bool,
    /// Whether a guard may be in another thread than the one that acquired the lock.
    pub(crate) sendable: bool,
}

impl LockTraits {
    /// The traits of what is no lock.
    pub(crate) const NONE: LockTraits = LockTraits {
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

/// A wait, as other threads read it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PublishedWait {
    pub(crate) epoch: u64,
    pub(crate) request: WaitRequest,
}

impl std::ops::Deref for PublishedWait {
    type Target = WaitRequest;

    fn deref(&self) -> &WaitRequest {
        &self.request
    }
}

/// The wait record of a slot: written by its thread, read by all.
///
/// | epoch | state |
/// |---|---|
/// | even | the thread does not wait, or its record is being written |
/// | odd | the thread waits for what the other fields say |
///
/// A reader loads the epoch, the fields and the epoch again, and uses what it read only if the epoch is odd
/// and the same both times.
///
/// It has cache lines of its own: other threads read it while its thread writes its lockset.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct WaitRecord {
    epoch: AtomicU64,
    need: AtomicU32,
    ident: AtomicPtr<Ident>,
    party: AtomicPtr<ResourceState>,
    version: AtomicU64,
    by: AtomicPtr<ResourceState>,
    mutex: AtomicPtr<Ident>,
    site: AtomicUsize,
    since: AtomicU64,
    /// The wanted and the available amount.
    counts: AtomicU64,
    queued: AtomicU32,
    /// The wait (by its epoch) by which the thread closed a deadlock that was reported.
    pub(crate) reported: AtomicU64,
    /// The start (`since`) of the wait that a report has named as one that never ends.
    named: AtomicU64,
}

const TIMED: u32 = 1 << 8;
const QUEUES: u32 = 1 << 9;
const SENDABLE: u32 = 1 << 10;
/// The wait has a shared state and what belongs to it.
const PARTY: u32 = 1 << 11;
/// The thread is unwinding.
const PANICS: u32 = 1 << 12;
/// The thread is at its end.
const ENDS: u32 = 1 << 14;
const COUNTS: u32 = 1 << 13;
/// The first number that stands for something other than a lock.
const OTHER: u32 = 4;

impl WaitRecord {
    pub(in crate::tracking) const fn new() -> Self {
        Self {
            epoch: AtomicU64::new(0),
            need: AtomicU32::new(0),
            ident: AtomicPtr::new(std::ptr::null_mut()),
            party: AtomicPtr::new(std::ptr::null_mut()),
            version: AtomicU64::new(0),
            by: AtomicPtr::new(std::ptr::null_mut()),
            mutex: AtomicPtr::new(std::ptr::null_mut()),
            site: AtomicUsize::new(0),
            since: AtomicU64::new(0),
            counts: AtomicU64::new(0),
            queued: AtomicU32::new(0),
            reported: AtomicU64::new(0),
            named: AtomicU64::new(u64::MAX),
        }
    }

    /// Records that a report names the wait that began at `since` as one that never ends. Any thread may call
    /// this.
    pub(crate) fn set_named(&self, since: u64) {
        // Relaxed: a hint for the watchdog, which publishes no other memory.
        self.named.store(since, Ordering::Relaxed);
    }

    /// Returns whether a report has named the wait that began at `since` as one that never ends.
    pub(crate) fn is_named(&self, since: u64) -> bool {
        self.named.load(Ordering::Relaxed) == since
    }

    /// Publishes a wait of the calling thread, just before it begins.
    ///
    /// Ends with a sequentially consistent fence: of two threads that publish and then look at each other, at
    /// least one sees the other's record. The fence also orders the lockset, which the thread wrote before.
    pub(crate) fn publish(&self, request: &WaitRequest) {
        // A signal handler may wait, too, and would publish that wait in the middle of this one.
        Inside::closed(|| self.publish_closed(request));
    }

    fn publish_closed(&self, request: &WaitRequest) {
        // Another wait can be published: its `Attempt` was forgotten, or a callback of its report waits in
        // turn. The later one counts.
        self.clear();
        let epoch = self.epoch.load(Ordering::Relaxed);
        let is_party = !request.party.is_null();
        let flags = request.sort.encode()
            | if request.timed { TIMED } else { 0 }
            | if is_party { PARTY } else { 0 }
            | request.unwinding.encode()
            | if request.counts.is_some() { COUNTS } else { 0 };
        // Release on the fields pairs with the Acquire loads of `read`: a reader that sees a new
        // field also sees that the last odd epoch is over.
        let to = Ordering::Release;
        self.need.store(encode(request.need) | flags, to);
        self.ident.store(request.ident.cast_mut(), to);
        if is_party {
            self.party.store(request.party.cast_mut(), to);
            self.version.store(request.version, to);
            self.by.store(request.by.cast_mut(), to);
            self.mutex.store(request.mutex.cast_mut(), to);
        }
        if let Some(counts) = request.counts {
            let both = u64::from(counts.wanted) << 32 | u64::from(counts.available);
            self.counts.store(both, to);
            self.queued.store(counts.queued, to);
        }
        let site = std::ptr::from_ref(request.site);
        self.site.store(site.expose_provenance(), to);
        self.since.store(request.since, to);
        self.epoch.store(epoch + 1, to);
        fence(Ordering::SeqCst);
    }

    /// Ends the published wait of the calling thread, if there is one.
    pub(crate) fn clear(&self) {
        Inside::closed(|| {
            let epoch = self.epoch.load(Ordering::Relaxed);
            if !epoch.is_multiple_of(2) {
                // Release: a thread that later gets the lock that this thread waited for, and so synchronises with
                // its release, sees that the wait is over.
                self.epoch.store(epoch + 1, Ordering::Release);
            }
        });
    }

    /// Returns the epoch: odd while the thread waits.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Returns what the thread waits for; `None` if it does not wait, or is changing the record.
    #[allow(unsafe_code)]
    pub(crate) fn read(&self) -> Option<PublishedWait> {
        // Acquire pairs with the Release store of `publish`.
        let epoch = self.epoch.load(Ordering::Acquire);
        if epoch.is_multiple_of(2) {
            return None;
        }
        let need = self.need.load(Ordering::Acquire);
        let ident = self.ident.load(Ordering::Acquire);
        let (mut party, mut by) = (std::ptr::null(), std::ptr::null());
        let (mut mutex, mut version) = (std::ptr::null(), 0);
        if need & PARTY != 0 {
            party = self.party.load(Ordering::Acquire).cast_const();
            version = self.version.load(Ordering::Acquire);
            by = self.by.load(Ordering::Acquire).cast_const();
            mutex = self.mutex.load(Ordering::Acquire).cast_const();
        }
        let counts = (need & COUNTS != 0).then(|| {
            let both = self.counts.load(Ordering::Acquire);
            Counts {
                wanted: (both >> 32) as u32,
                available: both as u32,
                queued: self.queued.load(Ordering::Acquire),
            }
        });
        let site = self.site.load(Ordering::Acquire);
        let since = self.since.load(Ordering::Acquire);
        if self.epoch.load(Ordering::Relaxed) != epoch {
            return None;
        }
        // SAFETY: the field holds zero or the address of a `Site`, which is static data. It is not
        // zero: an odd epoch was published after the field was first written.
        let site: Site = unsafe { &*std::ptr::with_exposed_provenance(site) };
        let request = WaitRequest {
            need: decode(need),
            timed: need & TIMED != 0,
            sort: LockTraits {
                queues: need & QUEUES != 0,
                sendable: need & SENDABLE != 0,
            },
            ident,
            party,
            version,
            by,
            mutex,
            site,
            since,
            unwinding: Unwinding::decode(need),
            counts,
        };
        Some(PublishedWait { epoch, request })
    }

    /// Returns whether the thread continues once the holder of this mutex has released it: it waits for the
    /// mutex itself, or takes it back at the end of a wait for a notification that has been sent.
    pub(crate) fn continues_with(&self, mutex: *const Ident) -> bool {
        self.read().is_some_and(|wait| match wait.need {
            WaitKind::Lock(_) => std::ptr::eq(wait.ident, mutex),
            WaitKind::SIGNAL => {
                std::ptr::eq(wait.mutex, mutex)
                    && wait.party().is_some_and(ResourceState::has_pending_wakeups)
            }
            _ => false,
        })
    }

    /// Returns whether the thread waits without a timeout at this moment, in a way that is modelled.
    pub(crate) fn is_untimed(&self) -> bool {
        // Acquire pairs with the Release stores of `publish`. The kind of the next wait may be read with the
        // epoch of this one; the caller needs only a hint.
        if self.epoch.load(Ordering::Acquire).is_multiple_of(2) {
            return false;
        }
        let need = self.need.load(Ordering::Acquire);
        need & TIMED == 0 && (SEES_PARKS || decode(need) != WaitKind::Other(WaitReason::Unpark))
    }
}

const fn encode(need: WaitKind) -> u32 {
    match need {
        WaitKind::Lock(mode) => mode as u32,
        WaitKind::Upgrade => 3,
        WaitKind::Other(awaited) => OTHER + awaited as u32,
    }
}

fn decode(need: u32) -> WaitKind {
    match need & !(TIMED | QUEUES | SENDABLE | PARTY | PANICS | ENDS | COUNTS) {
        mode @ 0..3 => WaitKind::Lock(Mode::of_number(mode as usize)),
        3 => WaitKind::Upgrade,
        other => WaitKind::Other(WaitReason::of_number(other - OTHER)),
    }
}

/// Whether the system shows that a parked thread is asleep. An unpark that came before is visible nowhere else.
pub(crate) const SEES_PARKS: bool = cfg!(target_os = "linux");

/// Whether the system has a clock. Where it has none, `Instant::now` would panic.
pub const HAS_CLOCK: bool = !cfg!(all(target_family = "wasm", target_os = "unknown"));

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Returns the time since `at`, on the clock of `now`.
pub(crate) fn time_since(at: u64) -> Duration {
    Duration::from_nanos(now().saturating_sub(at))
}

/// Returns the nanoseconds since the first call; always zero where there is no clock.
pub(crate) fn now() -> u64 {
    if HAS_CLOCK {
        START.elapsed().as_nanos() as u64
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::Location;
    use std::ptr;

    fn request(need: WaitKind, timed: bool) -> WaitRequest {
        WaitRequest::lock(
            need,
            timed,
            (ptr::null(), LockTraits::NONE),
            Location::caller(),
        )
    }

    #[test]
    fn a_wait_is_read_as_published_until_it_is_cleared() {
        let wait = WaitRecord::new();
        assert!(wait.read().is_none() && !wait.is_untimed());
        for (need, timed) in [
            (WaitKind::Lock(Mode::Exclusive), false),
            (WaitKind::Lock(Mode::Shared), true),
            (WaitKind::Lock(Mode::Upgradable), false),
            (WaitKind::Upgrade, true),
            (WaitKind::SIGNAL, false),
            (WaitKind::Other(WaitReason::Message), true),
            (WaitKind::Other(WaitReason::Other), false),
        ] {
            let request = request(need, timed);
            wait.publish(&request);
            let read = wait.read().unwrap();
            assert_eq!((read.need, read.timed), (need, timed));
            assert_eq!(read.site, request.site);
            assert_eq!(wait.is_untimed(), !timed);
            wait.clear();
            assert!(wait.read().is_none() && !wait.is_untimed());
        }
    }

    #[test]
    fn a_thread_continues_with_the_mutex_that_it_waits_for_or_takes_back() {
        let wait = WaitRecord::new();
        let party: &'static ResourceState = Box::leak(Box::new(ResourceState::new()));
        let [mutex, other] = [const { Ident::vacant() }; 2];
        let wait_at = |need| {
            wait.publish(&WaitRequest {
                party,
                mutex: &raw const mutex,
                ..request(need, false)
            });
        };
        wait_at(WaitKind::SIGNAL);
        assert!(!wait.continues_with(&mutex), "no thread was notified");
        party.add_pending_wakeups(1);
        assert!(wait.continues_with(&mutex) && !wait.continues_with(&other));
        party.finish_wakeup();
        assert!(!wait.continues_with(&mutex));
        party.add_pending_wakeups(1);
        wait_at(WaitKind::Other(WaitReason::Event));
        assert!(!wait.continues_with(&mutex), "it waits for an event");
        wait.clear();
        assert!(!wait.continues_with(&mutex), "it waits no more");
        wait.publish(&WaitRequest {
            ident: &raw const mutex,
            ..request(WaitKind::Lock(Mode::Exclusive), false)
        });
        assert!(wait.continues_with(&mutex) && !wait.continues_with(&other));
    }

    #[test]
    fn a_wait_within_a_wait_replaces_it_and_both_end() {
        let wait = WaitRecord::new();
        wait.publish(&request(WaitKind::SIGNAL, false));
        wait.publish(&request(WaitKind::Upgrade, false));
        assert_eq!(wait.read().unwrap().need, WaitKind::Upgrade);
        wait.clear();
        wait.clear();
        assert!(wait.read().is_none());
        wait.publish(&request(WaitKind::SIGNAL, false));
        assert_eq!(wait.read().unwrap().need, WaitKind::SIGNAL);
    }
}
