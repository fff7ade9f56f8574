//! Finds lock-order inversions and deadlocks.
//!
//! Change an import, `std::sync` to [`lockwarden::sync`](sync) or `parking_lot` to
//! [`lockwarden::parking_lot`](parking_lot), and every lock of a debug build or a test run is
//! watched. A lock order that could deadlock is reported the first time it is seen, while nothing
//! hangs; a deadlock that forms, over locks, joins, messages, notifications or whatever else threads
//! wait for, is named at once and broken by a panic in a thread of it. In a release build the same
//! types are the bare ones.
//!
//! # Quick start
//!
//! ```no_run
//! use lockwarden::sync::Mutex;
//! use lockwarden::thread;
//!
//! static LEDGER: Mutex<i64> = Mutex::named("ledger", 0);
//! static AUDIT: Mutex<Vec<i64>> = Mutex::named("audit", Vec::new());
//!
//! fn book(amount: i64) {
//!     let mut ledger = LEDGER.lock().unwrap();
//!     AUDIT.lock().unwrap().push(amount);
//!     *ledger += amount;
//! }
//!
//! fn is_balanced() -> bool {
//!     let audit = AUDIT.lock().unwrap(); // The wrong way round: the audit log first.
//!     let ledger = LEDGER.lock().unwrap();
//!     audit.iter().sum::<i64>() == *ledger
//! }
//!
//! thread::scope(|scope| {
//!     scope.spawn(|| book(100));
//!     // Whether the two meet or not, this is reported on standard error:
//!     // lockwarden: Inversion: `ledger` and `audit` are taken in both orders
//!     scope.spawn(|| is_balanced());
//! });
//! ```
//!
//! # Modules, in the direction in which the data flows
//!
//! - [`testing`] is for tests: it runs a piece of one under supervision, and asserts what was found.
//! - [`sync`], [`parking_lot`] and [`thread`] are what a program imports in place of the
//!   originals. [`acquire`](mod@acquire) takes several locks at once, in an order that all threads
//!   agree on; [`declare_order`] tells the detector of an order ahead.
//! - [`instrument`] is how a lock tells the detector what it does. The wrappers use nothing else,
//!   and a lock of your own can use it too.
//! - [`report`] is what comes out: data, with a text.
//! - [`watchdog`] is a thread that tells what lasts too long, with all threads of the process.
//! - [`config`] says what is done about it, [`suppress`] what is not; [`status()`] says whether anything is watched.
//!
//! # Verdicts
//!
//! | [`Verdict`](report::Verdict) | claims | does not claim | by default |
//! |---|---|---|---|
//! | `Deadlock` | these threads cannot go on unless something acts that is not watched | that the whole process hangs | report, then panic in a thread of it: the one that closed it, if that is possible |
//! | `SelfDeadlock` | certain at this call | | the same, before it blocks |
//! | `Inversion` | a ring that no lock around it, no single thread and no spawn, join or hand-over excludes | that data never orders it | report |
//! | `RecursiveRead` | deadlocks if a writer queues between the two reads | the same of locks whose readers pass | report |
//! | `Abandoned` | a thread ended while it held a lock | | report |
//! | `Guarded`, `SingleThread`, `Ordered` | cannot deadlock as observed | that the code is safe: it becomes real if the lock, the thread or the order changes | count |
//! | `Stall` | lasted longer than a limit that somebody set, and lasts still | that it will not end | report, by the [`watchdog`] alone |
//!
//! # What is not detected
//!
//! - The order of locks that were not taken in this run.
//! - Locks that are not watched. Missing from a ring, one is a miss; missing as the lock that keeps
//!   two orders apart, it makes a false alarm.
//! - Waits for something that any thread might bring about (a message, a notification, a permit, an
//!   event, an arrival at a barrier) while some thread still runs, waits with a limit, or is unknown:
//!   it might be the one. Rust lets an end of a channel wander from thread to thread unseen, so
//!   nobody can say who has one. Such a wait is a `Deadlock` once every thread of the process, or of
//!   a check of a test, is blocked without a limit; the number of threads is asked of the system,
//!   which answers on Linux alone. A wait for a lock, a join, an initialisation or the result of a
//!   job is for certain threads, and is told whatever else runs.
//! - Waits for I/O, for processes, for an `unpark`.
//! - Order by other means: an atomic flag, or a message through a channel under its old import,
//!   that keeps two threads apart is not seen, so what they do counts as concurrent; nor is a
//!   notification that did not find the other thread asleep, or was not the only one meanwhile.
//! - Order that chance made: two threads between which a message or a notification went count as
//!   ordered, though another one could have taken its place.
//! - Hangs without a ring of waits: endless loops, livelock, starvation. The [`watchdog`] tells those
//!   that keep somebody waiting for too long, or miss a heartbeat.
//!
//! # Features
//!
//! - `always` keeps the instrumentation in builds without debug assertions: staging, and tests of
//!   optimised builds.
//! - `arc_lock` adds `lock_arc`, `read_arc` and the guards that own an `Arc` of their lock, to the
//!   `parking_lot` flavour.
//! - `channel` adds the module `channel`: the channels of `crossbeam-channel`, with `select!`.
//! - `json` lets the watchdog write its alerts as lines of JSON.
//! - `macros` adds the attribute `#[lockwarden::test]`.
//! - `metrics` lets the watchdog tell how many findings, waits and locks there are, through the
//!   `metrics` facade.
//! - `pool` adds the module `pool`: threads that do what they are given, and futures of the results.
//!   It brings `queue` with it.
//! - `queue` adds the module `queue`: queues that threads share, whose waits are watched.
//! - `send_guard` lets guards of the `parking_lot` flavour be sent to, and dropped on, another
//!   thread. Deadlocks over its locks are then not told, since nobody can say who holds them.
//! - `serde` makes the locks of the `parking_lot` flavour serialise through their contents.
//! - `signals`, on by default: dumps ask threads where they are by a signal, on Linux and Android.
//! - `systemd` lets the watchdog ping systemd while all is well.
//! - `timer` adds the module `timer`: callbacks that run later, or again and again.
//!
//! # Cost
//!
//! Without instrumentation, that of the bare locks. With it:
//!
//! | operation | cost |
//! |---|---|
//! | to make a lock | a few words beside the lock; it is not registered anywhere |
//! | the first acquisition of a lock | an id, from a block that the thread has for itself |
//! | an acquisition with nothing held | an entry in the thread's own list: no shared memory beside the lock, no allocation |
//! | an acquisition under others, in a known order | one comparison more |
//! | an acquisition in a new order | once: the lock of the graph, a search if the order is not the one so far, a stack for each new pair of lines |
//! | a wait | its publication; a look at the owner, and at all threads if that one waits too |
//! | a release | one entry less |
//! | to drop a lock | O(its orders), nothing if nothing was ever taken under it |
//! | a report | a text with source lines, and the names of its stacks, in the thread that found it |
//!
//! Memory is bounded by the locks that live and by the distinct orders between them; the
//! [limits](config::Limit) are said when they are reached. There is no thread of the detector
//! but the [`watchdog`], where one is asked for.

// Without instrumentation the wrappers use nothing of what lies below the records.
#![cfg_attr(
    not(any(debug_assertions, feature = "always")),
    allow(dead_code, unused_imports)
)]

// Tests.
pub mod testing;

// Wrappers.
pub mod acquire;
mod extra;
pub mod parking_lot;
pub mod sync;
pub mod thread;

// Under them: raw locks.
mod raw;

// Tracking.
pub mod instrument;
mod tracking;

// Engine.
mod engine;

// Atomics.
mod shim;

// Out.
pub mod config;
mod declare;
mod detector;
mod dump;
mod record;
pub mod report;
pub(crate) mod runtime;
mod sink;
pub mod suppress;
pub mod watchdog;

/// Makes a function a test that runs under [`testing::check`]: it fails if a deadlock is found, or an
/// order of locks that can lead to one, and if it does not end in time.
///
/// It stands in place of `#[test]`, and works with libtest and with cargo-nextest; `#[ignore]`,
/// `#[should_panic]` and a returned [`Result`] mean what they always do. Findings go to no sink: a
/// test that fails by them says all. Needs the feature `macros`.
///
/// | option | meaning | default |
/// |---|---|---|
/// | `timeout = "5s"` | the limit: `500ms`, `5s`, `2m` | 30 s, or `LOCKWARDEN_TEST_TIMEOUT` |
/// | `expect = "Inversion"` | the test passes if something with this [`Verdict`](report::Verdict) is found, and fails if not | nothing may be found |
/// | `graph = "Shared"` | the [`Graph`](testing::Graph) of orders | `Fresh` |
///
/// Where nothing is watched, a test that expects a finding is not run, and passes.
///
/// # Examples
///
/// ```
/// use lockwarden::sync::Mutex;
/// use lockwarden::thread;
///
/// #[lockwarden::test(timeout = "5s")]
/// fn adds_up() -> Result<(), std::num::ParseIntError> {
///     let total = Mutex::new(0);
///     let number: i32 = "42".parse()?;
///     thread::scope(|scope| {
///         scope.spawn(|| *total.lock().unwrap() += number);
///     });
///     assert_eq!(*total.lock().unwrap(), 42);
///     Ok(())
/// }
///
/// #[lockwarden::test(expect = "SelfDeadlock")]
/// fn locks_twice() {
///     let total = Mutex::new(0);
///     let _first = total.lock();
///     let _second = total.lock();
/// }
/// ```
///
/// An option that is not understood is an error of the compiler:
///
/// ```compile_fail
/// #[lockwarden::test(expect = "Inversoin")]
/// fn typed_in_haste() {}
/// ```
#[cfg(feature = "macros")]
pub use lockwarden_macros::test;

pub use self::acquire::acquire;
pub use self::declare::OrderError;
pub use self::detector::{declare_order, declare_order_file, status};
#[cfg(feature = "channel")]
#[doc(inline)]
pub use self::extra::channel;
#[cfg(feature = "pool")]
#[doc(inline)]
pub use self::extra::pool;
#[cfg(feature = "queue")]
#[doc(inline)]
pub use self::extra::queue;
#[cfg(feature = "timer")]
#[doc(inline)]
pub use self::extra::timer;

// The examples of the README are tested with the others.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
