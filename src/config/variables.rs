//! The environment variables of the library: this file alone reads the environment.
//!
//! | variable | what it says | who understands it |
//! |---|---|---|
//! | `LOCKWARDEN` | the configuration | [`config`](crate::config) |
//! | `LOCKWARDEN_ORDER` | a file of declared orders | [`declare_order_file`](crate::declare_order_file) |
//! | `LOCKWARDEN_SUPPRESS` | a file of suppressions | [`suppress`](crate::suppress) |
//! | `LOCKWARDEN_SUPPRESS_UNUSED` | whether unused suppressions are listed at exit | the same |
//! | `LOCKWARDEN_RECORD` | a directory for records of lock orders | [`Config::record`](crate::config::Config::record) |
//! | `LOCKWARDEN_RECORD_MAX` | the largest size of a record | the same |
//! | `LOCKWARDEN_RECORD_KNOWN` | a baseline whose orders are not recorded | the same |
//! | `LOCKWARDEN_SYMBOLS` | a folder of names that the source has for locks | [`report`](crate::report) |
//! | `LOCKWARDEN_TEST_TIMEOUT` | the limit of a check | [`testing`](crate::testing) |
//! | `LOCKWARDEN_WATCHDOG` | a watchdog | [`watchdog`](crate::watchdog) |
//! | `LOCKWARDEN_RESTARTS` | how often the watchdog has restarted the program | the same |
//!
//! A program that has more rights than the user who starts it (set-user-id, set-group-id, or with file
//! capabilities) is not told anything by that user: these variables name files that are read and
//! written. There the environment counts as empty, as for `secure_getenv` of the C library.

use std::ffi::OsString;

/// A variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variable {
    Config,
    Order,
    Suppress,
    SuppressUnused,
    Record,
    RecordMax,
    RecordKnown,
    Symbols,
    TestTimeout,
    Watchdog,
    Restarts,
}

impl Variable {
    /// Its name in the environment.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Variable::Config => "LOCKWARDEN",
            Variable::Order => "LOCKWARDEN_ORDER",
            Variable::Suppress => "LOCKWARDEN_SUPPRESS",
            Variable::SuppressUnused => "LOCKWARDEN_SUPPRESS_UNUSED",
            Variable::Record => "LOCKWARDEN_RECORD",
            Variable::RecordMax => "LOCKWARDEN_RECORD_MAX",
            Variable::RecordKnown => "LOCKWARDEN_RECORD_KNOWN",
            Variable::Symbols => "LOCKWARDEN_SYMBOLS",
            Variable::TestTimeout => "LOCKWARDEN_TEST_TIMEOUT",
            Variable::Watchdog => "LOCKWARDEN_WATCHDOG",
            Variable::Restarts => "LOCKWARDEN_RESTARTS",
        }
    }

    /// Its value; `None` if it is not set, is empty, or is not to be trusted.
    pub(crate) fn read(self) -> Option<OsString> {
        if has_more_rights() {
            return None;
        }
        std::env::var_os(self.name()).filter(|value| !value.is_empty())
    }

    /// Its value as text, with a replacement for what is not Unicode; empty if there is none.
    pub(crate) fn text(self) -> String {
        let value = self.read().unwrap_or_default();
        value.to_string_lossy().into_owned()
    }
}

/// Whether the program has rights that the user who started it has not.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[allow(unsafe_code)]
fn has_more_rights() -> bool {
    // SAFETY: it reads a number that the system gave the process at its start.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// Whether the program has rights that the user who started it has not.
#[cfg(any(
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "dragonfly"
))]
#[allow(unsafe_code)]
fn has_more_rights() -> bool {
    // SAFETY: it takes nothing and cannot fail.
    unsafe { libc::issetugid() != 0 }
}

/// Whether the program has rights that the user who started it has not.
#[cfg(all(
    unix,
    not(any(
        target_os = "linux",
        target_os = "android",
        target_vendor = "apple",
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd",
        target_os = "dragonfly"
    ))
))]
#[allow(unsafe_code)]
fn has_more_rights() -> bool {
    // SAFETY: these take nothing and cannot fail.
    unsafe { libc::getuid() != libc::geteuid() || libc::getgid() != libc::getegid() }
}

/// There are no such programs here.
#[cfg(not(unix))]
fn has_more_rights() -> bool {
    false
}
