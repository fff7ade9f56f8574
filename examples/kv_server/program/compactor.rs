//! The background compactor.

use std::io;

use super::flavour::{Condvar, Mutex};
use super::service::Service;

/// What the compactor is asked for.
pub(super) struct Orders {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    wanted: bool,
    stopped: bool,
}

impl Orders {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State::default()),
            changed: Condvar::new(),
        }
    }

    /// The log should be compacted.
    pub(super) fn compact(&self) {
        self.state.lock().wanted = true;
        self.changed.notify_one();
    }

    /// There will be nothing more to do.
    pub(super) fn stop(&self) {
        self.state.lock().stopped = true;
        self.changed.notify_one();
    }

    /// Waits for something to do; `false` if nothing more will come.
    fn wait(&self) -> bool {
        let mut state = self.state.lock();
        self.changed
            .wait_while(&mut state, |state| !state.wanted && !state.stopped);
        // Work that was ordered before the end is still done.
        std::mem::take(&mut state.wanted)
    }
}

/// Compacts whenever it is ordered to, until it is stopped; returns how often that was.
pub(super) fn work(service: &Service<'_>, orders: &Orders) -> io::Result<usize> {
    let mut times = 0;
    while orders.wait() {
        service.compact()?;
        times += 1;
    }
    Ok(times)
}
