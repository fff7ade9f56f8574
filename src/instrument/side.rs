//! Sides of a channel, and the retry loop of a direct hand-over.

use std::time::Duration;

use super::Scheduled;

/// Minimum length of an attempt while the counterpart waits too; long enough for the two to meet if
/// both run.
const GLIMPSE: Duration = Duration::from_millis(1);

/// Side of a channel on which a thread waits.
///
/// # Examples
///
/// ```
/// use lockwarden::instrument::Side;
///
/// assert_eq!(Side::Sending.opposite(), Side::Receiving);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The thread sends to a receiver.
    Sending,
    /// The thread receives from a sender.
    Receiving,
}

impl Side {
    /// Returns the side that can end a wait on this side.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Side::Sending => Side::Receiving,
            Side::Receiving => Side::Sending,
        }
    }
}

/// Attempts a direct hand-over, and repeats the attempt for as long as a thread waits on the other
/// side too, since the two will meet.
///
/// Without the repetition, each of the two could leave the rendezvous between its attempts just
/// when the other one is in it, and both would seem to wait without a counterpart.
///
/// `partners` are the places where the counterpart waits. In an exploration, where only one of the two has
/// its turn, the other one runs beside it until the message is handed over.
///
/// # Examples
///
/// ```
/// use lockwarden::instrument::block_on;
///
/// let mut attempts = 0;
/// let met = block_on(None, || true, &[], |_| {
///     attempts += 1;
///     (attempts == 2).then_some("met")
/// });
/// assert_eq!(met, Some("met"));
/// ```
pub fn block_on<R>(
    limit: Option<Duration>,
    is_met: impl Fn() -> bool,
    partners: &[usize],
    attempt: impl FnMut(Option<Duration>) -> Option<R>,
) -> Option<R> {
    let done = select_on(limit, is_met, partners, attempt);
    hand_over_completed();
    done
}

/// Selects a direct hand-over like [`block_on`], without its completion: after that,
/// [`hand_over_completed`] has to be called.
///
/// # Examples
///
/// ```
/// use lockwarden::instrument::{hand_over_completed, select_on};
///
/// let selected = select_on(None, || true, &[], |_| Some("the first channel"));
/// // Here the message would be taken.
/// hand_over_completed();
/// assert_eq!(selected, Some("the first channel"));
/// ```
pub fn select_on<R>(
    limit: Option<Duration>,
    is_met: impl Fn() -> bool,
    partners: &[usize],
    mut attempt: impl FnMut(Option<Duration>) -> Option<R>,
) -> Option<R> {
    let mut done = attempt(limit);
    if let Some(turn) = Scheduled::here() {
        if turn.is_meeting() || (done.is_none() && turn.meet(partners)) {
            while done.is_none() && turn.is_meeting() {
                done = attempt(Some(GLIMPSE));
            }
            if done.is_none() {
                turn.part();
            }
        }
        if turn.has_turns() {
            return done;
        }
    }
    while done.is_none() && is_met() {
        done = attempt(limit.map(|limit| limit.max(GLIMPSE)));
    }
    done
}

/// Ends the time in which two threads of an exploration run beside each other to hand a message over; does
/// nothing in any other thread. See [`select_on`] for an example.
pub fn hand_over_completed() {
    if let Some(turn) = Scheduled::here()
        && turn.is_meeting()
    {
        turn.part();
    }
}
