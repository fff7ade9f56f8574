//! Origins: what the construction of a lock says of it.

#![allow(unsafe_code)]

use crate::engine::ids::Site;
use crate::tracking::lock::kind::LockKind;

/// The kind, the name and the location with which a lock was constructed. Locks of one class have the same
/// ones.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(in crate::tracking) struct Origin {
    pub(in crate::tracking) kind: &'static LockKind,
    /// Empty if there is none.
    pub(in crate::tracking) name: &'static str,
    pub(in crate::tracking) place: Site,
}

/// The name of a record that has none.
static UNNAMED: &str = "";

/// The words of an origin.
const WORDS: usize = size_of::<Origin>() / size_of::<usize>();

impl Origin {
    pub(in crate::tracking) const fn new(
        kind: &'static LockKind,
        name: Option<&'static str>,
        place: Site,
    ) -> Self {
        let name = match name {
            Some(name) => name,
            None => UNNAMED,
        };
        Self { kind, name, place }
    }

    /// Returns whether the two are the same, by a comparison of addresses: `false` may be returned for the
    /// same kind, name and location.
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

    /// Returns the addresses, and the length of the name.
    #[inline(always)]
    fn words(&self) -> &[usize; WORDS] {
        // SAFETY: a reference is a word, and one to a string two. So this type consists of initialised words
        // without padding, and its alignment is that of a word.
        unsafe { &*std::ptr::from_ref(self).cast() }
    }
}
