//! How much memory an edge takes.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use crate::common::subject::Subject;

static COUNTING: AtomicBool = AtomicBool::new(false);
static ASKED: AtomicI64 = AtomicI64::new(0);
static TAKEN: AtomicI64 = AtomicI64::new(0);

/// The system's allocator, with a count of the bytes that are in use.
pub(crate) struct Counting;

/// What an allocation takes of the heap: what was asked for, rounded up to the size classes of the
/// usual allocators (multiples of 16, with a header of 8).
fn taken(size: usize) -> i64 {
    ((size + 8).next_multiple_of(16)).max(32) as i64
}

fn count(allocated: usize, freed: usize) {
    // While times are taken, this load is all.
    if COUNTING.load(Ordering::Relaxed) {
        let of = |size: usize| if size == 0 { 0 } else { taken(size) };
        ASKED.fetch_add(allocated as i64 - freed as i64, Ordering::Relaxed);
        TAKEN.fetch_add(of(allocated) - of(freed), Ordering::Relaxed);
    }
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

/// The bytes of the detector for locks that each were taken once under a parent.
pub(crate) struct Bytes {
    asked: f64,
    taken: f64,
    kept: i64,
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.1} bytes asked for, {:.1} taken of the heap; {} kept after the drop  (goal 64, 0)",
            self.asked, self.taken, self.kept
        )
    }
}

/// Counts the bytes of `count` new edges under one parent, beside those of the locks themselves.
pub(crate) fn edges<S: Subject>(count: u64) -> Bytes {
    // The first time fills what a thread keeps at hand; that is there once and for all edges.
    once::<S>(count);
    COUNTING.store(true, Ordering::Relaxed);
    let bytes = once::<S>(count);
    COUNTING.store(false, Ordering::Relaxed);
    bytes
}

fn once<S: Subject>(count: u64) -> Bytes {
    let now = || [&ASKED, &TAKEN].map(|counter| counter.load(Ordering::Relaxed));
    let start = now();
    let parent = S::mutex();
    let children: Vec<S::Mutex> = (0..count).map(|_| S::mutex()).collect();
    let before = now();
    {
        let _parent = S::lock(&parent);
        for child in &children {
            *S::lock(child) += 1;
        }
    }
    let after = now();
    drop(children);
    drop(parent);
    let each = |at: usize| (after[at] - before[at]) as f64 / count as f64;
    Bytes {
        asked: each(0),
        taken: each(1),
        kept: now()[0] - start[0],
    }
}
