//! A thread that polls all others, and reports what exceeds a limit.
//!
//! [`Watchdog::builder`] starts it, in staging or wherever a hang must not go unnoticed; the
//! environment variable `LOCKWARDEN_WATCHDOG=10s` does the same in a program that is not rebuilt.
//! [`dump()`] returns all threads on demand.
//!
//! # What it reports
//!
//! Each with its own limit, as a [`Stall`](crate::report::Verdict::Stall):
//!
//! - a wait for a tracked primitive that exceeds its limit: the waiting threads, the holders, for how
//!   long, the lines of their acquisitions, and what the holders do now;
//! - a hold that exceeds its limit;
//! - a [`Heartbeat`] that is missed; a run of a `timer::Periodic` has one by itself, and has to end
//!   before the next one is due;
//! - no progress of any thread, while some thread waits.
//!
//! The detector reports a deadlock at once. The watchdog receives the report, captures all threads
//! before the thread that closed the deadlock continues, and runs its actions for that report too.
//!
//! A report goes where the [configuration](crate::config) sends those of this verdict; one that is
//! ignored there or [suppressed](crate::suppress) is ignored here. Then the actions of the watchdog
//! run, in the order in which they were added, with a [`Dump`] of all threads. A process that ends
//! meanwhile waits for them for five seconds at most. `Action::Panic` counts
//! as `Action::Report` for a stall, since no code could catch that panic.
//!
//! A stall is reported once, then each time that its duration has doubled, then when it ends. Alerts
//! beyond the limit per minute are omitted, and the next alert has their number.
//!
//! # Why it is right
//!
//! The watchdog polls so often that an alert is late by at most a tenth of the limit, or by 10 ms where
//! that is more, if the machine schedules the thread. The other threads do no work for that: a wait is
//! published with its beginning anyway. A hold is distinguished from a later hold of the same lock by a
//! mark that the watchdog sets in the lockset entry, and that vanishes with the hold.
//!
//! If the thread wakes much later than it asked for, the machine slept, or the process was stopped,
//! perhaps by a debugger: all limits restart, and that time does not count.
//!
//! # Stacks
//!
//! A dump interrupts threads by a signal, 64 at once, and waits for their answers for 0.3 seconds at
//! most, or less when many do not answer; the handler writes to memory that was allocated before
//! (feature `signals`, on by default, Linux and Android). A thread that waits in slices, for a message
//! or a permit, captures its own stack when the wait has lasted for a while
//! ([`capture_delay`](Builder::capture_delay)), and gets no signal. A thread that waits for a lock or a
//! condition variable gets the signal: to wake up and capture its own stack, it would have to give up
//! its place in the queue. Function names are looked up when all stacks are captured, in the thread of
//! the watchdog or in the thread that displays the dump.
//!
//! A signal interrupts slow system calls. The system restarts most of them; those that wait for several
//! descriptors (`poll`, `select`, `epoll_wait`), or with a time-out, return `EINTR`, as with every
//! signal.
//!
//! # The environment variable
//!
//! Read when the program first uses a tracked primitive, so not in an uninstrumented build. The value
//! is a list of parts, separated by commas, for example
//! `LOCKWARDEN_WATCHDOG=10s,events=off,json=/tmp/alerts`: a limit for waits; `wait=`, `events=`,
//! `hold=` and `progress=` with a limit or `off`; `signal=` with a number or `off`; `quit` for dumps at
//! `SIGQUIT`; and the actions `stderr`, `event`, `json=PATH`, `abort`, `exit=CODE` and `restart=TIMES`.
//! The parts override the settings in the code. A part that is not understood is reported on standard
//! error, and the variable then has no effect; neither has `off`, beside which a watchdog that the
//! program itself starts goes on.
//!
//! # systemd and metrics
//!
//! With the feature `systemd` and [`systemd`](Builder::systemd), the watchdog pings systemd at half of
//! the `WatchdogSec` of the unit while nothing stalls, so that systemd restarts a program that stalls.
//!
//! With the feature `metrics` the watchdog exports, once a second and through the facade of that name:
//!
//! | name | type | what it counts |
//! |---|---|---|
//! | `lockwarden_findings_total` | counter, by `verdict` | reports that were made |
//! | `lockwarden_longest_wait_seconds` | gauge | the longest present wait for a tracked primitive |
//! | `lockwarden_threads_blocked` | gauge | threads that wait for a tracked primitive |
//! | `lockwarden_threads` | gauge | threads that use tracked primitives |
//! | `lockwarden_locks` | gauge | locks in the order graph |
//! | `lockwarden_edges` | gauge | edges of the order graph |
//!
//! # What it cannot see
//!
//! - Whether a stall will ever end. A thread that waits for work is a false alarm if
//!   [`wait_limit`](Builder::wait_limit) was set and the wait is not declared with [`idle`] or exempt
//!   by [`event_limit(None)`](Builder::event_limit).
//! - Threads that wait for untracked objects. They are in the dump, with their stacks.
//! - The beginning of a hold, more exactly than the interval of polls. Holds are not timed where
//!   addresses have 32 bits.
//! - The child of a fork: the thread does not exist there. A program can start another watchdog in it.
//! - A stop of the process that is shorter than a quarter of the shortest limit.
//!
//! # Cost
//!
//! Two threads that sleep nearly all the time: one polls, and one runs the actions. A poll reads what
//! each thread holds and waits for: some hundred nanoseconds for each thread. A dump takes some tens of
//! microseconds for each thread, and the lookup of names as long as [`Stack`](crate::report::Stack)
//! says.

mod action;
mod alert;
mod alert_thread;
mod backoff;
mod builder;
mod clock_gap;
mod describe;
mod environment;
pub(crate) mod error;
mod exporters;
mod handle;
mod heartbeat;
mod holds;
mod idle;
mod labels;
mod limits;
mod message;
#[cfg(feature = "metrics")]
mod metrics;
mod periodic;
mod poll_loop;
mod pulse;
mod sample;
mod shared;
mod stalls;
pub(crate) mod startup;
#[cfg(all(feature = "systemd", unix))]
mod systemd;

pub use self::alert::Alert;
pub use self::backoff::Phase;
pub use self::builder::Builder;
pub use self::error::Error;
pub use self::handle::Watchdog;
pub use self::heartbeat::{Heartbeat, Pause};
pub use self::idle::{Idle, idle};
pub use self::periodic::PeriodicRuns;
pub use crate::dump::{Dump, DumpedThread};
pub use crate::system::NoStack;

/// Captures all threads of the process: the state, the locks, the wait and the stack of each.
///
/// Needs no watchdog. If there is none yet, the call installs the handler of the signal that asks
/// threads for their stacks, unless the program handles that signal.
///
/// # Examples
///
/// ```
/// let dump = lockwarden::watchdog::dump();
/// assert!(!dump.threads.is_empty() || !cfg!(target_os = "linux"));
/// println!("{dump}");
/// ```
#[must_use]
pub fn dump() -> Dump {
    crate::dump::capture()
}
