//! A flag that a thread waits for, with the condition variable that notifies its waiters.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use lockwarden::report::WaitsFor;
use lockwarden::sync::{Condvar, Mutex};
use lockwarden::watchdog::Phase;

use super::watch::{STALL, Watch, waiter};

/// A flag with the condition variable that notifies its waiters.
pub(super) struct Gate {
    pub(super) flag: AtomicBool,
    pub(super) mutex: Mutex<()>,
    pub(super) opened: Condvar,
}

impl Gate {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            flag: AtomicBool::new(false),
            mutex: Mutex::new(()),
            opened: Condvar::named("opened"),
        })
    }

    /// Waits for the flag. What `between` does happens when it was seen not to be set.
    pub(super) fn wait(&self, between: impl FnOnce()) {
        let mut guard = self.mutex.lock().unwrap();
        let mut between = Some(between);
        while !self.flag.load(Ordering::SeqCst) {
            if let Some(between) = between.take() {
                between();
            }
            guard = self.opened.wait(guard).unwrap();
        }
    }

    /// As it should be done.
    pub(super) fn open(&self) {
        let _guard = self.mutex.lock().unwrap();
        self.flag.store(true, Ordering::SeqCst);
        self.opened.notify_all();
    }
}

/// A thread waits for the gate and is not woken; then it is opened.
pub(super) fn is_not_woken(watch: &Watch, gate: &Gate, waiter_thread: thread::JoinHandle<()>) {
    let alert = watch.next(Phase::Began);
    let (name, what) = waiter(&alert);
    assert_eq!(name, "waiter");
    assert!(matches!(what, WaitsFor::Resource { .. }), "{what:?}");
    assert!(alert.report.headline().contains("`opened`"), "{alert}");
    gate.open();
    waiter_thread.join().unwrap();
    assert!(watch.next(Phase::Ended).lasted >= STALL);
}
