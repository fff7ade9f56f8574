//! A request of a thread for a lock.

use crate::engine::ids::Site;
use crate::engine::mode::Mode;
use crate::tracking::lock::ident::Ident;

/// A lock that a thread asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) ident: &'static Ident,
    pub(crate) mode: Mode,
    /// The location of the call.
    pub(crate) site: Site,
}
