//! The panic by which a report breaks a deadlock.

use crate::engine::ids::Site;
use crate::report;
use crate::sink;
use crate::tracking::thread::current;
use crate::tracking::thread::slot::Flag;
use crate::tracking::thread::wait::Unwinding;

/// A panic that a report requests, to be raised when the primitive's state is consistent.
#[derive(Debug)]
#[must_use = "the configuration asked for a panic"]
pub(crate) struct Panic(String);

impl Panic {
    /// Returns the panic that another thread requested in the calling one.
    pub(crate) fn of_message(message: String) -> Self {
        Self(message)
    }

    pub(super) fn message(&self) -> &str {
        &self.0
    }

    /// Returns its message, for another thread to raise it.
    pub(crate) fn into_message(self) -> String {
        self.0
    }

    /// Raises the panic out of the call at `site`, unless the thread [cannot unwind](can_unwind).
    ///
    /// The program's panic hook is not called. The report contains more than the hook could print, and the
    /// hook may request a lock that the thread holds: that of standard error, or one of the deadlock. In its
    /// place, and like the standard hook, a line on standard error names the thread or task and the location of the
    /// panic. In a check there is no such line, since the check has the message.
    #[cold]
    pub(crate) fn raise(self, site: Site) {
        if !can_unwind() {
            return;
        }
        let slot = current::own();
        if slot.check_id() == 0 {
            let noun = match slot.life.has(Flag::Agent) {
                true => "task",
                false => "thread",
            };
            let name = match (slot.name(), slot.thread()) {
                (Some(name), _) => format!("`{name}`"),
                (None, Some(id)) => format!("#{}", id.get()),
                (None, None) => "without a name".to_owned(),
            };
            let message = self.0.strip_prefix("lockwarden: ").unwrap_or(&self.0);
            let place = report::place(site);
            sink::say(&format!("{noun} {name} panics at {place}: {message}"));
        }
        std::panic::resume_unwind(Box::new(self.0))
    }
}

/// Returns whether the calling thread can unwind: it is not panicking, since a second panic in a destructor
/// would abort the process, and it is not destroying its thread-locals, out of which nothing may unwind.
///
/// Whether there is a frame below that may not unwind, as one of `extern "C"`, cannot be known.
pub(crate) fn can_unwind() -> bool {
    current::unwinding() == Unwinding::Can
}

/// Raises the panic, if there is one and the caller can unwind, out of the call at `site`.
pub(crate) fn end_in(panic: Option<Panic>, may_panic: bool, site: Site) {
    if let Some(panic) = panic
        && may_panic
    {
        panic.raise(site);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::*;

    #[test]
    fn a_thread_that_unwinds_does_not_panic_again() {
        struct RaisesWhenDropped;
        impl Drop for RaisesWhenDropped {
            fn drop(&mut self) {
                Panic::of_message("this would abort the process".to_owned())
                    .raise(Location::caller());
            }
        }
        let result = std::panic::catch_unwind(|| {
            let _raises = RaisesWhenDropped;
            panic!("on purpose, and caught");
        });
        let message = result.unwrap_err();
        assert_eq!(
            message.downcast_ref::<&str>(),
            Some(&"on purpose, and caught")
        );
        let raised = std::panic::catch_unwind(|| {
            Panic::of_message("raised".to_owned()).raise(Location::caller());
        });
        let message = raised.unwrap_err();
        assert_eq!(
            message.downcast_ref::<String>().map(String::as_str),
            Some("raised")
        );
    }
}
