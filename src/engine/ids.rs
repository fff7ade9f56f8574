//! Ids and source locations: the engine works on these and needs no names.

use std::fmt;
use std::num::NonZeroU64;
use std::panic::Location;

/// A location in the source of the program where a lock was acquired or constructed.
pub type Site = &'static Location<'static>;

/// The identity of one lock instance.
///
/// Unique in the process, never reused, and totally ordered: every thread agrees on which of
/// two locks is the lower one. The order is the one in which locks first took part in nesting,
/// as far as that can be had without a shared counter; it is not the order of construction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LockId(NonZeroU64);

impl LockId {
    /// Returns the id with this number, or `None` for zero, which stands for "no id yet".
    #[must_use]
    pub const fn new(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The highest id; never given to a lock.
    pub(crate) const LAST: LockId = LockId(NonZeroU64::MAX);

    /// Returns the id of a lock class, in the space above all instances.
    pub(crate) fn of_class(number: u64) -> LockId {
        LockId::new(Self::CLASSES | number).unwrap_or(LockId::LAST)
    }

    /// Returns whether this id stands for a lock class.
    pub(crate) const fn is_class(self) -> bool {
        self.0.get() & Self::CLASSES != 0
    }

    const CLASSES: u64 = 1 << 62;

    /// Returns an id for an untracked lock, derived from its address.
    pub(crate) fn of_address<T>(place: &T) -> LockId {
        let address = std::ptr::from_ref(place).addr() as u64;
        LockId::new(address).unwrap_or(LockId::LAST)
    }

    /// Returns the number, for logs and for machine-readable reports.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Debug for LockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LockId({})", self.0)
    }
}

impl fmt::Display for LockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_class() {
            true => write!(f, "class #{}", self.0.get() & !Self::CLASSES),
            false => write!(f, "#{}", self.0),
        }
    }
}

/// The identity of one thread: a serial number from 1, never reused, in the order in which the
/// detector first saw them. Displayed as `thread #3`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ThreadId(u64);

impl ThreadId {
    /// Returns the id with this serial number.
    #[must_use]
    pub const fn new(serial: u64) -> Self {
        Self(serial)
    }

    /// Returns the serial number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Debug for ThreadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ThreadId({})", self.0)
    }
}

impl fmt::Display for ThreadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "thread #{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_class_is_displayed_as_one() {
        assert_eq!(LockId::of_class(3).to_string(), "class #3");
        assert_eq!(LockId::new(3).unwrap().to_string(), "#3");
    }
}
