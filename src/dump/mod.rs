//! A capture of all threads of the process.
//!
//! [`thread`] and [`Dump`] are the data, [`text`] formats them, [`capture`] makes them.

pub(crate) mod agents;
mod capture;
mod data;
mod text;
mod thread;

pub(crate) use self::capture::capture;
pub use self::data::Dump;
pub use self::thread::DumpedThread;
