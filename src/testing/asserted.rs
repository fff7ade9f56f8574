//! The functions behind the assertion macros.

use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError};

use super::check::Check;
use crate::instrument;
use crate::instrument::{HeldHere, Term, Tracked};

/// `assert_held!`
#[track_caller]
pub fn held(lock: &impl Tracked, written: &str) {
    let record = lock.record();
    if record.held_here().is_some_and(|holds| holds.is_empty()) {
        panic!(
            "lockwarden: {} is not held by this thread, which holds {}",
            called(record, written),
            list(&instrument::held_here().unwrap_or_default())
        );
    }
}

/// `assert_not_held!`
#[track_caller]
pub fn not_held(lock: &impl Tracked, written: &str) {
    let record = lock.record();
    let holds = record.held_here().unwrap_or_default();
    if !holds.is_empty() {
        panic!(
            "lockwarden: {} is held by this thread: {}",
            called(record, written),
            list(&holds)
        );
    }
}

/// `assert_no_locks_held!`
#[inline]
#[track_caller]
pub fn none_held() {
    let holds = instrument::held_here().unwrap_or_default();
    if !holds.is_empty() {
        panic!("lockwarden: this thread holds {}", list(&holds));
    }
}

/// Returns the lock as the code writes it, with its name if the name says more.
#[inline]
fn called(record: &instrument::Lock, written: &str) -> String {
    match record.name() {
        Some(name) => format!("`{written}` ({name})"),
        None => format!("`{written}`"),
    }
}

#[inline]
fn list(holds: &[HeldHere]) -> String {
    if holds.is_empty() {
        return "no lock".to_owned();
    }
    let holds: Vec<String> = holds.iter().map(ToString::to_string).collect();
    holds.join("; ")
}

/// An operand of `assert_order!`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no place in an order of locks",
    note = "give a lock that is watched, or the name of a class of locks"
)]
pub trait Ordered {
    #[doc(hidden)]
    #[expect(private_interfaces, reason = "only the macro calls it")]
    fn side(&self) -> Term<'_>;
}

#[expect(private_interfaces, reason = "only the macro calls it")]
impl<L: Tracked> Ordered for L {
    fn side(&self) -> Term<'_> {
        Term::Lock(self.record())
    }
}

#[expect(private_interfaces, reason = "only the macro calls it")]
impl Ordered for &'static str {
    fn side(&self) -> Term<'_> {
        Term::Class(self)
    }
}

/// `assert_order!`
#[inline]
#[track_caller]
pub fn order(sides: &[&dyn Ordered], written: &[&str]) {
    let site = Location::caller();
    for (at, first) in sides.iter().enumerate() {
        for (by, second) in sides.iter().enumerate().skip(at + 1) {
            if let Err(why) = instrument::assert_order(first.side(), second.side(), site) {
                panic!(
                    "lockwarden: `{}` does not always come before `{}`:\n    {why}",
                    written[at], written[by]
                );
            }
        }
    }
}

/// `assert_deadlock_free!`
#[track_caller]
pub fn deadlock_free<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    let site = Location::caller();
    let value = Arc::new(Mutex::new(None));
    let given = Arc::clone(&value);
    let body = move || {
        let value = f();
        *given.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
    };
    Check::new().run_at(Box::new(body), site).assert_clean();
    let value = value.lock().unwrap_or_else(PoisonError::into_inner).take();
    value.expect("a check that is clean has come to its end")
}
