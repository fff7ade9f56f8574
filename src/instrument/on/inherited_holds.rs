//! Holds that span a spawn and its join.

use crate::detector::order::inherited_holds;
use crate::tracking::thread::inherited_holds::{NestedAcquisition, ParentHolds};
use crate::watchdog::startup::attach;

/// Locks that a parent thread holds at a spawn, passed through the child to the join.
#[derive(Debug)]
pub struct SpawnHolds(Option<Box<(ParentHolds, Vec<NestedAcquisition>)>>);

impl SpawnHolds {
    /// Creates an empty value.
    pub fn none() -> Self {
        Self(None)
    }

    /// Returns the locks that the calling thread holds, before it spawns another.
    pub fn here() -> Self {
        Self(inherited_holds::above().map(|above| Box::new((above, Vec::new()))))
    }

    /// Makes the calling thread, which was spawned with these locks held, inherit them.
    pub fn enter(&self) {
        if let Some(section) = &self.0
            && let Some(slot) = attach()
        {
            inherited_holds::begin(slot, &section.0);
        }
    }

    /// Ends the inheritance at the end of the calling thread, and collects its acquisitions.
    pub fn leave(&mut self) {
        if let Some(section) = &mut self.0 {
            section.1 = inherited_holds::end();
        }
    }

    /// Records that the calling thread has joined the child: acquisitions of the child count as
    /// made under the locks that the parent held throughout.
    pub fn joined(self) {
        if let Some(section) = self.0 {
            let (above, taken) = *section;
            inherited_holds::joined(&above, taken);
        }
    }
}
