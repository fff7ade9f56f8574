//! Who can poll the tasks of a runtime.

use parking_lot::Mutex;

use super::frame;

/// One runtime of this crate.
#[derive(Debug)]
pub(crate) struct RuntimeState {
    /// Whether it is a current-thread runtime, which polls its tasks only within `block_on`.
    pub(crate) is_current_thread: bool,
    /// The threads that are in its `block_on`.
    drivers: Mutex<Vec<u64>>,
}

impl RuntimeState {
    pub(crate) fn new(is_current_thread: bool) -> Self {
        Self {
            is_current_thread,
            drivers: Mutex::default(),
        }
    }

    /// The calling thread is in `block_on` until the result is dropped.
    pub(crate) fn drive(&self) -> Driving<'_> {
        let thread = frame::thread();
        self.drivers.lock().push(thread);
        Driving {
            state: self,
            thread,
        }
    }

    /// The only thread that polls the tasks of the runtime, if there is only one.
    pub(crate) fn only_driver(&self) -> Option<u64> {
        match self.drivers.lock().as_slice() {
            [driver] if self.is_current_thread => Some(*driver),
            _ => None,
        }
    }
}

/// A thread in `block_on`.
#[derive(Debug)]
pub(crate) struct Driving<'a> {
    state: &'a RuntimeState,
    thread: u64,
}

impl Drop for Driving<'_> {
    fn drop(&mut self) {
        let mut drivers = self.state.drivers.lock();
        if let Some(at) = drivers.iter().position(|driver| *driver == self.thread) {
            drivers.swap_remove(at);
        }
    }
}
