//! Interface through which a primitive reports attempt, acquisition, release and wait to the
//! detector.
//!
//! The locks of this crate use this interface only, and any other lock can use it too. A primitive
//! keeps one [`Lock`] record beside its state, and calls it at four points:
//!
//! 1. `acquired`, right after an acquisition that did not have to wait;
//! 2. `attempt`, right before a wait; then `acquired` on the returned [`Attempt`], or a drop of it
//!    if the caller gave up;
//! 3. `released`, right before the release, with the [`Hold`] that the acquisition returned;
//! 4. `converted`, when a hold changes its mode in place.
//!
//! In a build without instrumentation every record is zero-sized and every call is empty.
//!
//! # Examples
//!
//! A spin lock that the detector tracks like any lock of this crate:
//!
//! ```
//! use std::panic::Location;
//! use std::sync::atomic::{AtomicBool, Ordering};
//! use lockwarden::instrument::{Hold, AcquireKind, Lock, LockKind, Mode};
//!
//! static SPIN: LockKind = LockKind::new("SpinLock");
//!
//! struct SpinLock { locked: AtomicBool, record: Lock }
//!
//! impl SpinLock {
//!     #[track_caller]
//!     const fn new() -> Self {
//!         Self { locked: AtomicBool::new(false), record: Lock::new(&SPIN) }
//!     }
//!
//!     #[track_caller]
//!     fn lock(&self) -> Hold {
//!         let site = Location::caller();
//!         if !self.locked.swap(true, Ordering::Acquire) {
//!             return self.record.acquired(Mode::Exclusive, AcquireKind::Blocking, site);
//!         }
//!         let attempt = self.record.attempt(Mode::Exclusive, AcquireKind::Blocking, site);
//!         while self.locked.swap(true, Ordering::Acquire) {
//!             std::thread::yield_now();
//!         }
//!         attempt.acquired()
//!     }
//!
//!     fn unlock(&self, hold: Hold) {
//!         self.record.released(hold);
//!         self.locked.store(false, Ordering::Release);
//!     }
//! }
//!
//! let lock = SpinLock::new();
//! let hold = lock.lock();
//! lock.unlock(hold);
//! ```

mod deadline;
pub(crate) mod declare_order;
mod guard_marker;
mod held;
// The documentation is that of `on`, with which docs.rs builds.
#[cfg(not(any(debug_assertions, feature = "always")))]
#[allow(missing_docs)]
mod off;
#[cfg(any(debug_assertions, feature = "always"))]
mod on;
mod side;
mod stamped;
mod tracked;
mod violation;

#[cfg(not(any(debug_assertions, feature = "always")))]
use self::off as chosen;
#[cfg(any(debug_assertions, feature = "always"))]
use self::on as chosen;

pub use self::chosen::*;
pub use self::deadline::{deadline_after, deadline_from};
pub use self::guard_marker::GuardMarker;
pub(crate) use self::held::{HeldHere, Term};
pub use self::side::{Side, block_on, hand_over_completed, select_on};
pub use self::stamped::Stamped;
pub use self::tracked::Tracked;
pub use self::violation::{LockOrderViolation, LockRef, ViolationReason};
pub use crate::detector::observation::Observation;
pub use crate::engine::counts::Counts;
pub use crate::engine::ids::{LockId, Site, ThreadId};
pub use crate::engine::mode::{AcquireKind, Mode, ReadPolicy};
pub use crate::engine::wait_reason::WaitReason;
pub use crate::system::{FutexSleep, futex_sleep, handles_signals, switches_of_asleep};
pub use crate::tracking::lock::kind::LockKind;
pub use crate::tracking::scheduled::FailedTry;
pub use crate::tracking::thread::remote_panic::Wake;
pub use crate::tracking::thread::wait::HAS_CLOCK;

pub use crate::detector::ON;
