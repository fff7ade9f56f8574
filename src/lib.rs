//! Finds lock-order inversions and deadlocks.
//!
//! Change an import, `std::sync` to [`lockwarden::sync`](sync) or `parking_lot` to
//! [`lockwarden::parking_lot`](parking_lot), and every lock of a debug build or a test run is
//! watched. A lock order that could deadlock is reported the first time the order is used, while
//! nothing hangs. A deadlock that forms, over locks, joins, channels, condition variables or any other
//! wait, is reported with its threads and source lines and broken by a panic in one thread of the cycle.
//! In a release build the same types are the bare locks.
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
//!     let audit = AUDIT.lock().unwrap(); // The opposite order: the audit log first.
//!     let ledger = LEDGER.lock().unwrap();
//!     audit.iter().sum::<i64>() == *ledger
//! }
//!
//! thread::scope(|scope| {
//!     scope.spawn(|| book(100));
//!     // Whether the two run at the same time or not, this is reported on standard error:
//!     // lockwarden: Inversion: `ledger` and `audit` are taken in both orders
//!     scope.spawn(|| is_balanced());
//! });
//! ```
//!
//! # Modules
//!
//! - [`sync`], [`parking_lot`] and [`thread`] replace the imports of the originals.
//!   [`acquire`](mod@acquire) takes several locks at once, in one order that all threads agree on;
//!   [`declare_order`] declares an order before it is ever taken.
//! - [`testing`] runs a closure with a time limit and collects what its threads found.
//! - [`config`] sets the action for each verdict, [`suppress`] accepts single findings, and [`status()`]
//!   says whether locks are watched.
//! - [`report`] holds a finding as data, with a text.
//! - [`watchdog`] reports waits, holds and heartbeats that exceed a limit, with the stacks of all threads.
//! - [`instrument`] records the events of any other primitive. The wrappers use nothing else.
//!
//! # Verdicts
//!
//! | [`Verdict`](report::Verdict) | claims | by default |
//! |---|---|---|
//! | `Deadlock` | these threads wait for each other and cannot continue unless something unwatched acts | report, then a panic in one thread of the cycle |
//! | `SelfDeadlock` | this call waits for a lock that its own thread holds, or for an event that only its own thread could cause | the same, before the thread blocks |
//! | `Inversion` | a cycle of lock orders by different threads, which no gate lock, spawn, join or message excludes | report |
//! | `RecursiveRead` | a second shared acquisition, which a queued writer would block for ever | report |
//! | `Abandoned` | a thread ended while it held a lock | report |
//! | `HeldAcrossAwait` | a task is suspended while it holds a lock of threads, and a thread is blocked by that (`lockwarden-tokio`) | report |
//! | `Stall` | a wait, a hold or a heartbeat exceeded its limit (the [`watchdog`] only) | report |
//! | `Guarded`, `SingleThread`, `Ordered` | a cycle that a gate lock, a single thread or a happens-before order excludes, as observed | ignore, which is to count |
//!
//! Locks that are not watched, code that did not run, waits for I/O or for other processes, and hangs
//! that are no deadlock are not detected; `docs/verdicts.md` has the exact claims and all limits.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `always` | instrumentation in builds without debug assertions |
//! | `arc_lock` | `lock_arc`, `read_arc` and the guards that own an `Arc` of their lock, in [`parking_lot`] |
//! | `channel` | the module `channel`: the channels of `crossbeam-channel`, with `select!` |
//! | `json` | reports and alerts as lines of JSON |
//! | `macros` | the attribute `#[lockwarden::test]` |
//! | `metrics` | counts of findings, waits and locks through the `metrics` facade |
//! | `pool` | the module `pool`: thread pools whose jobs have handles; includes `queue` |
//! | `queue` | the module `queue`: FIFO, LIFO and priority queues |
//! | `send_guard` | guards of [`parking_lot`] may move to another thread; since any thread may then hold them, a deadlock over those locks is reported only if every thread of the program is blocked, and no `Abandoned` |
//! | `serde` | `Serialize` and `Deserialize` for the locks of [`parking_lot`] |
//! | `signals` | dumps interrupt threads by a signal to capture their stacks, on Linux and Android; on by default |
//! | `systemd` | the watchdog pings systemd while no limit is exceeded |
//! | `timer` | the module `timer`: callbacks that run once, or at a fixed rate |
//!
//! # Cost
//!
//! An unwatched build compiles to the bare locks. In a watched build an acquisition in a known order
//! writes to the thread's own lockset and to the lock, and allocates nothing; a new order takes the lock
//! of the order graph once, and captures a stack for each new pair of lines. Memory is bounded by the
//! locks that live, the distinct orders between them, and the [limits](config::Limit).
//! `docs/performance.md` has the measurements.
//!
//! # Further pages
//!
//! In the folder `docs` of the package: `adopt.md` (builds, names, tests, staging, locks of your own),
//! `configure.md` (code and environment), `verdicts.md`, `accuracy.md`, `performance.md`, `reach.md` (whole
//! programs without a change), `async.md` (tasks), `explore.md` (many interleavings), `records.md` (over many
//! processes), `compare.md`,
//! `architecture.md`, `glossary.md`.

// A process forks on Unix alone, and its end is observed there and on Windows; what exists for these is compiled
// everywhere.
#![cfg_attr(not(unix), allow(dead_code, unused_imports))]
// Without instrumentation the wrappers use only empty records: the rooms below are unused.
#![cfg_attr(
    not(any(debug_assertions, feature = "always")),
    allow(dead_code, unused_imports)
)]

// For tests.
pub mod testing;

// Wrappers.
pub mod acquire;
mod extra;
pub mod parking_lot;
pub mod sync;
pub mod thread;

// Raw locks.
mod raw;

// Tracking.
pub mod instrument;
mod tracking;

// Engine.
mod engine;
mod explore;

// Atomics and mutexes, replaced by loom in the models.
mod shim;

// Detector, configuration and outputs.
pub mod config;
mod declare;
mod detector;
mod dump;
mod record;
pub mod report;
pub(crate) mod runtime;
mod sink;
pub mod suppress;
mod system;
mod variables;
pub mod watchdog;

/// Makes a function a test that runs under [`testing::check`]: the test fails if a deadlock or an
/// inversion is found, and if it exceeds its time limit.
///
/// The attribute replaces `#[test]`, and works with libtest and with cargo-nextest; `#[ignore]`,
/// `#[should_panic]` and a returned [`Result`] keep their meaning. Findings go to no sink: the message of
/// the failed test contains them. Needs the feature `macros`.
///
/// | option | meaning | default |
/// |---|---|---|
/// | `timeout = "5s"` | the time limit: `500ms`, `5s`, `2m`, at most a day | 30 s, or `LOCKWARDEN_TEST_TIMEOUT` |
/// | `expect = "Inversion"` | the test passes if a finding with this [`Verdict`](report::Verdict) is made, and fails if not | no finding may be made |
/// | `graph = "Shared"` | the [`Graph`](testing::Graph) of orders | `Fresh` |
/// | `explore = 1000` | the test is [explored](testing::explore): the most schedules | one run, or `LOCKWARDEN_EXPLORE` |
/// | `seed = 7` | the seed of an exploration | 0 |
/// | `strategy = "pct:3"` | its [`Strategy`](testing::explore::Strategy): `random`, `pct:3`, `depth-first:2`, `partial-order` | `random` |
/// | `lockwarden = "my::lockwarden"` | the path of this crate, where its package is renamed | `::lockwarden` |
///
/// An `async fn` is run by the crate `lockwarden-tokio`, under the name `tokio`, which a `use` or a renamed
/// package can give it. It has three more options:
///
/// | option | what it is | without it |
/// |---|---|---|
/// | `workers = 2` | the worker threads of a multi-thread runtime | a current-thread runtime |
/// | `paused = true` | the clock stands still while a task can run | time passes |
/// | `tokio = "my::tokio"` | the path of the crate | `tokio` |
///
/// In a build without instrumentation, a test that expects a finding is not run, and passes.
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
/// An unknown option, or a value that an option does not allow, is a compile error:
///
/// ```compile_fail
/// #[lockwarden::test(expect = "Inversoin")]
/// fn typed_in_haste() {}
/// ```
#[cfg(feature = "macros")]
pub use lockwarden_macros::test;

pub use self::acquire::acquire;
pub use self::declare::OrderError;
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
pub use self::instrument::declare_order::{declare_order, declare_order_file};
pub use self::record::write_times;
pub use self::runtime::status::status;

// The examples of the pages are tested with the others.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../docs/adopt.md")]
struct Adopt;

#[cfg(doctest)]
#[doc = include_str!("../docs/configure.md")]
struct Configure;

#[cfg(doctest)]
#[doc = include_str!("../docs/verdicts.md")]
struct Verdicts;
