//! Somebody within this crate who hears of every report that is handed out: the watchdog.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::callback;
use crate::report::Report;

type Listener = Arc<dyn Fn(&Report) + Send + Sync>;

static LISTENER: Mutex<Option<Listener>> = Mutex::new(None);
/// Whether there is one, so that nobody takes the lock if not.
static LISTENS: AtomicBool = AtomicBool::new(false);

/// Somebody listens for as long as this is alive.
#[derive(Debug)]
pub(crate) struct Listening(());

/// Calls `listener` with every report, in the thread that made the finding.
pub(crate) fn listen(listener: impl Fn(&Report) + Send + Sync + 'static) -> Listening {
    *LISTENER.lock() = Some(Arc::new(listener));
    LISTENS.store(true, Ordering::Relaxed);
    Listening(())
}

impl Drop for Listening {
    fn drop(&mut self) {
        LISTENS.store(false, Ordering::Relaxed);
        *LISTENER.lock() = None;
    }
}

pub(super) fn tell(report: &Report) {
    // Relaxed: a hint; the lock says what is so.
    if !LISTENS.load(Ordering::Relaxed) {
        return;
    }
    // A fork at the wrong moment leaves the lock taken in the child, where nobody listens.
    let listener = LISTENER
        .try_lock_for(std::time::Duration::from_secs(1))
        .and_then(|listener| listener.clone());
    if let Some(listener) = listener {
        callback::guarded("the watchdog", || listener(report));
    }
}
