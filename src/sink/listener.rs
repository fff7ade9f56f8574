//! The listener within this crate that receives every report: the watchdog.

use std::sync::Arc;

use super::callback;
use crate::report::Report;
use crate::tracking::fork_safe::ForkSafe;

pub(crate) type Listener = Arc<dyn Fn(&Report) + Send + Sync>;

pub(crate) static LISTENER: ForkSafe<Option<Listener>> = ForkSafe::new(None);

/// Keeps the listener registered while it lives.
#[derive(Debug)]
pub(crate) struct Listening(());

/// Calls `listener` with every report, in the thread that made the finding.
pub(crate) fn listen(listener: Listener) -> Listening {
    *LISTENER.lock() = Some(listener);
    Listening(())
}

impl Drop for Listening {
    fn drop(&mut self) {
        *LISTENER.lock() = None;
    }
}

/// Removes the listener in the child of a fork, where its thread does not exist. Its data is leaked: another thread may
/// have been changing it.
#[cfg(unix)]
pub(crate) fn forget() {
    std::mem::forget(LISTENER.lock().take());
}

pub(super) fn notify(report: &Report) {
    let listener = LISTENER.lock().clone();
    if let Some(listener) = listener {
        callback::guarded("the watchdog", &mut || listener(report));
    }
}
