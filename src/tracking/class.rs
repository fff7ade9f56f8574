//! Lock classes: the name that the user gave, else the place of construction.

use std::cell::RefCell;
use std::collections::HashMap;

use parking_lot::Mutex;

use crate::engine::ids::Site;
use crate::instrument::LockKind;

/// What all locks of one class have in common. Interned: one class, one address.
#[derive(Debug)]
pub(crate) struct Class {
    pub(crate) kind: &'static LockKind,
    pub(crate) name: Option<&'static str>,
    pub(crate) place: Site,
}

/// What a class is found by: two pointers and a length stand for the name and the place, since
/// both are static data.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    kind: usize,
    name: usize,
    name_len: usize,
    place: usize,
}

impl Key {
    fn of(kind: &'static LockKind, name: Option<&'static str>, place: Site) -> Self {
        Self {
            kind: std::ptr::from_ref(kind).addr(),
            name: name.map_or(0, |name| name.as_ptr().addr()),
            name_len: name.map_or(0, str::len),
            place: std::ptr::from_ref(place).addr(),
        }
    }
}

/// How many classes a thread remembers without asking the table.
const REMEMBERED: usize = 32;

thread_local! {
    static RECENT: RefCell<[Option<(Key, &'static Class)>; REMEMBERED]> =
        const { RefCell::new([None; REMEMBERED]) };
}

static TABLE: Mutex<Option<HashMap<Key, &'static Class>>> = Mutex::new(None);

/// The class of locks of this kind, name and place.
///
/// A class is never freed: there are as many as the program has places that construct locks.
pub(crate) fn intern(
    kind: &'static LockKind,
    name: Option<&'static str>,
    place: Site,
) -> &'static Class {
    let key = Key::of(kind, name, place);
    let at = (key.place ^ key.place >> 7 ^ key.name) / 8 % REMEMBERED;
    RECENT.with(|recent| {
        if let Some((known, class)) = recent.borrow()[at]
            && known == key
        {
            return class;
        }
        let class = *TABLE
            .lock()
            .get_or_insert_default()
            .entry(key)
            .or_insert_with(|| Box::leak(Box::new(Class { kind, name, place })));
        recent.borrow_mut()[at] = Some((key, class));
        class
    })
}

/// Keeps the table still across a fork.
pub(super) fn before_fork() {
    std::mem::forget(TABLE.lock());
}

/// Lets the table go again.
///
/// # Safety
///
/// `before_fork` ran in this thread.
#[allow(unsafe_code)]
pub(super) unsafe fn after_fork() {
    // SAFETY: the lock is held, by the guard that `before_fork` forgot.
    unsafe { TABLE.force_unlock(Default::default()) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::Location;

    #[test]
    fn the_same_place_and_name_are_one_class() {
        let place = Location::caller();
        let a = intern(&LockKind::MUTEX, Some("a"), place);
        let again = intern(&LockKind::MUTEX, Some("a"), place);
        let other = intern(&LockKind::MUTEX, None, place);
        assert!(std::ptr::eq(a, again));
        assert!(!std::ptr::eq(a, other));
        assert_eq!(other.place, place);
    }
}
