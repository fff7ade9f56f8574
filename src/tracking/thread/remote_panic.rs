//! Remote panics: how one thread makes another, which would wait for ever, panic.
//!
//! The end of a thread can close a deadlock, and the ending thread cannot unwind. One of the waiting threads
//! then gets the message of the panic, and is woken if its wait does not wake by itself.

#![allow(unsafe_code)]

use std::sync::atomic::Ordering;

use crate::shim::AtomicU32;
use crate::tracking::Mutex;

/// A call that wakes the thread from its present wait.
///
/// The target of `data` lives until the waiting thread has taken the call back.
#[derive(Clone, Copy, Debug)]
pub struct Wake {
    call: unsafe fn(*const ()),
    data: *const (),
}

// SAFETY: the pointer is only passed to `call`, and the creator of a `Wake` guarantees that this is sound
// from any thread.
unsafe impl Send for Wake {}

impl Wake {
    /// # Safety
    ///
    /// `call` may be called with `data` from any thread until the wait that it belongs to has ended.
    pub unsafe fn new(call: unsafe fn(*const ()), data: *const ()) -> Self {
        Self { call, data }
    }
}

/// The remote panic of one thread.
#[derive(Debug)]
pub(crate) struct RemotePanic {
    /// Whether there is a message.
    rung: AtomicU32,
    state: Mutex<Pending>,
}

#[derive(Debug)]
struct Pending {
    wake: Option<Wake>,
    message: Option<String>,
}

impl RemotePanic {
    pub(in crate::tracking) const fn new() -> Self {
        Self {
            rung: AtomicU32::new(0),
            state: Mutex::new(Pending {
                wake: None,
                message: None,
            }),
        }
    }

    /// Begins a wait of the calling thread, which `wake` ends, or which ends by itself from time to time. A
    /// message for an earlier wait is discarded.
    pub(crate) fn arm(&self, wake: Option<Wake>) {
        let mut state = self.state.lock();
        state.wake = wake;
        state.message = None;
        // Relaxed: written and read under the lock, except for the hint in `take`.
        self.rung.store(0, Ordering::Relaxed);
    }

    /// Ends the wait.
    pub(crate) fn disarm(&self) {
        self.state.lock().wake = None;
    }

    /// Stores a message for the thread and wakes it, if it still is in the wait that `is_waiting` checks.
    pub(crate) fn ring(&self, message: String, is_waiting: &dyn Fn() -> bool) -> bool {
        let mut state = self.state.lock();
        if !is_waiting() {
            return false;
        }
        state.message = Some(message);
        // Release pairs with the Acquire in `take`.
        self.rung.store(1, Ordering::Release);
        if let Some(wake) = state.wake.take() {
            // SAFETY: armed and not disarmed, since that needs the lock that is held here.
            unsafe { (wake.call)(wake.data) };
        }
        true
    }

    /// Returns the message, if there is one.
    pub(crate) fn take(&self) -> Option<String> {
        if self.rung.load(Ordering::Acquire) == 0 {
            return None;
        }
        self.rung.store(0, Ordering::Relaxed);
        self.state.lock().message.take()
    }

    /// Releases the lock that a thread which does not exist any more may have held at a fork.
    pub(in crate::tracking) fn survive(&self) {
        if self.state.is_locked() {
            // SAFETY: the holder does not exist any more.
            unsafe { self.state.force_unlock(Default::default()) };
            // It may have been in the middle of a change.
            std::mem::forget(self.state.lock().message.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    unsafe fn count(data: *const ()) {
        // SAFETY: the test passes a counter that outlives the remote panic.
        unsafe { &*data.cast::<AtomicUsize>() }.fetch_add(1, Ordering::Relaxed);
    }

    #[test]
    fn a_message_arrives_once_and_wakes_once() {
        let woken = AtomicUsize::new(0);
        let alarm = RemotePanic::new();
        // SAFETY: as stated there.
        alarm.arm(Some(unsafe {
            Wake::new(count, std::ptr::from_ref(&woken).cast())
        }));
        assert!(alarm.take().is_none());
        assert!(!alarm.ring("too late".to_owned(), &|| false));
        assert!(alarm.ring("stuck".to_owned(), &|| true));
        assert_eq!(woken.load(Ordering::Relaxed), 1);
        assert_eq!(alarm.take().as_deref(), Some("stuck"));
        assert!(alarm.take().is_none());
        alarm.disarm();
    }

    #[test]
    fn a_lock_that_a_fork_has_left_locked_is_released() {
        // A thread that keeps such a guard stays inside the detector.
        let forks = || {
            let alarm = RemotePanic::new();
            std::mem::forget(alarm.state.lock());
            alarm.survive();
            alarm.arm(None);
            assert!(alarm.ring("stuck".to_owned(), &|| true));
        };
        std::thread::spawn(forks).join().unwrap();
    }

    #[test]
    fn a_message_for_an_earlier_wait_is_discarded() {
        let alarm = RemotePanic::new();
        alarm.arm(None);
        assert!(alarm.ring("stuck".to_owned(), &|| true));
        alarm.arm(None);
        assert!(alarm.take().is_none());
    }
}
