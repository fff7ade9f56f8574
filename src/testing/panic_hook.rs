//! Prints the held locks of a failing test.

use std::panic::{self, PanicHookInfo};
use std::sync::Once;

use super::check::is_watched;
use super::hang::write_threads;
use crate::detector::observe;
use crate::tracking::thread::{current, wait};

/// Installs a panic hook: from now on, a panic also prints the locks that the threads of the test hold,
/// and what these threads wait for.
///
/// In a [`check`](super::check()) those are the threads of the check; elsewhere all that belong to no
/// check. The text goes to standard error, after that of the previous panic hook, which remains in use.
/// A second call does nothing. Nothing is printed if no locks are watched.
///
/// Call it in a test binary, as early as possible: in the first test, or in a static that every test
/// initialises.
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
#[inline]
pub fn print_held_locks_on_panic() {
    static SET: Once = Once::new();
    SET.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
            before(info);
            let text = held_locks();
            // With `eprint!`, as the standard hook does, so that the test runner captures this text
            // too.
            eprint!("{text}");
        }));
    });
}

/// Returns the text about the threads of the calling thread's check, or of the process; empty if no
/// locks are watched.
#[inline]
fn held_locks() -> String {
    if !is_watched() {
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
