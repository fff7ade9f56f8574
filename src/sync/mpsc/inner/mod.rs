//! The channels underneath, and how their ends are waited at.
//!
//! Without instrumentation they are std's, and nothing is between. With it they are std's as far
//! as one can wait there for a while and look up: at the receiving ends. Where one cannot, at a
//! sender of a bounded channel, that waits beside std's channel, and a channel with a bound of zero,
//! which nobody can wait beside, is one of `crossbeam_channel`.

#[cfg(any(debug_assertions, feature = "always"))]
mod direct;
#[cfg(not(any(debug_assertions, feature = "always")))]
mod plain;
#[cfg(any(debug_assertions, feature = "always"))]
mod room;
#[cfg(any(debug_assertions, feature = "always"))]
mod watched;

#[cfg(not(any(debug_assertions, feature = "always")))]
use self::plain as chosen;
#[cfg(any(debug_assertions, feature = "always"))]
use self::watched as chosen;

pub(super) use self::chosen::{Bounded, Incoming, bounded, unbounded};
pub(super) use std::sync::mpsc::Sender as Unbounded;
