//! What the operating system says of the threads of the process: the [`state`] of each, and, by a
//! [`signal`] that the thread itself answers, its stack.

mod no_stack;
pub(crate) mod signal;
mod state;

pub use self::no_stack::NoStack;
pub(crate) use self::state::{Seen, activity, look, sleeps_until_woken, threads};
