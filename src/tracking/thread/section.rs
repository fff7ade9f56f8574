//! What the data of this room needs of the calling thread, declared below the data: sections of the detector, and
//! the address of the thread's slot. [`current`](super::current), above the slots, has what they do.

use std::marker::PhantomData;

/// A section of the detector, until this is dropped. Several may end in any order.
#[derive(Debug)]
pub(crate) struct Inside {
    /// Refers to the creating thread, hence `!Send`.
    pub(super) marker: PhantomData<*const ()>,
}

/// The address of a slot, by which a thread recognises what it owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SlotAddress(pub(super) *mut ());

impl SlotAddress {
    /// The address as a pointer that is never followed; null for none.
    pub(crate) fn as_ptr(self) -> *mut () {
        self.0
    }
}
