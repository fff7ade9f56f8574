//! Helpers of guards that release their lock temporarily and must reacquire it in any case.

/// Runs its closure when it is dropped, on unwind too.
pub(super) struct Defer<F: FnMut()>(pub(super) F);

impl<F: FnMut()> Drop for Defer<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Runs `f`, and ends the process if it unwinds.
///
/// This is for operations after which a guard must hold its lock: if one of them failed and the
/// program continued, the guard would give access to unprotected data.
#[inline]
pub(super) fn must_return<T>(f: impl FnOnce() -> T) -> T {
    struct Bomb;

    impl Drop for Bomb {
        #[cold]
        fn drop(&mut self) {
            eprintln!("lockwarden: a lock could not be taken back; aborting");
            std::process::abort();
        }
    }

    let bomb = Bomb;
    let value = f();
    std::mem::forget(bomb);
    value
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

    use super::*;

    #[test]
    fn a_deferred_closure_runs_once_and_on_unwind() {
        let runs = Cell::new(0);
        drop(Defer(|| runs.set(runs.get() + 1)));
        assert_eq!(runs.get(), 1);
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let _defer = Defer(|| runs.set(runs.get() + 1));
            resume_unwind(Box::new(()));
        }));
        assert!(caught.is_err());
        assert_eq!(runs.get(), 2);
    }

    #[test]
    fn what_returns_passes_through() {
        assert_eq!(must_return(|| 7), 7);
    }
}
