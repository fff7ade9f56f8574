//! Tasks as agents: who they are, what they wait for, and when they are polled.
//!
//! [`origin`] is where a task comes from, [`identity`] whether more is known of it, and [`task`] what;
//! [`root`] is the future round a whole task, which says who
//! polls; [`frame`] is what a poll leaves for those below it; [`leaf`] is a wait; [`probe`] is one
//! poll with a waker that counts; [`nested`] lists tasks in a `block_on`; [`registry`] lists all tasks.

mod clones;
pub(crate) mod frame;
pub(crate) mod identity;
pub(crate) mod image;
pub(crate) mod leaf;
pub(crate) mod mark;
pub(crate) mod nested;
pub(crate) mod origin;
pub(crate) mod probe;
pub(crate) mod registry;
pub(crate) mod root;
pub(crate) mod runtime;
pub(crate) mod stack;
pub(crate) mod task;
