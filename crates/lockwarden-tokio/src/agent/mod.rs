//! Tasks as agents: their identity, their waits and their polls.
//!
//! [`origin`] is the place where a task was spawned, [`identity`] the step from an anonymous task to a known one,
//! and [`task`] the data of a known task; [`root`] is the future round a whole task, which makes the polling thread
//! act as the task; [`frame`] is the state of one poll for the futures inside it; [`leaf`] is a wait, [`waits`] lists those of a task, and [`joining`] that of a join handle; [`mark`] and [`sent`] are what is known of some holds; [`probe`] is
//! one poll with a waker that counts; [`nested`] lists tasks in a `block_on`; [`thread`] numbers the threads, and [`census`] lists when those of the process slept; [`registry`] lists all tasks.

pub(crate) mod census;
mod clones;
pub(crate) mod frame;
pub(crate) mod identity;
pub(crate) mod image;
pub(crate) mod joining;
pub(crate) mod leaf;
pub(crate) mod mark;
pub(crate) mod nested;
pub(crate) mod origin;
pub(crate) mod probe;
pub(crate) mod registry;
pub(crate) mod root;
pub(crate) mod runtime;
mod sent;
pub(crate) mod stack;
pub(crate) mod task;
pub(crate) mod thread;
pub(crate) mod waits;
