//! What does not go on, and is no deadlock that anybody could be certain of: the watchdog tells it.
//!
//! Each case ends by itself: when the stall is told, what it lacks is done, and its end is told too.

mod gate;
mod limits;
mod lost;
mod messages;
mod threads;
mod watch;
