//! Finds tasks that can never go on.
//!
//! A thread looks, some milliseconds apart and only while tasks wait for each other ([`monitor`]).
//! It takes what each task waits for and holds ([`graph`]), reduces that to those that cannot move
//! ([`need`]), asks them for a probe each, looks again, and reports those of whom nothing has
//! changed ([`report`]).
//!
//! # Why a verdict is right
//!
//! A task is taken for stuck only if, in a poll with a waker of its own, nothing but waits of this
//! crate has registered that waker, and it was not polled since. Who could end such a wait is known:
//! for a lock those who hold it, by the slots of the core; for a join the task itself. All of them
//! are stuck too. A task that no probe reaches, since the threads that could poll it are blocked, is taken for
//! stuck only for these threads. The counts of polls of all of them are read, then what they hold and wait for, then
//! the counts again: between the two reads none was polled, so all that was read held at one moment,
//! and at that moment none of them could be woken but by another of them.
//!
//! The first such look only makes them candidates. They are reported if a second one, with a probe of
//! each that is younger than the first look, shows the same tasks in the same waits.
//!
//! In a test of libtest or a program that hangs ([`hang`]), all threads of the process sleep until one of them wakes another. So what
//! any task or thread could end does not end either, and what its tasks wait for is reported.
//!
//! A task that is being polled answers no probe. It is stuck if its thread sleeps, and all threads of the process
//! do ([`stillness`]).

mod canary;
mod closing;
mod graph;
mod hang;
mod held;
mod monitor;
mod need;
#[cfg(all(test, feature = "full"))]
mod oracle;
mod outsiders;
mod report;
mod stillness;

pub(crate) use self::closing::{dropped, drops};
pub(crate) use self::hang::{drives, has_driven};
pub(crate) use self::held::{resumed, suspended};
pub(crate) use self::monitor::{agent_blocks, look_out, wait_began};
pub(crate) use self::report::set_breaking;
