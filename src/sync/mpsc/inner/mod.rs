//! Underlying channels, and the waits at their endpoints.
//!
//! Without instrumentation they are std's alone. With it they are std's where std has a wait with a
//! timeout, which the detector needs: at the receiving ends. A sender of a bounded channel has
//! none, so it waits beside std's channel; a channel with a bound of zero, beside which a sender
//! cannot wait, is a [`handoff`].

#[cfg(any(debug_assertions, feature = "always"))]
mod handoff;
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
