//! A capture of all threads of the process.
//!
//! [`thread`] and [`Dump`] are the data, [`text`] formats them, [`capture`] makes them; [`system`]
//! reads the state of a thread from the operating system.

pub(crate) mod agents;
mod capture;
mod data;
pub(crate) mod signal;
mod system;
mod text;
mod thread;

pub(crate) use self::capture::capture;
pub use self::data::Dump;
pub(crate) use self::system::{activity, threads};
pub use self::thread::{DumpedThread, NoStack};
