//! Stalls that are no certain deadlock: the watchdog reports them.
//!
//! Each case ends by itself: when the stall is reported, what it lacks is done, and its end is reported too.

mod gate;
mod limits;
mod lost;
mod messages;
mod threads;
mod watch;
