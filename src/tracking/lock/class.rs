//! Lock classes: the name that the user gave, else the location of construction and the type of what the lock holds.
//!
//! A generic constructor makes all its locks at one location, so the type is what tells unlike locks apart there. It is
//! the same in every run, whichever thread makes or takes a lock first.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::AtomicBool;

use crate::engine::ids::{LockId, Site};
use crate::tracking::fork_safe::ForkSafe;
use crate::tracking::lock::class_key;
use crate::tracking::lock::kind::LockKind;
use crate::tracking::lock::origin::Origin;

/// What all locks of one class have in common. Interned: one class has one address.
#[derive(Debug)]
pub(crate) struct Class {
    pub(crate) kind: &'static LockKind,
    pub(crate) name: Option<&'static str>,
    /// The name of the type of what the locks hold, if there is no name and the type is known.
    pub(crate) content: Option<&'static str>,
    pub(crate) place: Site,
    /// The four above, for comparison with those of a lock.
    pub(in crate::tracking) origin: Origin,
    /// The id of the class in the order of classes: that of its name, wherever the name is given, else that
    /// of its location and content.
    pub(crate) id: LockId,
    /// Whether a writer ever acquired a lock of the class.
    pub(crate) written: AtomicBool,
}

/// The length of the path of the crate's sources, with the last separator; a constant, since each new class is
/// compared with that path.
const ROOT: usize = file!().len() - "tracking/lock/class.rs".len();

/// Returns whether a location lies in the standard library or in the locks of this crate, and so in no code
/// of a user.
///
/// The path of the crate is that of no other package in a program: cargo gives the one of a dependency in full, or from the
/// root of a workspace on, and `cargo lockwarden`, which builds the crate in a workspace of its own, has it replaced.
pub(in crate::tracking) fn is_of_a_library(place: Site) -> bool {
    let file = place.file();
    if class_key::of_the_standard_library(file).is_some() {
        return true;
    }
    let own = file.strip_prefix(file!().split_at(ROOT).0);
    let room = own.and_then(|path| path.split(['/', '\\']).next());
    room.is_some_and(|room| ["sync", "parking_lot", "raw", "acquire", "extra"].contains(&room))
}

/// The key of a class: pointers and a length stand for the name or the content and for the location, since all are
/// static data.
type Key = [usize; 4];

/// The most classes that a thread caches in front of the table.
const REMEMBERED: usize = 32;

thread_local! {
    static RECENT: RefCell<[Option<(Key, &'static Class)>; REMEMBERED]> =
        const { RefCell::new([None; REMEMBERED]) };
}

#[derive(Default)]
pub(in crate::tracking) struct Table {
    classes: HashMap<Key, &'static Class>,
    named: HashMap<Box<str>, LockId>,
    /// The class of the first content that was found at a location, by the key of the location.
    first: HashMap<Box<str>, LockId>,
    count: u64,
}

impl Table {
    fn next(&mut self) -> LockId {
        self.count += 1;
        LockId::of_class(self.count)
    }

    fn named(&mut self, name: &str) -> LockId {
        if let Some(id) = self.named.get(name) {
            return *id;
        }
        // An order that is declared for a location after a lock was used there holds for that lock.
        let id = match self.first.get(name) {
            Some(id) => *id,
            None => self.next(),
        };
        self.named.insert(name.into(), id);
        id
    }

    /// Returns the id of the class of locks without a name.
    ///
    /// The keys are those that records and declared orders use. An order may be declared for the location alone: then
    /// all contents are one class.
    fn unnamed(&mut self, place: Site, content: Option<&str>) -> LockId {
        let at = class_key::of_site(place);
        let Some(content) = content else {
            return self.named(&at);
        };
        if let Some(id) = self.named.get(&*at) {
            return *id;
        }
        let id = self.named(&class_key::of_content(&at, content));
        self.first.entry(at.into()).or_insert(id);
        id
    }
}

pub(in crate::tracking) static TABLE: ForkSafe<Option<Table>> = ForkSafe::new(None);

/// Returns the id of the class of this name, whether a lock of it exists yet or not.
pub(crate) fn named(name: &str) -> LockId {
    TABLE.lock().get_or_insert_default().named(name)
}

/// Returns the number of lock classes.
pub(crate) fn count() -> u64 {
    let table = TABLE.lock();
    let classes = table.iter().flat_map(|table| table.classes.values());
    classes.filter(|class| !class.kind.is_resource()).count() as u64
}

/// Returns the class of locks of this kind, name and location.
#[cfg(test)]
pub(crate) fn intern(
    kind: &'static LockKind,
    name: Option<&'static str>,
    place: Site,
) -> &'static Class {
    of(&Origin::new(kind, name, place))
}

/// Returns the class of locks of this origin.
///
/// A class is never freed: there are as many as the program has locations that construct locks, and types in which
/// generic code at such a location does.
pub(in crate::tracking) fn of(origin: &Origin) -> &'static Class {
    let key: Key = *origin.words();
    let [_, distinction, _, location] = key;
    let at = (location ^ location >> 7 ^ distinction) / 8 % REMEMBERED;
    RECENT.with(|recent| {
        if let Some((known, class)) = recent.borrow()[at]
            && known == key
        {
            return class;
        }
        let mut table = TABLE.lock();
        let table = table.get_or_insert_default();
        let class = match table.classes.get(&key) {
            Some(class) => class,
            None => {
                let Origin { kind, place, .. } = *origin;
                let (name, content) = (origin.name(), origin.content());
                let id = match name {
                    Some(name) => table.named(name),
                    None => table.unnamed(place, content),
                };
                let written = AtomicBool::new(!kind.readers_wait());
                let class = Class {
                    kind,
                    name,
                    content,
                    place,
                    origin: *origin,
                    id,
                    written,
                };
                let class: &'static Class = Box::leak(Box::new(class));
                table.classes.insert(key, class);
                class
            }
        };
        recent.borrow_mut()[at] = Some((key, class));
        class
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::Location;

    #[test]
    fn the_sources_of_the_crate_begin_above_the_rooms() {
        let (root, path) = file!().split_at(ROOT);
        assert!(
            root.ends_with(['/', '\\']) && path.starts_with("tracking"),
            "{root}, {path}"
        );
    }

    #[test]
    fn a_name_is_one_class_wherever_it_is_given() {
        let (here, there) = (Location::caller(), std::panic::Location::caller());
        let a = intern(&LockKind::MUTEX, Some("one name"), here);
        let b = intern(&LockKind::RW_LOCK, Some("one name"), there);
        assert_eq!(a.id, b.id);
        assert_eq!(a.id, named("one name"));
        assert_ne!(a.id, intern(&LockKind::MUTEX, None, here).id);
        assert!(a.id.is_class());
    }

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
