//! Values of `once_cell::sync`, in programs that hang, or could, and in one that cannot.

mod surface;

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread;

use once_cell::sync::{Lazy, OnceCell};

#[cfg(feature = "size")]
const _: () = assert!(size_of::<OnceCell<u64>>() <= 24);

static NAMES: Mutex<Vec<&str>> = Mutex::new(Vec::new());
static CONFIG: OnceCell<usize> = OnceCell::new();
static ITSELF: Lazy<usize> = Lazy::new(|| *ITSELF + 1);
static LEFT: Lazy<usize> = Lazy::new(|| {
    BOTH.wait();
    *RIGHT
});
static RIGHT: Lazy<usize> = Lazy::new(|| {
    BOTH.wait();
    *LEFT
});
static BOTH: Barrier = Barrier::new(2);
static TABLE: Lazy<Vec<usize>> = Lazy::new(|| {
    NAMES.lock().unwrap().push("table");
    vec![1, 2, 3]
});

/// Runs two threads, the second after the first, which nothing watched orders.
fn apart(first: impl FnOnce() + Send, second: impl FnOnce() + Send) {
    let is_over = &AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(move || {
            first();
            is_over.store(true, Ordering::Release);
        });
        scope.spawn(move || {
            while !is_over.load(Ordering::Acquire) {
                thread::yield_now();
            }
            second();
        });
    });
}

/// A value whose initialiser takes a lock, under which another thread asks for the value.
fn inversion() {
    apart(
        || assert_eq!(TABLE.len(), 3),
        || {
            let names = NAMES.lock().unwrap();
            assert_eq!(TABLE.len() + names.len(), 4);
        },
    );
}

/// The same with an initialiser that fails after it has taken the lock, and one in another thread that takes none.
fn failed() {
    let from_names = || match NAMES.lock().unwrap().len() {
        0 => Err("no names"),
        names => Ok(names),
    };
    let under_names = || {
        let names = NAMES.lock().unwrap();
        assert_eq!(CONFIG.get_or_init(|| names.len()), &3);
    };
    apart(
        || assert_eq!(CONFIG.get_or_try_init(from_names), Err("no names")),
        || apart(|| assert_eq!(CONFIG.set(3), Ok(())), under_names),
    );
}

/// Two values, each of which needs the other.
fn crossed() {
    thread::scope(|scope| {
        let left = scope.spawn(|| *LEFT);
        let right = scope.spawn(|| *RIGHT);
        assert!(left.join().is_err() && right.join().is_err());
    });
}

/// What the values may do without a finding.
fn clean() {
    // The initialiser takes the lock, and it ends before the thread begins that asks for the value under it.
    assert_eq!(TABLE.len(), 3);
    thread::scope(|scope| {
        scope.spawn(|| {
            let names = NAMES.lock().unwrap();
            assert_eq!(TABLE.len() + names.len(), 4);
        });
    });
    // An initialiser without a lock, in as many threads, under a lock or not.
    let cell = OnceCell::new();
    thread::scope(|scope| {
        for at in 0..8 {
            let cell = &cell;
            scope.spawn(move || {
                let _names = (at % 2 == 0).then(|| NAMES.lock().unwrap());
                assert!(*cell.get_or_init(|| at) < 8);
            });
        }
        assert!(*cell.wait() < 8);
    });
    // A panic leaves a cell empty, and a lazy value poisoned.
    let mut cell = OnceCell::new();
    let fails = AssertUnwindSafe(|| *cell.get_or_init(|| panic!("in the initialiser")));
    assert!(panic::catch_unwind(fails).is_err());
    assert_eq!(cell.try_insert(1), Ok(&1));
    assert_eq!(cell.try_insert(2), Err((&1, 2)));
    assert_eq!((cell.take(), cell.get()), (Some(1), None));
    assert_eq!(cell.clone().into_inner(), None);
    let lazy = Lazy::new(|| -> usize { panic!("in the initialiser") });
    for text in [
        "in the initialiser",
        "Lazy instance has previously been poisoned",
    ] {
        let panic = panic::catch_unwind(AssertUnwindSafe(|| *lazy)).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&text));
    }
    let mut lazy = Lazy::new(|| vec![1]);
    assert_eq!(
        format!("{lazy:?}"),
        "Lazy { cell: OnceCell(Uninit), init: \"..\" }"
    );
    lazy.push(2);
    assert_eq!(
        format!("{lazy:?}"),
        "Lazy { cell: OnceCell([1, 2]), init: \"..\" }"
    );
    assert_eq!(Lazy::into_value(lazy).ok(), Some(vec![1, 2]));
    // What is not of `sync` is there too.
    assert_eq!(once_cell::unsync::Lazy::new(|| 5).to_string(), "5");
    assert_eq!(
        once_cell::race::OnceBox::new().get_or_init(|| Box::new(6)),
        &6
    );
    surface::check();
    println!("{} names", NAMES.lock().unwrap().len());
}

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("itself") => println!("{}", *ITSELF),
        Some("inversion") => inversion(),
        Some("failed") => failed(),
        Some("crossed") => crossed(),
        Some("waits") => println!("{}", CONFIG.wait()),
        _ => clean(),
    }
}
