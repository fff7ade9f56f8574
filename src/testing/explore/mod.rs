//! Runs a test in many interleavings, and finds the one that hangs.
//!
//! [`explore`](explore()) runs a closure again and again. Exactly one of its threads runs at a time: at each
//! acquisition of a lock, each wait and each end of a thread a [`Strategy`] chooses the one that goes
//! on. When no thread can go on, that is a deadlock, found at once; nothing has to hang for it. Each
//! finding has the [`Schedule`] that shows it, and [`Explore::replay`] runs that again, under a debugger
//! too.
//!
//! Each schedule is a [`check`](super::check()) beside: what the detector finds in it, such as an order
//! of locks that could deadlock, is among the findings.
//!
//! # Examples
//!
//! Two threads that take two locks in opposite orders deadlock in some schedules alone:
//!
//! ```
//! use lockwarden::sync::{Arc, Mutex};
//! use lockwarden::testing::explore::explore;
//! use lockwarden::thread;
//!
//! let outcome = explore(|| {
//!     let (left, right) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
//!     let (other_left, other_right) = (Arc::clone(&left), Arc::clone(&right));
//!     let other = thread::spawn(move || {
//!         let _right = other_right.lock().unwrap();
//!         let _left = other_left.lock().unwrap();
//!     });
//!     let first = left.lock().unwrap();
//!     drop(right.lock().unwrap());
//!     drop(first);
//!     let _ = other.join();
//! })
//! .schedules(1_000)
//! .run();
//! if let Some(finding) = outcome.assert_deadlock() {
//!     println!("after {} schedules\n{finding}", finding.number());
//! }
//! ```
//!
//! # Where a thread can be interrupted
//!
//! Before it acquires a lock of this crate, of any kind; before it waits on a condition variable, or
//! notifies; before each operation of a channel, a queue, a pool, a semaphore, an event, a barrier or a
//! `Once`; where it waits for one of these, or for the end of a thread; where it sleeps, parks, yields or
//! asks whether a thread has ended; and at its end. A sleep takes no time. A wait with a limit may end
//! without success at any later point, whatever the limit, and takes no time. If a body has once tried a
//! lock or waited for something with a limit, the schedules after that can also interrupt a thread that
//! has just acquired a lock: before that, no thread could tell the difference.
//!
//! There is no point at a release: what other threads do between it and the step before can as well be
//! done after the release (Lipton: "Reduction", CACM 1975), and the next step that others can see has a
//! point of its own.
//!
//! # What a finding shows
//!
//! The schedule of a deadlock or a panic is made [shorter](Explore::shrink), and its steps are shown in a
//! column for each thread. [`Explore::replay`] runs it again, and so does
//! `LOCKWARDEN_EXPLORE="replay=…"` for a test that is not changed. [`Explore::confirm`] turns a prediction
//! of the detector into a schedule that deadlocks, or says what prevents it.
//!
//! # Tests
//!
//! `#[lockwarden::test(explore = 1000)]` explores a test, with `seed = 7` and `strategy = "pct:3"` where
//! they are wanted. `LOCKWARDEN_EXPLORE=1000,seed=7,strategy=pct:3` does it for each
//! `#[lockwarden::test]` that is run, and overrides the attribute. [`check`](super::check()) and
//! [`assert_deadlock_free!`](crate::assert_deadlock_free) run what can be run only once, so the variable
//! does not concern them; `replay=` in it concerns each exploration of the process. For a plain `#[test]`
//! there is `cargo lockwarden explore`, by which each schedule is a process of its own.
//!
//! # What the body has to do
//!
//! It must do the same each time that it runs in the same schedule: no random numbers, no clock, no
//! state that it leaves in a static. Its threads are those that it starts through
//! [`lockwarden::thread`](crate::thread), and those that they start in turn; others run as they like.
//!
//! A schedule ends when all its threads have ended, or when the body has and the rest waits, be it in loops of waits
//! with a limit. Threads that wait then, and those of a schedule that cannot go on, unwind out of their waits, without a message;
//! destructors run.
//!
//! # What it cannot see
//!
//! - A step that another thread can see and that is no operation of this crate, such as one of an atomic,
//!   is made together with the operation before. A bug that needs an interruption between the two is not
//!   found.
//! - A thread that stays away from the scheduler for longer than two seconds, or as
//!   [`Explore::patience`] says, loses its turn to another one: it waits for I/O, for a lock that is not
//!   watched, or it spins. Both may then run at the same time; such a schedule is not
//!   [exact](Finding::is_exact), and [`Outcome::outside`] has the stack of the thread. In the schedules
//!   after that a thread loses its turn after 50 milliseconds.
//! - A loop that looks at the clock until a time has come takes real time, at a millisecond for each turn, once no
//!   thread can go on but those in loops of waits with a limit, of sleeps or of yields.
//! - A `park` lets other threads go first, and may then return whether the thread was unparked or not, as
//!   std allows. A thread that is never unparked is not found.
//! - A schedule with more than 100,000 choices is left to itself, as inexact, until its time is over.
//! - A notification goes to the thread that has waited longest, as `parking_lot` has it; one from a thread
//!   that is not explored reaches no thread that is. No thread wakes without one.
//! - Destructors of thread-locals run outside of all control.
//!
//! # Cost
//!
//! None for the locks of threads that are not explored, and two instructions for an operation of another
//! primitive. A schedule costs the start of the threads of the body, and a
//! switch between two threads of the system at each point at which another one is chosen.

mod confirm;
mod finding;
mod outcome;
mod points;
mod progress;
mod quiet;
mod run;
mod shrink;

pub use self::confirm::{Confirmation, Prevented};
pub use self::finding::{Finding, FindingKind, Stuck};
pub use self::outcome::Outcome;
pub use self::points::{point, spin_loop};
pub use self::run::{Explore, explore};
pub use crate::explore::outside::Outside;
pub use crate::explore::schedule::{Schedule, ScheduleError};
pub use crate::explore::strategy::{Strategy, StrategyError};
