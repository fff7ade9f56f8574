//! Asks other threads where they are, by a signal.
//!
//! This file decides whether that can be done: with the feature `signals`, on Linux and Android.
//! [`install`] puts the handler in place, [`handler`] is what runs in the thread that is asked,
//! [`request`] is the place where the answer goes, [`ask`] asks and waits.
//!
//! # Why it is right
//!
//! A handler runs in the middle of anything, so it may do almost nothing. This one looks
//! for the request that is meant for its own thread, claims it, walks the stack and stores addresses,
//! all in memory that was set aside before. It takes no lock and allocates nothing.
//!
//! To walk the stack is what no standard calls safe. Since glibc 2.35 with a libgcc of GCC 12 or
//! later, and with LLVM's unwinder in a static program, it takes no lock either; it is run once when
//! the handler is put in place, so that whatever it does only the first time is done. With an older
//! glibc it takes the lock of the dynamic linker, which the thread may be given again if it has it
//! already; a thread that is asked while another one loads a library then waits for that.

#[cfg(all(feature = "signals", any(target_os = "linux", target_os = "android")))]
pub(crate) mod ask;
#[cfg(all(feature = "signals", any(target_os = "linux", target_os = "android")))]
mod handler;
#[cfg(all(feature = "signals", any(target_os = "linux", target_os = "android")))]
pub(crate) mod install;
#[cfg(not(all(feature = "signals", any(target_os = "linux", target_os = "android"))))]
mod off;
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

/// By which signal threads are asked where they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Choice {
    /// By one that programs rarely use.
    #[default]
    Default,
    /// By this one.
    Number(i32),
    /// By none.
    Off,
}
