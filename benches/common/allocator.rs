//! The system's allocator, with a count of the bytes that are in use.
//!
//! No part of `common/mod.rs`: only a whole program can choose its allocator. Tests include this
//! file too.

#![allow(unsafe_code)]
#![allow(dead_code, reason = "not every thread uses all of it")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicI64, Ordering};

/// A sum on a cache line of its own.
#[repr(align(64))]
struct Sum(AtomicI64);

/// The bytes in use, in parts: with one sum the threads of a bench would wait for its cache line.
static IN_USE: [Sum; 16] = [const { Sum(AtomicI64::new(0)) }; 16];

thread_local! {
    /// Allocations of this thread. It has no destructor, so the allocator may use it at any time.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The bytes that are in use, as they were asked for.
pub(crate) fn in_use() -> i64 {
    // Relaxed: a sum; who wants it exact waits for the threads that still allocate.
    IN_USE
        .iter()
        .map(|part| part.0.load(Ordering::Relaxed))
        .sum()
}

/// How often the calling thread has allocated.
pub(crate) fn allocations() -> u64 {
    ALLOCATIONS.get()
}

/// The allocator.
pub(crate) struct Counting;

fn count(allocated: usize, freed: usize) {
    ALLOCATIONS.with(|allocations| {
        // The variables of two threads lie on different pages.
        let part = (std::ptr::from_ref(allocations).addr() >> 12) % IN_USE.len();
        IN_USE[part]
            .0
            .fetch_add(allocated as i64 - freed as i64, Ordering::Relaxed);
        if allocated > 0 {
            allocations.set(allocations.get() + 1);
        }
    });
}

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: the caller's promise is the same.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size, layout.size());
        // SAFETY: the caller's promise is the same.
        unsafe { System.realloc(memory, layout, size) }
    }
}
