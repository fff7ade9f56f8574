//! Release of a bare lock whose recording unwinds.

/// Runs a closure when it is dropped, which happens only on unwind: the normal path calls
/// [`disarm`](Undo::disarm).
pub(super) struct Undo<F: FnMut()>(F);

impl<F: FnMut()> Undo<F> {
    #[inline(always)]
    pub(super) fn new(undo: F) -> Self {
        Self(undo)
    }

    #[inline(always)]
    pub(super) fn disarm(self) {
        std::mem::forget(self);
    }
}

impl<F: FnMut()> Drop for Undo<F> {
    #[cold]
    fn drop(&mut self) {
        (self.0)();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn it_undoes_only_when_it_is_not_disarmed() {
        let undone = Cell::new(0);
        Undo::new(|| undone.set(undone.get() + 1)).disarm();
        assert_eq!(undone.get(), 0);
        drop(Undo::new(|| undone.set(undone.get() + 1)));
        assert_eq!(undone.get(), 1);
    }
}
