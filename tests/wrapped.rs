//! Programs in which a line says little of a lock: those that have put a type of their own around their
//! locks, so that all are made, and taken, in one line; and those whose locks a library makes.

#![cfg(any(debug_assertions, feature = "always"))]

use std::hint::black_box;
use std::sync::{Arc, Mutex as Plain};
use std::thread;

use lockwarden::config::Config;
use lockwarden::parking_lot::{
    Mutex, RawMutex, RwLock, RwLockReadGuard, RwLockWriteGuard, lock_api,
};
use lockwarden::report::{Report, Verdict};

/// The program's own lock. None of its functions is `#[track_caller]`.
struct Shared(RwLock<u32>);

impl Shared {
    fn new() -> Self {
        Self(RwLock::new(0))
    }

    #[inline(never)]
    fn write(&self) -> RwLockWriteGuard<'_, u32> {
        self.0.write()
    }

    /// A function of the wrapper over another one: neither is the caller that a report names.
    #[inline(never)]
    fn update(&self) -> RwLockWriteGuard<'_, u32> {
        self.write()
    }

    #[inline(never)]
    fn read(&self) -> RwLockReadGuard<'_, u32> {
        self.0.read()
    }
}

#[inline(never)]
fn debit_then_audit(account: &Shared, audit: &Shared) {
    let _account = account.write();
    let _audit = audit.write();
}

#[inline(never)]
fn audit_then_debit(account: &Shared, audit: &Shared) {
    let _audit = audit.write();
    let _account = account.write();
}

// LLVM merges functions with identical code in an optimised build, and a backtrace then has the symbol of
// `debit_then_audit` for this one. The constant makes the code of the two differ.
#[inline(never)]
fn index_then_cache(index: &Shared, cache: &Shared) {
    black_box("index, then cache");
    let _index = index.update();
    let _cache = cache.update();
}

#[inline(never)]
fn cache_then_index(index: &Shared, cache: &Shared) {
    black_box("cache, then index");
    let _cache = cache.update();
    let _index = index.update();
}

#[inline(never)]
fn reads_twice(lock: &Shared) {
    let _first = lock.read();
    let _second = lock.read();
}

#[inline(never)]
fn reads_twice_elsewhere(lock: &Shared) {
    black_box("elsewhere");
    let _first = lock.read();
    let _second = lock.read();
}

fn elsewhere(f: impl FnOnce() + Send) {
    thread::scope(|scope| {
        scope.spawn(f);
    });
}

static REPORTS: Plain<Vec<Report>> = Plain::new(Vec::new());

/// One test at a time, and what was reported meanwhile.
fn reported(run: impl FnOnce()) -> Vec<Report> {
    static ONE: Plain<bool> = Plain::new(false);
    let mut installed = ONE.lock().unwrap_or_else(|e| e.into_inner());
    if !std::mem::replace(&mut *installed, true) {
        Config::new()
            .stderr(false)
            .callback(|report| REPORTS.lock().unwrap().push(report.clone()))
            .install()
            .unwrap();
    }
    run();
    std::mem::take(&mut *REPORTS.lock().unwrap())
}

#[test]
fn a_lock_that_a_library_makes_is_of_the_place_where_it_is_taken_first() {
    type Pair = (Arc<Mutex<u8>>, Arc<Mutex<u8>>);
    let makers: [fn() -> Pair; 3] = [
        Pair::default,
        || (Arc::default(), Arc::default()),
        || {
            let made = [1, 2].map(Mutex::new).map(Arc::new);
            made.into()
        },
    ];
    for make in makers {
        let reports = reported(|| {
            let (orders, bills) = make();
            elsewhere(|| {
                let _orders = orders.lock();
                let _bills = bills.lock();
            });
            elsewhere(|| {
                let _bills = bills.lock();
                let _orders = orders.lock();
            });
        });
        let [report] = &reports[..] else {
            panic!("{reports:?}")
        };
        let made: Vec<_> = report.locks.iter().map(|lock| lock.created).collect();
        assert!(made.iter().all(|place| place.file() == file!()), "{made:?}");
        assert_ne!(made[0], made[1]);
    }
}

#[test]
fn a_raw_lock_that_generic_code_makes_is_of_the_place_where_it_is_taken_first() {
    // `lock_api` makes its locks from a constant, whose line is one of this crate.
    type Raw = lock_api::Mutex<RawMutex, u8>;
    let reports = reported(|| {
        let (orders, bills) = (Raw::new(1), Raw::new(2));
        elsewhere(|| {
            let _orders = orders.lock();
            let _bills = bills.lock();
        });
        elsewhere(|| {
            let _bills = bills.lock();
            let _orders = orders.lock();
        });
    });
    let [report] = &reports[..] else {
        panic!("{reports:?}")
    };
    let made: Vec<_> = report.locks.iter().map(|lock| lock.created).collect();
    assert!(made.iter().all(|place| place.file() == file!()), "{made:?}");
    assert_ne!(made[0], made[1]);
}

#[test]
fn two_findings_on_the_lines_of_a_wrapper_are_two() {
    let reports = reported(|| {
        // Several pairs of one sort: the same calls, so one finding and its repeats.
        for _ in 0..3 {
            let (account, audit) = (Shared::new(), Shared::new());
            elsewhere(|| debit_then_audit(&account, &audit));
            elsewhere(|| audit_then_debit(&account, &audit));
        }
        let (index, cache) = (Shared::new(), Shared::new());
        elsewhere(|| index_then_cache(&index, &cache));
        elsewhere(|| cache_then_index(&index, &cache));
        let lock = Shared::new();
        elsewhere(|| reads_twice(&lock));
        elsewhere(|| reads_twice_elsewhere(&lock));
    });
    let of = |verdict| {
        reports
            .iter()
            .filter(move |report| report.verdict == verdict)
    };
    let repeats: Vec<bool> = of(Verdict::Inversion)
        .map(|r| r.repeats.is_some())
        .collect();
    assert_eq!(repeats, [false, true, true, false]);
    assert_eq!(of(Verdict::RecursiveRead).count(), 2);

    // The stacks of each are its own.
    let last = of(Verdict::Inversion).next_back().unwrap();
    for (edge, function) in last
        .edges
        .iter()
        .zip(["index_then_cache", "cache_then_index"])
    {
        let stack = edge.stack.as_ref().expect("it was kept").to_string();
        assert!(stack.contains(function), "{function} is not in\n{stack}");
        assert!(!stack.contains("audit"), "{stack}");
        let caller = format!("called by wrapped::{function}, tests/wrapped.rs:");
        // An optimised build has no lines by which to know the caller.
        assert_eq!(
            last.to_string().contains(&caller),
            cfg!(debug_assertions),
            "{caller}: {last}"
        );
    }
    // The line of each caller is quoted beside that of the wrapper, which is the same for both.
    for line in [
        "let _cache = cache.update();",
        "let _index = index.update();",
    ] {
        let quoted = last.body().contains(line);
        assert_eq!(quoted, cfg!(debug_assertions), "{line}: {last}");
    }
    assert_eq!(last.body().matches("self.0.write()").count(), 1, "{last}");
}

/// A function through which the program takes locks that it makes elsewhere.
#[inline(never)]
fn taken(lock: &RwLock<u32>) -> RwLockWriteGuard<'_, u32> {
    lock.write()
}

#[test]
fn the_callers_of_a_function_that_takes_every_lock_are_quoted() {
    let reports = reported(|| {
        let (bills, goods) = (RwLock::new(1), RwLock::new(2));
        elsewhere(|| {
            let _bills = taken(&bills);
            let _goods = taken(&goods);
        });
        elsewhere(|| {
            let _goods = taken(&goods);
            let _bills = taken(&bills);
        });
    });
    let [report] = &reports[..] else {
        panic!("{reports:?}")
    };
    for line in ["let _goods = taken(&goods);", "let _bills = taken(&bills);"] {
        let quoted = report.body().contains(line);
        assert_eq!(quoted, cfg!(debug_assertions), "{line}: {report}");
    }
}

/// A wrapper with a constructor that passes on where it was called.
struct Tracked(RwLock<u32>);

impl Tracked {
    #[track_caller]
    fn new() -> Self {
        Self(RwLock::new(0))
    }

    fn write(&self) -> RwLockWriteGuard<'_, u32> {
        self.0.write()
    }
}

#[test]
fn the_locks_of_a_wrapper_are_of_the_lines_of_its_callers_if_its_constructor_tracks_them() {
    let reports = reported(|| {
        let stock = Tracked::new();
        let orders = Tracked::new();
        elsewhere(|| {
            let _stock = stock.write();
            let _orders = orders.write();
        });
        elsewhere(|| {
            let _orders = orders.write();
            let _stock = stock.write();
        });
    });
    let [report] = &reports[..] else {
        panic!("{reports:?}")
    };
    let mut lines: Vec<u32> = report
        .locks
        .iter()
        .map(|lock| lock.created.line())
        .collect();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), 2, "{report}");
}
