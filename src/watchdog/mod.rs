//! A thread that watches over all others, and tells what does not go on.
//!
//! [`Watchdog::builder`] starts it, in staging or wherever a program must not stand still unseen;
//! the environment variable `LOCKWARDEN_WATCHDOG=10s` does the same in a program that nobody wants to
//! build anew. [`dump()`] gives all threads on demand.
//!
//! # What it reports
//!
//! Each with its own limit, as a [`Stall`](crate::report::Verdict::Stall):
//!
//! - a wait for a tracked primitive that lasts too long: who waits, who holds what it waits for, for
//!   how long, taken where, and what the holder does now;
//! - a hold that lasts too long;
//! - a [`Heartbeat`] that is missed; a run of a `timer::Periodic` has one by itself, and is to be over
//!   before the next one is due;
//! - no progress anywhere, while some thread waits.
//!
//! A deadlock is told by the detector at once. The watchdog is handed its report, looks at all
//! threads before the one that closed it goes on, and does its actions about it too.
//!
//! A report goes where the [configuration](crate::config) sends those of this verdict; one that is
//! ignored there or [suppressed](crate::suppress) is ignored here. Then come the actions of the
//! watchdog, in the order given, with a [`Dump`] of all threads. Since nobody could catch it,
//! `Action::Panic` is `Action::Report` for a stall.
//!
//! A stall is told once, then each time that it has lasted twice as long, then its end. What is
//! beyond the number of alerts in a minute is left out, and the number is told with the next one.
//!
//! # Why it is right
//!
//! The watchdog looks from time to time: so often that it tells of a limit that was passed at most a
//! tenth of the limit late, or 10 ms where that is more, if the machine lets it run. Nobody else does
//! anything for that: a wait was published with its beginning anyway, and a hold is told from the
//! next one of the same lock by a mark that the watchdog leaves in the list of held locks, and that
//! goes with the hold.
//!
//! If it wakes up much later than it asked for, then the machine slept, the process was stopped, or
//! somebody looks at it with a debugger: all limits start again, so nothing is told of that time.
//!
//! # Stacks
//!
//! A thread is asked where it is by a signal, 64 of them at once, and waited for 0.3 seconds at most,
//! or less when many do not answer; the answer goes into memory that was set aside before (feature `signals`, on by default,
//! Linux and Android). A thread that waits in slices, for a message or a permit, takes note of where it
//! is when it has waited for a while ([`capture_delay`](Builder::capture_delay)), and is not asked. One
//! that waits for a lock or a condition variable is: to wake up in order to look at itself, it would
//! have to give up its place in the queue. The names of the functions are
//! looked up in the thread of the watchdog, or in that which displays the dump, when all is captured.
//!
//! A signal interrupts what the system calls a slow call. The system starts most of them again; those
//! that wait for several things (`poll`, `select`, `epoll_wait`), or with a time-out, return `EINTR`,
//! as they do with every signal.
//!
//! # The environment variable
//!
//! Read when the program first uses a tracked primitive, so not in a build that tracks nothing. It is
//! a list of parts, separated by commas, for example `LOCKWARDEN_WATCHDOG=10s,events=off,json=/tmp/alerts`:
//! a limit for waits; `wait=`, `events=`, `hold=` and `progress=` with a limit or `off`; `signal=`
//! with a number or `off`; `quit` for dumps at `SIGQUIT`; and the actions `stderr`, `event`,
//! `json=PATH`, `abort`, `exit=CODE` and `restart=TIMES`. It is put over what the program says. One
//! that is not understood is said on standard error, and starts nothing.
//!
//! # systemd and metrics
//!
//! With the feature `systemd` and [`systemd`](Builder::systemd), the watchdog pings systemd at half of
//! the `WatchdogSec` of the unit while nothing stalls, so that systemd restarts a program that does.
//!
//! With the feature `metrics` it tells, once a second and through the facade of that name, the counter
//! `lockwarden_findings_total` by `verdict`, and the gauges `lockwarden_longest_wait_seconds`,
//! `lockwarden_threads_blocked`, `lockwarden_threads`, `lockwarden_locks` and `lockwarden_edges`.
//!
//! # What it cannot see
//!
//! - Whether what lasts long will ever end; that is for the one who sets the limit to know. A thread
//!   that waits for work is a false alarm if [`wait_limit`](Builder::wait_limit) was set and nobody
//!   says so: with [`idle`], or by [`event_limit(None)`](Builder::event_limit).
//! - Threads that wait for something that is not tracked. They are in the dump, with their stacks.
//! - When a hold began, more exactly than from look to look. Holds are not timed where addresses have
//!   32 bits.
//! - The child of a fork: the thread is not there. A program can start another watchdog in it.
//! - A stop of the process that is shorter than a quarter of the shortest limit.
//!
//! # Cost
//!
//! Two threads that sleep nearly all the time: one looks, and one tells what it has seen. A look reads what each thread holds and waits for: some
//! hundred nanoseconds a thread. A dump takes some tens of microseconds a thread, and the lookup of
//! names as long as [`Stack`](crate::report::Stack) says.

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
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "timer")]
mod periodic;
mod poll_loop;
mod sample;
mod shared;
mod stalls;
#[cfg(all(feature = "systemd", unix))]
mod systemd;

pub use self::alert::Alert;
pub use self::backoff::Phase;
pub use self::builder::Builder;
pub(crate) use self::environment::from_environment;
pub use self::error::Error;
pub use self::handle::Watchdog;
pub use self::heartbeat::{Heartbeat, Pause};
pub use self::idle::{Idle, idle};
#[cfg(feature = "timer")]
pub(crate) use self::periodic::PeriodicRuns;
pub use crate::dump::{Dump, DumpedThread, NoStack};

/// All threads of the process, as they are now: what each does, holds and waits for, and where it is.
///
/// Needs no watchdog. If there is none yet, the signal by which threads are asked is handled from now
/// on, unless the program handles it.
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
