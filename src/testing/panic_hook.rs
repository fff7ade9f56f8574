//! What a failing test says of its locks.

use std::panic::{self, PanicHookInfo};
use std::sync::Once;

use super::hang::write_threads;
use crate::config;
use crate::detector::{self, observe};
use crate::tracking::thread::{current, wait};

/// From now on, whoever panics also prints the locks that the threads of its test hold, and what
/// they wait for.
///
/// In a [`check`](super::check()) those are the threads of the check; elsewhere all that belong to
/// no check. The text goes to standard error, after that of the panic hook that was set before,
/// which goes on working. A second call does nothing. Nothing is printed where nothing is watched.
///
/// It is for a test binary, as early as possible: in the first test, or in a static that is
/// initialised by all.
///
/// # Panics
///
/// If the calling thread is panicking, as [`std::panic::set_hook`].
///
/// # Examples
///
/// ```
/// use lockwarden::sync::Mutex;
/// use lockwarden::testing;
///
/// testing::print_held_locks_on_panic();
/// let outcome = testing::check(|| {
///     let ledger = Mutex::named("ledger", 5);
///     let _held = ledger.lock();
///     panic!("prints that `ledger` is held, and where it was taken");
/// });
/// assert!(outcome.panic().is_some());
/// ```
pub fn print_held_locks_on_panic() {
    static SET: Once = Once::new();
    SET.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
            before(info);
            let text = held_locks();
            // As the standard hook does, so that what is captured of a test is captured of this too.
            eprint!("{text}");
        }));
    });
}

/// What the threads hold that belong where the calling one does; nothing if nothing is watched.
fn held_locks() -> String {
    if !(detector::ON && config::current().is_enabled()) {
        return String::new();
    }
    let scope = current::own().check_id();
    let mut threads = observe::of_scope(scope);
    threads.retain(|thread| {
        thread.held.as_ref().is_none_or(|held| !held.is_empty()) || thread.wait.is_some()
    });
    let of = if scope == 0 {
        "the process"
    } else {
        "this check"
    };
    if threads.is_empty() {
        return format!("lockwarden: no thread of {of} holds a lock\n");
    }
    let mut text = format!("lockwarden: locks that the threads of {of} hold:\n");
    // Writing to a string cannot fail.
    let _ = write_threads(&mut text, &threads, wait::now(), None);
    text
}
