//! Waits of a thread that sleeps or is parked.

use super::resource::Resource;
use super::shown::Shown;
use crate::detector;
use crate::detector::deadlock::ResourceWait;
use crate::engine::ids::Site;
use crate::engine::wait_reason::WaitReason;
use crate::runtime::{later_looks, threads};
use crate::tracking::lock::kind::LockKind;
use crate::tracking::thread::wait::{LockTraits, WaitKind, WaitRequest};
use crate::watchdog::startup::attach;

/// Publishes, while `f` runs, that the calling thread sleeps or is parked.
///
/// Any thread may unpark a parked one. On Linux, where the system shows that it is asleep, it is part of a
/// [`Deadlock`](crate::report::Verdict::Deadlock) if every thread of the process is blocked without a time limit, and one
/// of them waits for a lock or for the end of a thread, or holds a lock. Nothing is raised in a thread that is parked.
///
/// # Examples
///
/// ```
/// use std::panic::Location;
/// use std::time::Duration;
/// use lockwarden::instrument::{WaitReason, idle};
///
/// let site = Location::caller();
/// idle(WaitReason::Time, true, site, || std::thread::sleep(Duration::from_millis(1)));
/// ```
pub fn idle<R>(awaited: WaitReason, timed: bool, site: Site, f: impl FnOnce() -> R) -> R {
    let _wait = begin(awaited, timed, site);
    f()
}

/// Publishes the wait until the result is dropped: first the wait ends, and then the count of such waits falls.
fn begin(awaited: WaitReason, timed: bool, site: Site) -> Option<(Shown, Option<ResourceWait>)> {
    static REST: LockKind = LockKind::new("rest").resource();
    static RECORD: Resource = Resource::named(&REST, "rest");
    let slot = attach()?;
    let ident = detector::identify(slot, &RECORD.record);
    let lock = (std::ptr::from_ref(ident), LockTraits::NONE);
    if awaited == WaitReason::Unpark {
        slot.life.mark_woken();
    }
    let is_parked = awaited == WaitReason::Unpark && !timed;
    let elsewhere = is_parked.then(ResourceWait::new);
    let request = WaitRequest::lock(WaitKind::Other(awaited), timed, lock, site);
    let published = Shown::new(slot, &request);
    if is_parked {
        later_looks::request_for_park(slot, threads::attach_unnumbered);
    }
    Some((published, elsewhere))
}
