//! A waker that counts its clones.

#![allow(unsafe_code)]

use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::probe::Counts;

static COUNTING: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop);

/// The waker whose clones and wakes are counted in `counts`.
pub(super) fn waker(counts: Arc<Counts>) -> Waker {
    // SAFETY: the functions keep the contract of `RawWaker`: the data is an `Arc` turned into a
    // pointer, of which each waker owns one reference; all that they do is atomic.
    unsafe { Waker::from_raw(RawWaker::new(Arc::into_raw(counts).cast(), &COUNTING)) }
}

unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: the waker that is cloned owns a reference, and keeps it.
    let counts = ManuallyDrop::new(unsafe { Arc::from_raw(data.cast::<Counts>()) });
    counts.note_clone();
    RawWaker::new(Arc::into_raw(Arc::clone(&counts)).cast(), &COUNTING)
}

unsafe fn wake(data: *const ()) {
    // SAFETY: the waker is used up, and its reference with it.
    let counts = unsafe { Arc::from_raw(data.cast::<Counts>()) };
    counts.wakes.fetch_add(1, Ordering::Relaxed);
    counts.inner.wake_by_ref();
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: the waker owns a reference, and keeps it.
    let counts = ManuallyDrop::new(unsafe { Arc::from_raw(data.cast::<Counts>()) });
    counts.wakes.fetch_add(1, Ordering::Relaxed);
    counts.inner.wake_by_ref();
}

unsafe fn drop(data: *const ()) {
    // SAFETY: the waker is used up, and its reference with it.
    std::mem::drop(unsafe { Arc::from_raw(data.cast::<Counts>()) });
}
