//! Whether guards may be sent to other threads.

/// Decides whether a [`Hold`](super::Hold), and with it a guard, may be sent to another thread.
#[cfg(not(feature = "send_guard"))]
pub type GuardMarker = lock_api::GuardNoSend;
/// Decides whether a [`Hold`](super::Hold), and with it a guard, may be sent to another thread.
#[cfg(feature = "send_guard")]
pub type GuardMarker = lock_api::GuardSend;
