//! The detector is entered again on a thread that is inside it already: by the allocator of the program, and by its
//! `tracing` subscriber. Signal handlers are in `interrupted.rs`, destructors of thread-local variables in
//! `scenarios/thread_exit.rs`.

#![cfg(any(debug_assertions, feature = "always"))]
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use lockwarden::parking_lot as pl;
use lockwarden::sync::{Mutex, OnceLock, RwLock};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

#[path = "support/child.rs"]
mod child;
use child::{Child, PART, body, part, this_test};

/// The system's allocator, which counts under a watched lock.
struct Counting;

static IS_COUNTING: AtomicBool = AtomicBool::new(false);
static COUNT: pl::Mutex<usize> = pl::Mutex::named("allocations", 0);
static IS_ASKING: AtomicBool = AtomicBool::new(false);
static LIMIT: OnceLock<usize> = OnceLock::named("limit");

// SAFETY: what the system's allocator gives and takes.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // Only tried: what the detector allocates while this lock is taken comes here again.
        if IS_COUNTING.load(Ordering::Relaxed)
            && let Some(mut count) = COUNT.try_lock()
        {
            *count += 1;
        }
        if IS_ASKING.load(Ordering::Relaxed) {
            assert!(layout.size() < *LIMIT.get_or_init(|| usize::MAX));
        }
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Takes two locks in both orders, one after the other, and some more under them.
fn invert() {
    let (ledger, audit) = (Mutex::named("ledger", 0), RwLock::named("audit", 0));
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ledger = ledger.lock().unwrap();
            let _audit = audit.write().unwrap();
            for child in (0..40).map(Mutex::new) {
                drop(child.lock());
            }
        });
    });
    thread::scope(|scope| {
        scope.spawn(|| {
            let _audit = audit.write().unwrap();
            let _ledger = ledger.lock().unwrap();
        });
    });
}

#[test]
fn an_allocator_that_takes_a_watched_lock_enters_the_detector_from_within() {
    if part().is_some() {
        body(|| {
            IS_COUNTING.store(true, Ordering::Relaxed);
            invert();
            IS_COUNTING.store(false, Ordering::Relaxed);
            assert!(*COUNT.lock() > 100);
        });
    }
    let exit = Child::of_test(this_test!()).env(PART, "all").run();
    exit.succeeds();
    assert!(
        exit.headlines().iter().any(|one| one.contains("`audit`")),
        "{exit}"
    );
}

#[test]
fn an_allocator_that_initialises_a_value_enters_the_record_of_the_value_from_within() {
    if part().is_some() {
        body(|| {
            // The thread is known, so that what the record allocates comes after the turn is taken.
            drop(COUNT.lock());
            IS_ASKING.store(true, Ordering::Relaxed);
            drop(std::hint::black_box(Box::new(1)));
            IS_ASKING.store(false, Ordering::Relaxed);
            assert_eq!(LIMIT.get(), Some(&usize::MAX));
        });
    }
    let exit = Child::of_test(this_test!()).env(PART, "all").run();
    exit.succeeds();
    assert_eq!(exit.headlines(), [""; 0], "{exit}");
}

/// Keeps the verdicts of reports, under a watched lock, with another one around it.
struct Keeper {
    outer: RwLock<()>,
    verdicts: Mutex<Vec<String>>,
}

static KEEPER: Keeper = Keeper {
    outer: RwLock::named("subscriber", ()),
    verdicts: Mutex::named("verdicts", Vec::new()),
};

struct Verdict(Option<String>);

impl Visit for Verdict {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "verdict" {
            self.0 = Some(format!("{value:?}"));
        }
    }
}

struct Forwarding;

impl Subscriber for Forwarding {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let _outer = KEEPER.outer.read().unwrap();
        let mut verdict = Verdict(None);
        event.record(&mut verdict);
        KEEPER.verdicts.lock().unwrap().extend(verdict.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn a_subscriber_that_takes_watched_locks_enters_the_detector_from_within() {
    if part().is_some() {
        body(|| {
            tracing::subscriber::set_global_default(Forwarding).unwrap();
            invert();
            // As in the subscriber, and a new order: its event needs the lock that is held.
            let outer = KEEPER.outer.write().unwrap();
            drop(KEEPER.verdicts.lock().unwrap());
            drop(outer);
            let verdicts = KEEPER.verdicts.lock().unwrap().join(" ");
            assert!(verdicts.contains("Inversion"), "{verdicts}");
        });
    }
    let exit = Child::of_test(this_test!()).env(PART, "all").run();
    exit.succeeds();
    assert!(
        exit.headlines().iter().any(|one| one.contains("`audit`")),
        "{exit}"
    );
}
