//! The drop of a runtime, which waits for its threads.
//!
//! A runtime is dropped between two fields: [`Closing`] before it, [`Closed`] after it.

use std::sync::Arc;

use crate::agent::runtime::RuntimeState;
use crate::examine;
use crate::world;

/// A field of a runtime that is dropped before the others: the runtime is about to be dropped.
#[derive(Debug)]
pub(super) struct Closing(Option<Arc<RuntimeState>>);

impl Closing {
    pub(super) fn of(state: &Arc<RuntimeState>) -> Self {
        Self(Some(Arc::clone(state)))
    }

    /// The runtime is shut down without waiting, or not for long.
    pub(super) fn end(&mut self) {
        self.0 = None;
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        if let Some(state) = &self.0 {
            examine::drops(state);
        }
    }
}

/// A field of a runtime that is dropped after it.
#[derive(Debug)]
pub(super) struct Closed(Arc<RuntimeState>);

impl Closed {
    pub(super) fn of(state: &Arc<RuntimeState>) -> Self {
        Self(Arc::clone(state))
    }
}

impl Drop for Closed {
    fn drop(&mut self) {
        examine::dropped(&self.0);
        world::remove_runtime(&self.0);
    }
}
