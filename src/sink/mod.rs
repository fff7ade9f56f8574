//! Where reports go: standard error, `tracing`, a callback, and the end of the process.
//!
//! All of it runs in the thread that made the finding, with no lock of the detector held and with
//! its own use of locks not watched, both of which the caller sees to.

mod callback;
mod deliver;
mod listener;
mod stderr;
mod tracing;

pub(crate) use self::callback::guarded;
pub(crate) use self::deliver::{Then, deliver, tell, then};
pub(crate) use self::listener::listen;
pub(crate) use self::stderr::{say, write};
pub(crate) use self::tracing::started;
