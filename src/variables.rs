//! The environment variables of the library: all of them are read here.
//!
//! | variable | value | used by |
//! |---|---|---|
//! | `LOCKWARDEN` | the configuration | [`config`](crate::config) |
//! | `LOCKWARDEN_ORDER` | a file of declared orders | [`declare_order_file`](crate::declare_order_file) |
//! | `LOCKWARDEN_SUPPRESS` | a file of suppressions | [`suppress`](crate::suppress) |
//! | `LOCKWARDEN_SUPPRESS_UNUSED` | whether unused suppressions are listed at exit | [`suppress`](crate::suppress) |
//! | `LOCKWARDEN_RECORD` | a directory for records of lock orders | [`Config::record`](crate::config::Config::record) |
//! | `LOCKWARDEN_RECORD_MAX` | the largest size of a record | [`Config::record`](crate::config::Config::record) |
//! | `LOCKWARDEN_RECORD_KNOWN` | a baseline whose orders are not recorded | [`Config::record`](crate::config::Config::record) |
//! | `LOCKWARDEN_RECORD_STACKS` | whether the stack of each new order is recorded | [`Config::record_stacks`](crate::config::Config::record_stacks) |
//! | `LOCKWARDEN_RECORD_TIMES` | whether times of waits and holds are recorded | [`Config::record_times`](crate::config::Config::record_times) |
//! | `LOCKWARDEN_SYMBOLS` | a directory of names that the source has for locks | [`report`](crate::report) |
//! | `LOCKWARDEN_EXPLORE` | how many schedules of a test are run, and which | [`testing::explore`](crate::testing::explore) |
//! | `LOCKWARDEN_TEST_TIMEOUT` | the limit of a check | [`testing`](crate::testing) |
//! | `LOCKWARDEN_WATCHDOG` | a watchdog | [`watchdog`](crate::watchdog) |
//! | `LOCKWARDEN_RESTARTS` | how often the watchdog has restarted the program | [`watchdog`](crate::watchdog) |
//!
//! (Records also name the variables of test runners and CI systems, and `LOCKWARDEN_SERVICE`: see
//! `record/rows.rs`.)
//!
//! A program with more rights than the user who starts it (set-user-id, set-group-id, or with file
//! capabilities) must not trust that user's environment: these variables name files that are read and
//! written. There the environment counts as empty, as for `secure_getenv` of the C library.

use std::ffi::OsString;

/// An environment variable of the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variable {
    Config,
    Order,
    Suppress,
    SuppressUnused,
    Record,
    RecordMax,
    RecordKnown,
    RecordStacks,
    RecordTimes,
    Symbols,
    Explore,
    TestTimeout,
    Watchdog,
    Restarts,
}

impl Variable {
    /// Every variable.
    pub(crate) const ALL: [Variable; 14] = [
        Variable::Config,
        Variable::Order,
        Variable::Suppress,
        Variable::SuppressUnused,
        Variable::Record,
        Variable::RecordMax,
        Variable::RecordKnown,
        Variable::RecordStacks,
        Variable::RecordTimes,
        Variable::Symbols,
        Variable::Explore,
        Variable::TestTimeout,
        Variable::Watchdog,
        Variable::Restarts,
    ];

    /// Returns the name of the variable.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Variable::Config => "LOCKWARDEN",
            Variable::Order => "LOCKWARDEN_ORDER",
            Variable::Suppress => "LOCKWARDEN_SUPPRESS",
            Variable::SuppressUnused => "LOCKWARDEN_SUPPRESS_UNUSED",
            Variable::Record => "LOCKWARDEN_RECORD",
            Variable::RecordMax => "LOCKWARDEN_RECORD_MAX",
            Variable::RecordKnown => "LOCKWARDEN_RECORD_KNOWN",
            Variable::RecordStacks => "LOCKWARDEN_RECORD_STACKS",
            Variable::RecordTimes => "LOCKWARDEN_RECORD_TIMES",
            Variable::Symbols => "LOCKWARDEN_SYMBOLS",
            Variable::Explore => "LOCKWARDEN_EXPLORE",
            Variable::TestTimeout => "LOCKWARDEN_TEST_TIMEOUT",
            Variable::Watchdog => "LOCKWARDEN_WATCHDOG",
            Variable::Restarts => "LOCKWARDEN_RESTARTS",
        }
    }

    /// Returns the value; `None` if the variable is not set, is empty, or is not to be trusted.
    pub(crate) fn read(self) -> Option<OsString> {
        if has_more_rights() {
            return None;
        }
        std::env::var_os(self.name()).filter(|value| !value.is_empty())
    }

    /// Returns the value as text, with a replacement for what is not Unicode; empty if there is none.
    pub(crate) fn text(self) -> String {
        let value = self.read().unwrap_or_default();
        value.to_string_lossy().into_owned()
    }
}

/// Returns the names of all variables that are set; none where they are not to be trusted.
pub(crate) fn set_names() -> Vec<String> {
    let mut names = Vec::new();
    if !has_more_rights() {
        for (name, _) in std::env::vars_os() {
            names.extend(name.into_string().ok());
        }
    }
    names
}

/// Returns whether the program has rights that the user who started it has not.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[allow(unsafe_code)]
fn has_more_rights() -> bool {
    // SAFETY: `getauxval` has no precondition; it reads a number that the system gave the process at
    // its start.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// Returns whether the program has rights that the user who started it has not.
#[cfg(any(
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "dragonfly"
))]
#[allow(unsafe_code)]
fn has_more_rights() -> bool {
    // SAFETY: the function has no precondition and cannot fail.
    unsafe { libc::issetugid() != 0 }
}

/// Returns whether the program has rights that the user who started it has not.
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
    // SAFETY: the functions have no precondition and cannot fail.
    unsafe { libc::getuid() != libc::geteuid() || libc::getgid() != libc::getegid() }
}

/// Returns `false`: this system has no such programs.
#[cfg(not(unix))]
fn has_more_rights() -> bool {
    false
}
