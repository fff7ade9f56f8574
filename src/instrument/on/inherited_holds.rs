//! Critical sections that span a spawn and its join.

use crate::detector::order::inherited_holds;
use crate::tracking::thread::inherited_holds::{NestedAcquisition, ParentHolds};

/// What a parent holds above a thread, on its way from the spawn through the thread to the join.
#[derive(Debug)]
pub(crate) struct SpawnHolds(Option<Box<(ParentHolds, Vec<NestedAcquisition>)>>);

impl SpawnHolds {
    /// Nothing.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// What the calling thread holds, before it starts another.
    pub(crate) fn here() -> Self {
        Self(inherited_holds::above().map(|above| Box::new((above, Vec::new()))))
    }

    /// The calling thread was started there.
    pub(crate) fn enter(&self) {
        if let Some(section) = &self.0 {
            inherited_holds::begin(&section.0);
        }
    }

    /// The calling thread comes to its end.
    pub(crate) fn leave(&mut self) {
        if let Some(section) = &mut self.0 {
            section.1 = inherited_holds::end();
        }
    }

    /// The calling thread has joined the one that came from there.
    pub(crate) fn joined(self) {
        if let Some(section) = self.0 {
            let (above, taken) = *section;
            inherited_holds::joined(&above, taken);
        }
    }
}
