//! An allocator that counts under a lock.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Mutex;

/// Counts what the system gives.
pub struct Counting(Mutex<usize>);

impl Counting {
    /// Nothing is counted yet.
    pub const fn new() -> Self {
        Self(Mutex::new(0))
    }

    /// How many allocations there were.
    pub fn count(&self) -> usize {
        *self.0.lock().unwrap()
    }
}

// SAFETY: what the system gives, passed on.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if let Ok(mut count) = self.0.lock() {
            *count += 1;
        }
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}
