//! Deadlocks: of a thread with itself, before it waits, and of several threads, when the last of them waits.
//!
//! A thread publishes its wait and then looks at all others. One thread of a deadlock is the last to publish,
//! and that thread sees the records of all others, so no polling is needed. The only other event that can
//! close a deadlock is the end of a thread, which looks on behalf of the threads that remain.
//!
//! The wait-for graph is reduced by `engine::wait_for`. What is found is real:
//!
//! - A waiting thread releases nothing. A published wait for a lock can be out of date only if its thread
//!   got the lock meanwhile; but then the holder released the lock, and did not wait.
//! - A thread that provides something for which others wait, other than the release of a lock, records that
//!   afterwards in the `ResourceState` of the resource. By that, a waiter that may have been satisfied, and only has not
//!   woken yet, is recognised and counts as running.
//! - A wait that any thread may end counts as deadlocked only if every thread of the process is: known to
//!   the detector, and blocked without a timeout.
//!
//! All epochs are read again at the end, under the detector's lock.
//!
//! A reader that waits behind a queued writer is a special case: only the lock itself decides whether the writer was
//! queued first. If the reader is the calling thread, it tries to acquire the lock once more before it
//! reports; if it is another thread, the observed state has to last for a while.

mod claim;
mod description;
mod lock_cycle;
mod lock_wait;
#[cfg(all(loom, test))]
#[path = "../../../tests/models/deadlock.rs"]
mod models;
mod parked;
mod reduction;
pub(crate) mod reported;
mod resource_wait;
mod sleepers;
mod snapshot;
mod stacks;
mod stuck_set;
mod test_runner;
mod thread_exit;
mod untracked;
mod victim;

pub(crate) use self::claim::{is_reported, let_another_thread_report};
#[cfg(all(loom, test))]
pub(super) use self::lock_wait::closed;
pub(crate) use self::lock_wait::{look, with_itself};
pub(crate) use self::resource_wait::{
    ResourceWait, Stuck, alone, any_resource_wait, check_resource_wait, is_alone,
};
pub(crate) use self::sleepers::Answers;
pub(super) use self::snapshot::conflicts;
pub(crate) use self::stuck_set::{Deadlock, Detected};
pub(crate) use self::test_runner::ask as runs_test;
pub(crate) use self::thread_exit::{blocks_itself, check_later, provider_left, thread_ended};
pub(crate) use self::victim::{interrupt, unbroken};
