//! Call site of a raw lock, and whether the call reacquires the lock.

use std::cell::Cell;
use std::panic::Location;

use crate::instrument::{self, Site};

/// One call of a raw lock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    /// The line that requested the lock.
    pub(crate) site: Site,
    /// Whether the caller has just released the lock and cannot unwind before it has reacquired it.
    pub(crate) again: bool,
}

thread_local! {
    // Without a destructor, so that it is accessible until the end of the thread.
    static OVERRIDE: Cell<Option<Call>> = const { Cell::new(None) };
}

impl Call {
    /// Returns the call at the caller's line.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn here() -> Self {
        Self {
            site: Location::caller(),
            again: false,
        }
    }

    /// Returns and clears the call that [`with_override`](Self::with_override) has set on this
    /// thread; otherwise returns [`here`](Self::here).
    #[inline]
    #[track_caller]
    pub(crate) fn overridden() -> Self {
        let here = Self::here();
        if instrument::ON {
            OVERRIDE.take().unwrap_or(here)
        } else {
            here
        }
    }

    /// Runs `f`, in which the first [`overridden`](Self::overridden) returns this call.
    ///
    /// `lock_api` calls the inner lock of a reentrant mutex from a closure, which does not track
    /// its caller: without the override, the call site of every reentrant mutex would be the same
    /// line of `lock_api`.
    #[inline]
    pub(crate) fn with_override<T>(self, f: impl FnOnce() -> T) -> T {
        if !instrument::ON {
            return f();
        }
        OVERRIDE.set(Some(self));
        let value = f();
        // A recursive acquisition does not call the inner lock, and so does not take the override.
        OVERRIDE.set(None);
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_applies_within_the_closure_only() {
        let call = Call {
            again: true,
            ..Call::here()
        };
        let within = call.with_override(Call::overridden);
        assert_eq!(within.again, instrument::ON);
        assert!(!Call::overridden().again);
    }

    #[test]
    fn without_an_override_the_site_is_that_of_the_caller() {
        let (call, line) = (Call::overridden(), line!());
        assert_eq!(call.site.line(), line);
        assert_eq!(call.site.file(), file!());
    }
}
