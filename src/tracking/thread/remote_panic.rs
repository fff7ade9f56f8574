//! How a thread that waits for ever is told so by another one.
//!
//! What closes a deadlock can be the end of a thread, which has nowhere to unwind to. One of those
//! that it leaves behind is then given the message, and woken if it does not wake by itself.

#![allow(unsafe_code)]

use std::sync::atomic::Ordering;

use crate::shim::{AtomicU32, Mutex};

/// Wakes the thread from the wait that it is in.
///
/// What `data` points at lives until the waiting thread has taken the call back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wake {
    call: unsafe fn(*const ()),
    data: *const (),
}

// SAFETY: the pointer is handed to `call` alone, and who makes a `Wake` vouches that this can be
// done from any thread.
unsafe impl Send for Wake {}

impl Wake {
    /// # Safety
    ///
    /// `call` may be called with `data` from any thread until the `Wake` is taken back with
    /// [`RemotePanic::disarm`].
    pub(crate) unsafe fn new(call: unsafe fn(*const ()), data: *const ()) -> Self {
        Self { call, data }
    }
}

/// The alarm of one thread.
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

    /// The calling thread begins a wait out of which it is to be woken like this, or wakes by
    /// itself from time to time. A message of an earlier wait is none of this one.
    pub(crate) fn arm(&self, wake: Option<Wake>) {
        let mut state = self.state.lock();
        state.wake = wake;
        state.message = None;
        // Relaxed: written and read by those who have the lock, but for the hint in `take`.
        self.rung.store(0, Ordering::Relaxed);
    }

    /// The wait is over.
    pub(crate) fn disarm(&self) {
        self.state.lock().wake = None;
    }

    /// Leaves a message for the thread, if it still is in the wait that `is_waiting` asks for, and
    /// wakes it.
    pub(crate) fn ring(&self, message: String, is_waiting: impl FnOnce() -> bool) -> bool {
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

    /// The message, if there is one.
    pub(crate) fn take(&self) -> Option<String> {
        if self.rung.load(Ordering::Acquire) == 0 {
            return None;
        }
        self.rung.store(0, Ordering::Relaxed);
        self.state.lock().message.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    unsafe fn count(data: *const ()) {
        // SAFETY: the test hands in a counter that outlives the alarm.
        unsafe { &*data.cast::<AtomicUsize>() }.fetch_add(1, Ordering::Relaxed);
    }

    #[test]
    fn a_message_arrives_once_and_wakes_once() {
        let woken = AtomicUsize::new(0);
        let alarm = RemotePanic::new();
        // SAFETY: as said there.
        alarm.arm(Some(unsafe {
            Wake::new(count, std::ptr::from_ref(&woken).cast())
        }));
        assert!(alarm.take().is_none());
        assert!(!alarm.ring("too late".to_owned(), || false));
        assert!(alarm.ring("stuck".to_owned(), || true));
        assert_eq!(woken.load(Ordering::Relaxed), 1);
        assert_eq!(alarm.take().as_deref(), Some("stuck"));
        assert!(alarm.take().is_none());
        alarm.disarm();
    }

    #[test]
    fn a_message_of_an_earlier_wait_is_gone() {
        let alarm = RemotePanic::new();
        alarm.arm(None);
        assert!(alarm.ring("stuck".to_owned(), || true));
        alarm.arm(None);
        assert!(alarm.take().is_none());
    }
}
