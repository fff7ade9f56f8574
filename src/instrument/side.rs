//! The two sides of a channel, and how those meet who wait on them.

use std::time::Duration;

/// Long enough for two that wait for each other to meet, if both run.
const GLIMPSE: Duration = Duration::from_millis(1);

/// On which side of a channel a thread is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// It has something for whoever receives.
    Sending,
    /// It wants something of whoever sends.
    Receiving,
}

impl Side {
    /// The side on which those are that it waits for.
    pub(crate) fn opposite(self) -> Self {
        match self {
            Side::Sending => Side::Receiving,
            Side::Receiving => Side::Sending,
        }
    }
}

/// One attempt at a direct hand-over, which goes on for as long as somebody waits on the other side
/// too: the two of them will meet.
///
/// If both looked up between their attempts, each might do so while the other does not look, and
/// both would seem to wait for nobody.
pub(crate) fn block_on<R>(
    limit: Option<Duration>,
    is_met: impl Fn() -> bool,
    mut attempt: impl FnMut(Option<Duration>) -> Option<R>,
) -> Option<R> {
    let mut done = attempt(limit);
    while done.is_none() && is_met() {
        done = attempt(limit.map(|limit| limit.max(GLIMPSE)));
    }
    done
}
