//! tokio, whose tasks are watched by [`lockwarden`]: lock-order inversions and deadlocks of async
//! programs.
//!
//! It is tokio: everything is there under its name, with its signature. `sync`, `task`, `runtime`,
//! `spawn`, `join!`, `try_join!` and `select!` are watched, the rest is passed on. In a build without
//! debug assertions, and without the feature `always`, all of it is tokio's own.
//!
//! ```no_run
//! use lockwarden_tokio as tokio;
//!
//! #[tokio::main]
//! async fn main() {
//!     let lock = tokio::sync::Mutex::new(0);
//!     let _held = lock.lock().await;
//!     // lockwarden: SelfDeadlock: task `src/main.rs:3:1` (#1) waits for the tokio Mutex made at
//!     // src/main.rs:5:16 (exclusive), which only it could release
//!     *lock.lock().await += 1;
//! }
//! ```
//!
//! # Adopting it
//!
//! - `use lockwarden_tokio as tokio;` in a module: `#[tokio::main]` and `#[tokio::test]` follow.
//! - `tokio = { package = "lockwarden-tokio", .. }` in `Cargo.toml`: no source is changed.
//!
//! # What is found
//!
//! | what | verdict |
//! |---|---|
//! | tasks that wait for each other's locks, permits, ends or initialisations | `Deadlock` |
//! | a task that waits for what it holds itself | `SelfDeadlock` |
//! | a lock or permit given to, or held by, a future that its task does not poll any more (futurelock) | `SelfDeadlock`, `Deadlock` |
//! | a task that waits for a lock of threads, on the only thread that could poll the holder | `Deadlock` |
//! | a lock of threads held across an `.await`, while a thread is blocked by it | `HeldAcrossAwait` |
//! | locks of threads and of tokio that two tasks take in opposite orders, in a run that passed | `Inversion` |
//! | a second read of an `RwLock` by one task | `RecursiveRead` |
//! | closures that fill the blocking pool and wait for one that it has no thread for; a runtime that is dropped on its own blocking pool, or under a lock that one of its closures wants | `Deadlock`, `SelfDeadlock` |
//! | a lock whose guard was leaked by a task that has ended, while another task waits for it | `Abandoned` |
//! | waits for room in a bounded channel, and for its messages if a stuck task has all places | `Deadlock` |
//! | the `block_on` of another crate, on the only thread, of what that thread would have to poll (Linux) | `Deadlock` |
//! | waits for messages, notifications, permits, meetings that nothing is left to end, in [`testing::check_async`], and in a test in a process in which nothing goes on (Linux) | `Deadlock` |
//!
//! How a wait is known to have no other end than the one that is reported is written in
//! `docs/async.md`, beside the sources.
//!
//! # What is not detected
//!
//! - Tasks that a library spawns through its own tokio: what they hold is not known, so waits for it
//!   are silent.
//! - Waits for timers, I/O and futures of other crates: a task in one of them counts as one that may
//!   go on. So does a task that waits in a `FuturesUnordered`, whose children
//!   are not asked.
//! - Messages of an unbounded or `oneshot` channel, notifications, and permits that were forgotten, own their
//!   semaphore or are of a static one, outside of a check and while something in the process goes on: any task or thread that has
//!   the other end, or the permit, could bring one. (On systems other than Linux always.)
//! - A `futures::executor`'s `block_on` within a task, while any thread of the process runs or could wake up by
//!   itself; on systems other than Linux always.
//! - On a runtime with several workers, one worker that waits for a lock which a suspended task holds: the
//!   report is `HeldAcrossAwait`. If every worker waits so, it is a `Deadlock`.
//!
//! # What could be reported wrongly
//!
//! The guard of a lock that was given to another task by means that are not watched (a
//! `Mutex<Option<_>>`, a task of tokio's own) counts as held by the task that took it, if it owns its
//! lock, or its lock is a static. One that may have
//! been given to a thread does not, nor does a permit that owns its semaphore or is of a static one. A guard that borrows for
//! ever, from a lock that was leaked or lies behind a static (`LazyLock<Arc<_>>`), counts as held by the task that took it
//! wherever it is given; so does such a permit, if it is given away otherwise than to a task that is spawned. The receiver of a
//! bounded channel that was given away by such means counts as a part of the task that received with it last, until
//! another task does. An acquisition that a timer gives up (`timeout`, `select!`) is part of an order as any other is, so
//! an `Inversion` can be of such. So is one in a branch of `futures::join!` or of a `join_all` of up to 30 futures, beside a
//! branch that holds a lock and waits for something other than a lock. A permit that was given back and a
//! `CancellationToken` order nothing, nor does a notification, a value of a `watch` channel or an added permit where another could
//! have ended the same wait: two phases that only these keep apart can be an `Inversion`. A future that stays pending without registering the
//! waker of the last poll breaks the contract of `Future::poll`, and is not seen. A deadlock that a
//! supervisor would end with an `AbortHandle` is reported as one.
//!
//! # Cost
//!
//! An acquisition that does not wait, and its release, are an atomic operation each; only one that waits
//! goes through tokio's semaphore, and takes an allocation. A task takes a word more than tokio's own until
//! it first uses a lock or waits for something that is watched; then an allocation and a place in a list,
//! and a slot of the detector if it was a lock. A task that is spawned by a thread or task
//! which has used a lock takes the allocation at once. A thread looks at tasks that wait for each other, some
//! milliseconds apart, and sleeps while there are none.

#[cfg(any(debug_assertions, feature = "always"))]
mod agent;
#[cfg(any(debug_assertions, feature = "always"))]
mod dump;
#[cfg(any(debug_assertions, feature = "always"))]
mod examine;
#[cfg(any(debug_assertions, feature = "always"))]
mod world;

#[doc(no_inline)]
pub use tokio::*;

#[cfg(all(feature = "macros", any(debug_assertions, feature = "always")))]
mod branches;
#[cfg(any(debug_assertions, feature = "always"))]
pub mod runtime;
#[cfg(any(debug_assertions, feature = "always"))]
pub mod sync;
#[cfg(any(debug_assertions, feature = "always"))]
pub mod task;

pub mod testing;

#[cfg(any(debug_assertions, feature = "always"))]
pub use self::dump::{Dump, OtherTasks, TaskState, TaskWait, dump, dump_within};
#[cfg(any(debug_assertions, feature = "always"))]
pub use self::task::spawn;

/// For the macros of this crate alone.
#[cfg(all(feature = "macros", any(debug_assertions, feature = "always")))]
#[doc(hidden)]
pub mod __private {
    pub use tokio;

    pub use crate::branches::Branched;
}

/// Whether a task of a deadlock is made to panic, where the configuration of lockwarden asks for a
/// panic (it does by default); if not, which is the default here, deadlocks of tasks are reported only, but for those in a
/// test that libtest runs.
///
/// The panic is raised in a wait of the task, which ends with a [`JoinError`](task::JoinError) and
/// releases what it holds. tokio's locks do not poison, so what they protect may be half written. With
/// `panic = "abort"` the process ends.
pub fn break_deadlocks(breaks: bool) {
    #[cfg(any(debug_assertions, feature = "always"))]
    examine::set_breaking(breaks);
    #[cfg(not(any(debug_assertions, feature = "always")))]
    let _ = breaks;
}
