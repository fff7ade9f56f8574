//! The scheduler of explorations: which thread of a schedule goes on, and what a schedule is.
//!
//! [`session`] gives one thread at a time the turn, a [`strategy`] chooses it, and an [`aim`] holds threads
//! back until a predicted deadlock can form. [`process`] makes a schedule of a whole process;
//! [`testing::explore`](crate::testing::explore) runs a closure in many.

pub(crate) mod aim;
mod asked;
pub(crate) mod course;
pub(crate) mod outside;
mod process;
pub(crate) mod schedule;
pub(crate) mod session;
pub(crate) mod strategy;
pub(crate) mod timeout;

pub(crate) use self::asked::asked;
pub(crate) use self::process::from_environment;
