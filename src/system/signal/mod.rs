//! Asks other threads for their stacks, by a signal.
//!
//! This file decides whether that is supported: with the feature `signals`, on Linux and Android.
//! [`install`] installs the handler, [`handler`] runs in the thread that is asked, [`request`] is the
//! memory for the answer, [`ask`] sends the signals and waits.
//!
//! # Why it is right
//!
//! A handler interrupts arbitrary code, so it may do almost nothing. This one finds the request to its
//! own thread, claims it, walks the stack and stores addresses, all in static memory. It takes no lock
//! and allocates nothing.
//!
//! No standard calls a stack walk async-signal-safe. Since glibc 2.35 with a libgcc of GCC 12 or later,
//! and with LLVM's unwinder in a static program, the walk takes no lock either; it runs once when the
//! handler is installed, so that its initialisation is done. With an older glibc it takes the lock of
//! the dynamic linker, which is recursive, so a thread that has it already gets it again; a thread that
//! is asked while another one loads a library then waits for that.
//!
//! Functions of musl have no unwind tables: on x86-64 [`past_libc`] leads the walk past them.

#[cfg(all(feature = "signals", any(target_os = "linux", target_os = "android")))]
pub(crate) mod ask;
mod error;
#[cfg(all(feature = "signals", any(target_os = "linux", target_os = "android")))]
mod handler;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) mod handlers;
#[cfg(all(feature = "signals", any(target_os = "linux", target_os = "android")))]
pub(crate) mod install;
#[cfg(not(all(feature = "signals", any(target_os = "linux", target_os = "android"))))]
mod off;
#[cfg(all(feature = "signals", target_env = "musl", target_arch = "x86_64"))]
mod past_libc;
#[cfg(all(feature = "signals", any(target_os = "linux", target_os = "android")))]
mod quit;
#[cfg(all(feature = "signals", any(target_os = "linux", target_os = "android")))]
mod request;

#[cfg(all(feature = "signals", any(target_os = "linux", target_os = "android")))]
mod on {
    pub(crate) use super::ask::ask;
    pub(crate) use super::install::{install, shield, unshield};
    pub(crate) use super::quit::{is_asked, watch_for_quit};
}

#[cfg(not(all(feature = "signals", any(target_os = "linux", target_os = "android"))))]
pub(crate) use self::off::*;
#[cfg(all(feature = "signals", any(target_os = "linux", target_os = "android")))]
pub(crate) use self::on::*;

pub(crate) use self::error::SignalError;

/// Returns whether the program handles any signal, where the detector relies on waits that a handler can end.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) mod handlers {
    pub(crate) fn are_handled() -> bool {
        true
    }
}

/// Returns whether the program has installed a handler of a signal, which may run at any time in a thread that waits; those of
/// the standard library and of this crate do not count, nor do those of faults and of aborts.
///
/// Costs a system call for each signal, some microseconds in all. `true` where the system is neither Linux nor Android.
///
/// # Examples
///
/// ```
/// # #[cfg(target_os = "linux")]
/// assert!(!lockwarden::instrument::handles_signals());
/// ```
#[must_use]
pub fn handles_signals() -> bool {
    handlers::are_handled()
}

/// The signal that asks threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Choice {
    /// A real-time signal that programs rarely use.
    #[default]
    Default,
    /// The signal with this number.
    Number(i32),
    /// No signal.
    Off,
}
