//! A held lock, as read from a slot.

use crate::engine::ids::Site;
use crate::engine::mode::Mode;
use crate::tracking::lock::ident::Ident;

/// A held lock, as read from a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HeldLock {
    pub(crate) ident: *const Ident,
    pub(crate) mode: Mode,
    pub(crate) site: Site,
}
