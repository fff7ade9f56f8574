//! What the polling thread passes to the thread that runs the actions.

use super::backoff::Notice;
use crate::dump::Dump;
use crate::report::{Facts, Report};

/// A dump, with a number of its own.
pub(super) type Numbered = (u64, Dump);

/// A message from the polling thread.
#[derive(Debug)]
pub(super) enum Message {
    /// A stall begins, or lasts.
    Lasts(Notice, Box<Facts>, Numbered),
    /// A stall is over.
    Over(Notice),
    /// A deadlock that the detector has reported.
    Deadlock(Box<Report>, Numbered),
    /// A request for a dump of all threads.
    Asked(Dump),
}
