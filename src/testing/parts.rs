//! The contents of an outcome.

use std::any::Any;
use std::fmt;
use std::sync::Mutex;

use super::hang::Hang;
use crate::engine::ids::Site;
use crate::report::Report;

/// The contents of an outcome.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) findings: Vec<Report>,
    pub(super) counted: Vec<Report>,
    /// Whether the detector has broken a deadlock by a panic.
    pub(super) broken: bool,
    pub(super) hang: Option<Hang>,
    pub(super) panicked: Option<Panicked>,
    pub(super) watched: bool,
    pub(super) site: Site,
}

/// A panic of the closure that is not the detector's.
pub(super) struct Panicked {
    pub(super) message: String,
    /// Behind a mutex, so that the outcome is `Sync`.
    pub(super) payload: Mutex<Box<dyn Any + Send>>,
}

impl fmt::Debug for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message.fmt(f)
    }
}
