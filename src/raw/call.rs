//! From where, and on what terms, a raw lock is called.

use std::cell::Cell;
use std::panic::Location;

use crate::instrument::{self, Site};

/// One call of a raw lock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    /// The line that asked for the lock.
    pub(crate) site: Site,
    /// Whether the caller let go of the lock just now and cannot unwind before it has it again.
    pub(crate) again: bool,
}

thread_local! {
    // Without a destructor, so that it can be reached for as long as its thread runs.
    static OVERRIDE: Cell<Option<Call>> = const { Cell::new(None) };
}

impl Call {
    /// The call of the function that this is written in, if that tracks its caller.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn here() -> Self {
        Self {
            site: Location::caller(),
            again: false,
        }
    }

    /// The call that was [lent](Self::lend) on this thread and not yet taken, else
    /// [`here`](Self::here).
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

    /// Runs `f`, within which the first [`overridden`](Self::lent) is this call.
    ///
    /// `lock_api` calls the inner lock of a reentrant mutex from a closure, and a closure does not
    /// track its caller: without this detour, every reentrant mutex would be locked by the same
    /// line of `lock_api`.
    #[inline]
    pub(crate) fn with_override<T>(self, f: impl FnOnce() -> T) -> T {
        if !instrument::ON {
            return f();
        }
        OVERRIDE.set(Some(self));
        let value = f();
        // A recursive acquisition does not ask the inner lock, and so leaves the call behind.
        OVERRIDE.set(None);
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_lent_to_the_closure_and_not_beyond() {
        let call = Call {
            again: true,
            ..Call::here()
        };
        let within = call.with_override(Call::overridden);
        assert_eq!(within.again, instrument::ON);
        assert!(!Call::overridden().again);
    }

    #[test]
    fn without_a_loan_the_caller_is_the_site() {
        let (call, line) = (Call::overridden(), line!());
        assert_eq!(call.site.line(), line);
        assert_eq!(call.site.file(), file!());
    }
}
