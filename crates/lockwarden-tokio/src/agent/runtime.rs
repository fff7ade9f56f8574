//! Who can poll the tasks of a runtime.

use std::panic::Location;
use std::sync::Arc;

use lockwarden::instrument::Site;
use parking_lot::Mutex;
use tokio::runtime::{Handle, RuntimeFlavor};

use super::frame;
use super::thread;
#[allow(unused_imports)] // A method of tokio's hides its one.
use crate::runtime::newer::Identified as _;

/// One runtime of this crate.
#[derive(Debug)]
pub(crate) struct RuntimeState {
    /// Whether it is a current-thread runtime, which polls its tasks only within `block_on`.
    pub(crate) is_current_thread: bool,
    /// Where it was made.
    pub(crate) made: Site,
    /// How many threads poll its tasks, if it is not.
    pub(crate) workers: usize,
    /// How many closures its blocking pool runs at a time.
    pub(crate) blocking_threads: usize,
    /// Whether a driver of its own waits for sockets and the like, as far as is known.
    pub(crate) has_io_driver: bool,
    /// tokio's own handle.
    pub(crate) handle: Handle,
    /// The threads that are in its `block_on`.
    drivers: Mutex<Vec<u64>>,
}

impl RuntimeState {
    #[track_caller]
    pub(crate) fn new(handle: &Handle, blocking_threads: usize, has_io_driver: bool) -> Self {
        Self {
            made: Location::caller(),
            is_current_thread: matches!(handle.runtime_flavor(), RuntimeFlavor::CurrentThread),
            workers: handle.metrics().num_workers(),
            blocking_threads,
            has_io_driver,
            handle: handle.clone(),
            drivers: Mutex::default(),
        }
    }

    /// The runtime of the task that the calling thread polls, or of the closure that it runs, unless that has entered
    /// another one.
    pub(crate) fn here() -> Option<Arc<Self>> {
        let own = frame::with(|frame| match frame {
            Some(frame) => frame.runtime(),
            None => frame::known()?.runtime.clone(),
        })?;
        let entered = Handle::try_current().ok()?;
        let is_alike = entered.id() == own.handle.id()
            && entered.runtime_flavor() == own.handle.runtime_flavor()
            && entered.metrics().num_workers() == own.workers;
        is_alike.then_some(own)
    }

    /// The calling thread is in `block_on` until the result is dropped.
    pub(crate) fn drive(&self) -> Driving<'_> {
        let thread = thread::number();
        self.drivers.lock().push(thread);
        Driving {
            state: self,
            thread,
        }
    }

    /// Whether none of the threads that poll its tasks does so: all of them are parked by the runtime.
    #[cfg(target_has_atomic = "64")]
    pub(crate) fn is_parked(&self) -> bool {
        let metrics = self.handle.metrics();
        // One that is in no `block_on` has never been parked, or was unparked since.
        let is_driven = || !self.is_current_thread || !self.drivers.lock().is_empty();
        let is_odd = |worker| metrics.worker_park_unpark_count(worker) % 2 == 1;
        !is_driven() || (0..self.workers).all(is_odd)
    }

    /// Whether they are, which tokio does not say here.
    #[cfg(not(target_has_atomic = "64"))]
    pub(crate) fn is_parked(&self) -> bool {
        false
    }

    /// The threads that are in its `block_on`.
    pub(crate) fn drivers(&self) -> Vec<u64> {
        self.drivers.lock().clone()
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

#[cfg(test)]
mod tests {
    use super::RuntimeState;
    use crate::runtime::Builder;

    #[test]
    fn what_a_task_spawns_in_another_runtime_is_none_of_its_own() {
        let build = || Builder::new_current_thread().build().unwrap();
        let (own, other) = (build(), build());
        own.block_on(async {
            assert!(RuntimeState::here().is_some());
            let entered = other.enter();
            assert!(RuntimeState::here().is_none());
            drop(entered);
            assert!(RuntimeState::here().is_some());
        });
    }
}
