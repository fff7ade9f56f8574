//! What is done at the end of a scope, on unwind too.

/// Runs a closure when it is dropped, unless it was [disarmed](Self::disarm).
pub(crate) struct Defer<F: FnMut()>(F);

impl<F: FnMut()> Defer<F> {
    #[inline(always)]
    pub(crate) fn new(f: F) -> Self {
        Self(f)
    }

    /// Does not run the closure: where that is for the case of an unwind only.
    #[inline(always)]
    pub(crate) fn disarm(self) {
        std::mem::forget(self);
    }
}

impl<F: FnMut()> Drop for Defer<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

    #[test]
    fn the_closure_runs_once_and_on_unwind_and_not_when_it_is_disarmed() {
        let runs = Cell::new(0);
        let run = || runs.set(runs.get() + 1);
        Defer::new(run).disarm();
        assert_eq!(runs.get(), 0);
        drop(Defer::new(run));
        assert_eq!(runs.get(), 1);
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let _defer = Defer::new(run);
            resume_unwind(Box::new(()));
        }));
        assert!(caught.is_err());
        assert_eq!(runs.get(), 2);
    }
}
