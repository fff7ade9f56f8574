//! Locks that generic code makes: all of them are made in one line, and the type of what they hold tells their classes
//! apart.

#![cfg(any(debug_assertions, feature = "always"))]

use std::ops::DerefMut;
use std::sync::{Arc, Mutex as Plain, MutexGuard as PlainGuard, PoisonError};
use std::thread;

use lockwarden::config::{Action, Config};
use lockwarden::report::{Basis, Report, Verdict};
use lockwarden::sync::{Mutex, MutexGuard, RwLock};
use lockwarden::{declare_order, parking_lot};

/// The program's own lock. None of its functions is `#[track_caller]`.
struct Guarded<T>(Mutex<T>);

impl<T> Guarded<T> {
    const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap()
    }
}

#[derive(Default)]
struct Ledger;
#[derive(Default)]
struct Audit;
#[derive(Default)]
struct Stock<T>(T);

static REPORTS: Plain<Vec<Report>> = Plain::new(Vec::new());

/// What is reported from here on. One test at a time.
struct Reports(#[allow(dead_code)] PlainGuard<'static, bool>);

impl Reports {
    fn begin() -> Self {
        static ONE: Plain<bool> = Plain::new(false);
        let mut installed = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::replace(&mut *installed, true) {
            Config::new()
                .stderr(false)
                .classes(Action::Report)
                .callback(|report| REPORTS.lock().unwrap().push(report.clone()))
                .install()
                .unwrap();
        }
        Self(installed)
    }

    fn take(&self) -> Vec<Report> {
        std::mem::take(&mut *REPORTS.lock().unwrap())
    }
}

fn elsewhere(f: impl FnOnce() + Send) {
    thread::scope(|scope| {
        scope.spawn(f);
    });
}

fn nest<T: Send, U: Send>(outer: &Guarded<T>, inner: &Guarded<U>) {
    elsewhere(|| {
        let _outer = outer.lock();
        let _inner = inner.lock();
    });
}

#[test]
fn a_hierarchy_of_wrapped_locks_of_different_types_is_silent() {
    let reports = Reports::begin();
    let (ledger, audit) = (Guarded::new(Ledger), Guarded::new(Audit));
    let stock = Guarded::new(Stock(1_u8));
    // The inner ones get their ids first.
    drop(stock.lock());
    drop(audit.lock());
    drop(ledger.lock());
    assert!(reports.take().is_empty());
    nest(&ledger, &audit);
    nest(&audit, &stock);
    nest(&ledger, &stock);
    let found = reports.take();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn the_order_of_one_pair_of_wrapped_locks_holds_for_the_next_pair() {
    let reports = Reports::begin();
    let pair = || (Guarded::new(1_u32), Guarded::new(String::new()));
    let (first, second) = (pair(), pair());
    nest(&first.0, &first.1);
    nest(&second.1, &second.0);
    let found = reports.take();
    let [report] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(report.verdict, Verdict::Inversion);
    assert_eq!(report.basis, Basis::Classes);
    // The line of construction is the same for both, so the reports says of what type each is.
    let text = report.to_string();
    assert!(
        text.contains("Mutex<u32> made at") && text.contains("Mutex<String> made at"),
        "{text}"
    );
    let mut contents: Vec<_> = report.locks.iter().map(|lock| lock.content).collect();
    contents.sort_unstable();
    contents.dedup();
    assert_eq!(contents, [Some("alloc::string::String"), Some("u32")]);
}

#[test]
fn wrapped_locks_of_one_type_are_of_one_class() {
    let reports = Reports::begin();
    let pair = [0, 1].map(|_| Guarded::new(7_i64));
    pair.iter().for_each(|lock| drop(lock.lock()));
    nest(&pair[1], &pair[0]);
    let found = reports.take();
    let [report] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(report.basis, Basis::Classes);
}

type Shared<T> = Arc<Mutex<Stock<T>>>;

/// A generic constructor whose lock is made in a line of `alloc`.
fn shared<T: Default>() -> Arc<T> {
    Arc::default()
}

/// Generic code that takes every lock in one line.
fn taken<T: 'static>(lock: &Mutex<T>) -> impl DerefMut<Target = T> + '_ {
    lock.lock().unwrap()
}

#[test]
fn locks_of_a_generic_constructor_are_of_a_class_for_each_type() {
    let reports = Reports::begin();
    let (ledger, audit): (Shared<Ledger>, Shared<Audit>) = (shared(), shared());
    elsewhere(|| drop((taken(&audit), taken(&ledger))));
    assert!(reports.take().is_empty());
    elsewhere(|| drop((taken(&audit), taken(&ledger))));
    let (ledger, audit): (Shared<Ledger>, Shared<Audit>) = (shared(), shared());
    elsewhere(|| drop((taken(&ledger), taken(&audit))));
    let found = reports.take();
    let [report] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(
        (report.verdict, report.basis),
        (Verdict::Inversion, Basis::Classes)
    );
}

#[test]
fn every_type_of_lock_has_its_content_in_its_class() {
    fn contents<L, M>(make: fn() -> L, other: fn() -> M, nest: fn(&L, &M), back: fn(&L, &M)) {
        let reports = Reports::begin();
        let (first, second) = ((make(), other()), (make(), other()));
        nest(&first.0, &first.1);
        back(&second.0, &second.1);
        let found = reports.take();
        let [report] = &found[..] else {
            panic!("{found:?}")
        };
        assert_eq!(report.basis, Basis::Classes, "{report}");
        assert!(!report.locks.is_empty());
        for lock in &report.locks {
            let content = lock.content.expect("it is known");
            assert!(content.contains("In<"), "{content}");
        }
    }
    struct In<T, const KIND: u8>(#[allow(dead_code)] T);
    macro_rules! check {
        ($number:literal, $Lock:ty, $lock:ident $($unwrap:ident)?) => {{
            type Of<T> = $Lock;
            fn make<T>(value: T) -> Of<In<T, $number>> {
                Of::new(In(value))
            }
            contents(
                || make(1_u8),
                || make('c'),
                |a, b| elsewhere(|| drop((a.$lock()$(.$unwrap())?, b.$lock()$(.$unwrap())?))),
                |a, b| elsewhere(|| drop((b.$lock()$(.$unwrap())?, a.$lock()$(.$unwrap())?))),
            );
        }};
    }
    check!(0, Mutex<T>, lock unwrap);
    check!(1, RwLock<T>, write unwrap);
    check!(2, parking_lot::Mutex<T>, lock);
    check!(3, parking_lot::FairMutex<T>, lock);
    check!(4, parking_lot::ReentrantMutex<T>, lock);
    check!(5, parking_lot::RwLock<T>, write);
}

#[test]
fn an_order_that_is_declared_for_a_line_holds_for_every_type() {
    let reports = Reports::begin();
    fn one<T>(value: T) -> Mutex<T> {
        Mutex::new(value)
    }
    const ONE: u32 = line!() - 2;
    fn two<T>(value: T) -> Mutex<T> {
        Mutex::new(value)
    }
    const TWO: u32 = line!() - 2;
    let place = |line: u32| &*Box::leak(format!("tests/content.rs:{line}:9").into_boxed_str());
    // One of the locks was used before.
    let early = one(0_u8);
    elsewhere(|| drop(early.lock()));
    declare_order(&[place(ONE), place(TWO)]).unwrap();
    let (last, late) = (two(Ledger), one(Audit));
    elsewhere(|| drop((last.lock(), late.lock())));
    let found = reports.take();
    let [report] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(report.basis, Basis::Declaration);
}
