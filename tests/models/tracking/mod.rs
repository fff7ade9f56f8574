//! Models of the protocols of this layer: the code itself, in every order that the memory model allows.

mod contexts;
mod doorbell;
mod record;
mod slot;
mod wait;

use super::lock::class;
use super::lock::ident::Ident;
use super::lock::lock_id_pool::LockIdPool;
use super::process::registry;
use super::thread::local::Local;
use super::thread::slot::Slot;
use super::thread::wait::{LockTraits, WaitKind, WaitRequest};
use crate::engine::ids::Site;
use crate::tracking::lock::kind::LockKind;
use std::panic::Location;

/// The slot of a thread of the model. It is freed at the end of the execution.
pub(crate) struct Seat(*const Slot);

impl Seat {
    pub(crate) fn new() -> Self {
        let thread = registry::next_thread();
        let slot: &'static Slot = Box::leak(Box::new(Slot::vacant()));
        slot.occupy(thread, None, Box::new(Local::new(thread)));
        // What other threads may read is initialised before they start.
        slot.set_seed(1);
        slot.maintain();
        slot.set_check_id(0);
        let lock = (std::ptr::null(), LockTraits::NONE);
        slot.wait.publish(&WaitRequest {
            party: std::ptr::NonNull::dangling().as_ptr(),
            ..WaitRequest::lock(WaitKind::SIGNAL, false, lock, Location::caller())
        });
        slot.wait.clear();
        slot.wait
            .reported
            .store(0, std::sync::atomic::Ordering::Relaxed);
        Self(slot)
    }

    #[allow(unsafe_code)]
    pub(crate) fn slot(&self) -> &'static Slot {
        // SAFETY: the threads of the model end before the seat is dropped.
        unsafe { &*self.0 }
    }
}

impl Drop for Seat {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: created from a box in `new`; no thread uses it any more.
        drop(unsafe { Box::from_raw(self.0.cast_mut()) });
    }
}

/// Returns a new lock.
pub(crate) fn ident() -> &'static Ident {
    let class = class::intern(&LockKind::MUTEX, None, Location::caller());
    let ident = LockIdPool::default().take(class);
    // As above: initialised before the threads start.
    assert_ne!(ident.tag(), 0);
    assert!(!ident.contexts.is_promoted());
    ident
}

/// Returns distinct locations.
pub(crate) fn sites() -> [Site; 4] {
    let a = Location::caller();
    let b = Location::caller();
    let c = Location::caller();
    let d = Location::caller();
    [a, b, c, d]
}
