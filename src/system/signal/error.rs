//! Why a signal is not handled.

use std::io;

/// Why a signal is not handled.
#[derive(Debug)]
#[cfg_attr(
    not(all(feature = "signals", any(target_os = "linux", target_os = "android"))),
    expect(
        dead_code,
        reason = "a build without signals handles none that could fail"
    )
)]
pub(crate) enum SignalError {
    /// The program, or a library of it, handles the signal itself.
    Taken { signal: i32 },
    /// The signal does not exist, or cannot be handled.
    Unusable { signal: i32, source: io::Error },
}
