//! Origins: what the construction of a lock says of it.

#![allow(unsafe_code)]

use std::{fmt, slice, str};

use crate::engine::ids::Site;
use crate::tracking::lock::kind::LockKind;

/// A function that returns the name of the type of what a lock holds. A function, since the name itself is not
/// known to a `const fn`.
pub(crate) type Content = fn() -> &'static str;

/// The kind, the name or else the content, and the location with which a lock was constructed. Locks of one class
/// have the same ones.
#[derive(Clone, Copy)]
#[repr(C)]
pub(in crate::tracking) struct Origin {
    pub(in crate::tracking) kind: &'static LockKind,
    distinction: Distinction,
    /// The length of the name: zero if there is none.
    length: usize,
    pub(in crate::tracking) place: Site,
}

/// What tells a class from others of its kind and location, in one word: a lock with a name needs no content.
#[derive(Clone, Copy)]
#[repr(C)]
union Distinction {
    /// The bytes of the name, if its length is not zero.
    name: *const u8,
    /// Otherwise.
    content: Option<Content>,
}

// SAFETY: the pointer is that of a `&'static str`, which may be sent and shared.
unsafe impl Send for Origin {}
// SAFETY: as above.
unsafe impl Sync for Origin {}

/// The words of an origin.
const WORDS: usize = size_of::<Origin>() / size_of::<usize>();

impl Origin {
    /// Returns the origin of a lock with this name; an empty one is none.
    pub(in crate::tracking) const fn new(
        kind: &'static LockKind,
        name: Option<&'static str>,
        place: Site,
    ) -> Self {
        match name {
            Some(name) if !name.is_empty() => Self {
                kind,
                distinction: Distinction {
                    name: name.as_ptr(),
                },
                length: name.len(),
                place,
            },
            _ => Self {
                kind,
                distinction: Distinction { content: None },
                length: 0,
                place,
            },
        }
    }

    /// Returns the origin of a lock without a name around a value of the type that `content` returns.
    pub(in crate::tracking) const fn around(
        kind: &'static LockKind,
        content: Content,
        place: Site,
    ) -> Self {
        Self {
            kind,
            distinction: Distinction {
                content: Some(content),
            },
            length: 0,
            place,
        }
    }

    /// Returns the name, if there is one.
    pub(in crate::tracking) fn name(&self) -> Option<&'static str> {
        if self.length == 0 {
            return None;
        }
        // SAFETY: with a length that is not zero, the word and the length are those of a `&'static str`.
        Some(unsafe {
            str::from_utf8_unchecked(slice::from_raw_parts(self.distinction.name, self.length))
        })
    }

    /// Returns the name of the type of the content, if there is no name and the type is known.
    pub(in crate::tracking) fn content(&self) -> Option<&'static str> {
        if self.length != 0 {
            return None;
        }
        // SAFETY: with a length of zero the word was stored as a content.
        unsafe { self.distinction.content }.map(|content| content())
    }

    /// Returns the same origin with another location.
    pub(in crate::tracking) fn at(self, place: Site) -> Self {
        Self { place, ..self }
    }

    /// Returns whether the two are the same, by a comparison of addresses: `false` may be returned for the
    /// same kind, name or content, and location.
    ///
    /// Each load is one of a single word. The compiler would compare two words at a time, and a load of two words
    /// cannot be forwarded from the two stores of a construction right before it: it stalls until both stores have left
    /// the store buffer, for longer than the rest of the acquisition takes.
    #[inline(always)]
    pub(in crate::tracking) fn is(&self, constructed: &Self) -> bool {
        let (words, others) = (self.words(), constructed.words());
        // SAFETY: a reference is valid for reads. Volatile, so that each load stays one of a single word.
        (0..WORDS).all(|at| words[at] == unsafe { std::ptr::read_volatile(&others[at]) })
    }

    /// Returns the addresses, and the length of the name. Equal words are of one class.
    #[inline(always)]
    pub(in crate::tracking) fn words(&self) -> &[usize; WORDS] {
        // SAFETY: a reference, a pointer and a function are a word each. So this type consists of initialised
        // words without padding, and its alignment is that of a word.
        unsafe { &*std::ptr::from_ref(self).cast() }
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origin")
            .field("kind", self.kind)
            .field("name", &self.name())
            .field("content", &self.content())
            .field("place", &self.place)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::any::type_name;
    use std::panic::Location;

    use super::*;

    #[test]
    fn an_origin_has_a_name_or_a_content_or_neither() {
        let (kind, place) = (&LockKind::MUTEX, Location::caller());
        let named = Origin::new(kind, Some("ledger"), place);
        assert_eq!((named.name(), named.content()), (Some("ledger"), None));
        for unnamed in [
            Origin::new(kind, None, place),
            Origin::new(kind, Some(""), place),
        ] {
            assert_eq!((unnamed.name(), unnamed.content()), (None, None));
        }
        let around = Origin::around(kind, type_name::<&u8>, place);
        assert_eq!((around.name(), around.content()), (None, Some("&u8")));
        assert!(around.is(&around) && !around.is(&named));
        assert!(!around.is(&Origin::around(kind, type_name::<&u16>, place)));
        assert!(format!("{around:?}").contains("&u8"));
    }
}
