//! The drop of a runtime, which waits for its threads.

use std::sync::Arc;

use crate::agent::runtime::RuntimeState;
use crate::examine;

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
            examine::dropped(state);
        }
    }
}
