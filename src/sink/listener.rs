//! The listener within this crate that receives every report: the watchdog.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::callback;
use crate::report::Report;

pub(crate) type Listener = Arc<dyn Fn(&Report) + Send + Sync>;

static LISTENER: Mutex<Option<Listener>> = Mutex::new(None);
/// Whether there is a listener; if not, the lock is not taken: a fork may have left it locked.
static LISTENS: AtomicBool = AtomicBool::new(false);

/// Keeps the listener registered while it lives.
#[derive(Debug)]
pub(crate) struct Listening(());

/// Calls `listener` with every report, in the thread that made the finding.
pub(crate) fn listen(listener: Listener) -> Listening {
    *LISTENER.lock() = Some(listener);
    LISTENS.store(true, Ordering::Relaxed);
    Listening(())
}

impl Drop for Listening {
    fn drop(&mut self) {
        LISTENS.store(false, Ordering::Relaxed);
        *LISTENER.lock() = None;
    }
}

pub(super) fn notify(report: &Report) {
    // Relaxed: a hint; the lock protects the listener itself.
    if !LISTENS.load(Ordering::Relaxed) {
        return;
    }
    // A fork at the wrong moment leaves the lock locked in the child, which has no listener.
    let listener = LISTENER
        .try_lock_for(std::time::Duration::from_secs(1))
        .and_then(|listener| listener.clone());
    if let Some(listener) = listener {
        callback::guarded("the watchdog", &mut || listener(report));
    }
}
