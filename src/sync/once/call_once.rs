//! `Once`: a piece of code that runs once.

use std::fmt;
use std::panic::Location;
use std::sync::{self, OnceState};

use super::methods::once_methods;
use crate::instrument::{InitClock, LockKind, OnceRecord, Site};

static ONCE: LockKind = LockKind::initialised_once("Once");

/// Piece of code that runs once, as with [`std::sync::Once`].
///
/// The code, and what its thread did before, happen before what a thread does after it has seen
/// that the code is done.
///
/// The locks that the code takes are learnt from the thread that runs it; that another thread
/// could have come first and run it is not examined.
///
/// # Examples
///
/// ```
/// use lockwarden::sync::Once;
///
/// static START: Once = Once::new();
///
/// fn use_it() {
///     START.call_once(|| println!("the first one starts it"));
/// }
/// use_it();
/// use_it();
/// assert!(START.is_completed());
/// ```
pub struct Once {
    inner: sync::Once,
    origin: InitClock,
    turns: OnceRecord,
}

impl Once {
    /// Creates a `Once` that has run nothing. Its class, which reports name, is the construction
    /// site.
    #[inline]
    #[must_use]
    #[track_caller]
    #[expect(clippy::new_without_default, reason = "std's has none")]
    pub const fn new() -> Once {
        Self::of(OnceRecord::new(&ONCE))
    }

    /// Creates a `Once` that has run nothing and whose class is `name`.
    #[inline]
    #[must_use]
    #[track_caller]
    pub const fn named(name: &'static str) -> Once {
        Self::of(OnceRecord::named(&ONCE, name))
    }

    const fn of(turns: OnceRecord) -> Once {
        Self {
            inner: sync::Once::new(),
            origin: InitClock::new(),
            turns,
        }
    }
}

once_methods! { Once, &OnceState, "lockwarden::sync::Once" }
