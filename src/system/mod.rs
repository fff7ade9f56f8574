//! What the operating system says of the threads of the process: the [`state`] of each, and, by a
//! [`signal`] that the thread itself answers, its stack. [`spawn`] starts the threads of the library.

mod claim;
mod futex_sleep;
mod no_stack;
pub(crate) mod signal;
mod spawn;
mod state;
mod switches;

pub(crate) use self::claim::Claim;
pub(crate) use self::futex_sleep::{FutexCall, futex_call, is_private};
pub use self::futex_sleep::{FutexSleep, futex_sleep};
pub use self::no_stack::NoStack;
pub use self::signal::handles_signals;
pub(crate) use self::spawn::spawn;
pub(crate) use self::state::{Seen, activity, look, threads};
pub use self::switches::switches_of_asleep;
