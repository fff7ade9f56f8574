//! `Once`: a piece of code that runs once.

use std::fmt;
use std::panic::Location;

use ::parking_lot::OnceState;

use crate::instrument::{InitClock, LockKind, OnceRecord, Site};
use crate::sync::once::once_methods;

static ONCE: LockKind = LockKind::initialised_once("Once");

/// Piece of code that runs once: `parking_lot`'s, tracked in an instrumented build.
///
/// The code, and what its thread did before, happen before what a thread does after it has seen
/// that the code is done. A thread that arrives while another one runs the code waits for it, and
/// is part of a deadlock if that one waits for it in turn; a thread that waits for itself is
/// reported before it blocks.
///
/// # Examples
///
/// ```
/// use lockwarden::parking_lot::Once;
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
    inner: ::parking_lot::Once,
    origin: InitClock,
    turns: OnceRecord,
}

impl Once {
    /// Creates a `Once` that has run nothing, whose class is the construction site.
    #[inline]
    #[track_caller]
    pub const fn new() -> Once {
        Self::of(
            ::parking_lot::Once::new(),
            InitClock::new(),
            OnceRecord::new(&ONCE),
        )
    }

    /// Creates a `Once` that has run nothing, whose class is `name`.
    #[inline]
    #[track_caller]
    pub const fn named(name: &'static str) -> Once {
        Self::of(
            ::parking_lot::Once::new(),
            InitClock::new(),
            OnceRecord::named(&ONCE, name),
        )
    }

    /// Creates a `Once` that counts as completed.
    #[inline]
    #[track_caller]
    pub const fn new_completed() -> Once {
        Self::of(
            ::parking_lot::Once::new_completed(),
            InitClock::none(),
            OnceRecord::new(&ONCE),
        )
    }

    const fn of(inner: ::parking_lot::Once, origin: InitClock, turns: OnceRecord) -> Once {
        Self {
            inner,
            origin,
            turns,
        }
    }

    /// Returns the present state. Never blocks.
    #[inline]
    pub fn state(&self) -> OnceState {
        let state = self.inner.state();
        if state == OnceState::Done {
            self.origin.acquire();
        }
        state
    }
}

impl Default for Once {
    #[inline]
    #[track_caller]
    fn default() -> Once {
        Once::new()
    }
}

once_methods! { Once, OnceState, "lockwarden::parking_lot::Once" }
