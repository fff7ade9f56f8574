//! The destinations of reports: standard error, `tracing`, JSON lines, a callback, and the end of the
//! process.
//!
//! `tracing` and the callback receive a report in the thread that made the finding. The caller holds no
//! lock of the detector then, and has suspended the tracking of its own locks. A thread of the library
//! writes to standard error ([`delivery`]).

mod callback;
mod deliver;
mod delivery;
mod file;
#[cfg(feature = "json")]
pub(crate) mod json;
mod listener;
mod object;
mod say;
mod stderr;
pub(crate) mod summary;
mod time_of_day;
mod tracing;

pub(crate) use self::callback::{guarded, panic_message};
pub(crate) use self::deliver::{Then, deliver, emit, resolve, then};
#[cfg(any(unix, windows))]
pub(crate) use self::delivery::Ending;
pub(crate) use self::delivery::{AlertUnderWay, LAST, ProgramCall, flush, is_ending, settle_with};
#[cfg(unix)]
pub(crate) use self::delivery::{QUEUE, renew};
#[cfg(feature = "json")]
pub(crate) use self::file::{append_line, open_lines};
pub(crate) use self::listener::listen;
#[cfg(unix)]
pub(crate) use self::listener::{LISTENER, forget as forget_listener};
pub(crate) use self::object::Object;
pub(crate) use self::say::{print, say};
pub(crate) use self::time_of_day::{now_ms, since_1970};
pub(crate) use self::tracing::{emits_orders, started, to_subscriber};
