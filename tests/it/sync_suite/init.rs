//! What is done once, demanded of both flavours by the same lines.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;

use super::sync::{LazyLock, Once, OnceLock, OnceState};

type S = &'static str;

#[test]
fn the_signatures_are_those_of_std() {
    const _: fn() -> Once = Once::new;
    const _: fn(&Once, fn()) = Once::call_once;
    const _: fn(&Once, fn(&OnceState)) = Once::call_once_force;
    const _: fn(&Once) -> bool = Once::is_completed;
    const _: [fn(&Once); 2] = [Once::wait, Once::wait_force];
    #[allow(deprecated)]
    const _: Once = super::sync::ONCE_INIT;

    type Cell = OnceLock<S>;
    const _: fn() -> Cell = OnceLock::new;
    const _: fn(&'static Cell) -> Option<&'static S> = OnceLock::get;
    const _: fn(&'static mut Cell) -> Option<&'static mut S> = OnceLock::get_mut;
    const _: fn(&'static Cell) -> &'static S = OnceLock::wait;
    const _: fn(&Cell, S) -> Result<(), S> = OnceLock::set;
    const _: fn(&'static Cell, fn() -> S) -> &'static S = OnceLock::get_or_init;
    const _: fn(Cell) -> Option<S> = OnceLock::into_inner;
    const _: fn(&mut Cell) -> Option<S> = OnceLock::take;

    type Lazy = LazyLock<S>;
    const _: fn(fn() -> S) -> Lazy = LazyLock::new;
    const _: fn(&'static Lazy) -> &'static S = LazyLock::force;
    const _: fn(&'static mut Lazy) -> &'static mut S = LazyLock::force_mut;
    const _: fn(&'static Lazy) -> Option<&'static S> = LazyLock::get;
    const _: fn(&'static mut Lazy) -> Option<&'static mut S> = LazyLock::get_mut;
}

#[test]
fn it_runs_once_whoever_comes() {
    static ONCE: Once = Once::new();
    static CELL: OnceLock<usize> = OnceLock::new();
    static LAZY: LazyLock<usize> = LazyLock::new(|| RUNS.fetch_add(1, Ordering::Relaxed));
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let run = || RUNS.fetch_add(1, Ordering::Relaxed);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                ONCE.call_once(|| {
                    run();
                });
                assert!(ONCE.is_completed());
                let first = *CELL.get_or_init(run);
                assert_eq!(CELL.wait(), &first);
                assert_eq!(*LAZY, *LAZY);
            });
        }
        scope.spawn(|| ONCE.wait());
        scope.spawn(|| CELL.wait());
    });
    assert_eq!(RUNS.load(Ordering::Relaxed), 3);
}

#[test]
fn a_once_that_panicked_is_poisoned_until_it_is_forced() {
    let once = Once::new();
    let first = catch_unwind(AssertUnwindSafe(|| once.call_once(|| panic!("first"))));
    assert!(first.is_err() && !once.is_completed());
    let call = AssertUnwindSafe(|| once.call_once(|| ()));
    assert!(catch_unwind(call).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| once.wait())).is_err());
    once.call_once_force(|state| assert!(state.is_poisoned()));
    assert!(once.is_completed());
    once.call_once(|| unreachable!());
    once.call_once_force(|_| unreachable!());
    once.wait_force();
}

#[test]
fn a_cell_whose_initialiser_panicked_is_empty() {
    let cell = OnceLock::new();
    let failed = catch_unwind(AssertUnwindSafe(|| cell.get_or_init(|| panic!("first"))));
    assert!(failed.is_err());
    assert_eq!(cell.get(), None);
    assert_eq!(cell.set(5), Ok(()));
    assert_eq!(cell.set(6), Err(6));
    assert_eq!(cell.get_or_init(|| 7), &5);
}

#[test]
fn a_lazy_value_whose_initialiser_panicked_is_poisoned() {
    let lazy: LazyLock<u8> = LazyLock::new(|| panic!("first"));
    for expected in ["first", "LazyLock instance has previously been poisoned"] {
        let failed = catch_unwind(AssertUnwindSafe(|| *lazy)).unwrap_err();
        assert_eq!(failed.downcast_ref(), Some(&expected));
    }
}

/// Those who come while an initialiser runs, which fails, find what those find who come later.
#[test]
fn who_comes_while_it_fails_goes_by_what_is_left() {
    let (once, cell) = (Once::new(), OnceLock::new());
    let (begin, begun) = mpsc::channel();
    let (fail, may_fail) = mpsc::channel::<()>();
    let may_fail = Mutex::new(may_fail);
    // Each of the three waits inside for the same word.
    let fails = || {
        begin.send(()).unwrap();
        may_fail.lock().unwrap().recv().unwrap();
        std::panic::resume_unwind(Box::new("as it should"));
    };
    let lazy: LazyLock<u8, _> = LazyLock::new(|| -> u8 {
        fails();
        0
    });
    fn ends(f: impl FnOnce()) -> bool {
        catch_unwind(AssertUnwindSafe(f)).is_ok()
    }
    thread::scope(|scope| {
        for n in 0..3 {
            let (once, cell, lazy, fails) = (&once, &cell, &lazy, fails);
            scope.spawn(move || match n {
                0 => assert!(!ends(|| once.call_once(fails))),
                1 => assert!(!ends(|| {
                    cell.get_or_init(|| {
                        fails();
                        0
                    });
                })),
                _ => assert!(!ends(|| {
                    LazyLock::force(lazy);
                })),
            });
        }
        (0..3).for_each(|_| begun.recv().unwrap());
        let poisoned = [
            scope.spawn(|| ends(|| once.call_once(|| ()))),
            scope.spawn(|| ends(|| once.wait())),
            scope.spawn(|| ends(|| assert_eq!(LazyLock::force(&lazy), &0))),
        ];
        let waits = scope.spawn(|| once.wait_force());
        let takes = scope.spawn(|| assert_eq!(cell.get_or_init(|| 7), &7));
        let reads = scope.spawn(|| assert_eq!(cell.wait(), &7));
        (0..3).for_each(|_| fail.send(()).unwrap());
        for one in poisoned {
            assert!(!one.join().unwrap());
        }
        once.call_once_force(|state| assert!(state.is_poisoned()));
        waits.join().unwrap();
        takes.join().unwrap();
        reads.join().unwrap();
    });
}

#[test]
fn a_cell_can_be_changed_by_its_owner() {
    let mut cell = OnceLock::from(String::from("a"));
    cell.get_mut().unwrap().push('b');
    assert_eq!(cell.clone(), cell);
    assert_eq!(cell.take().as_deref(), Some("ab"));
    assert_eq!(cell.get(), None);
    assert_eq!(cell.get_mut(), None);
    assert_eq!(cell.set("c".into()), Ok(()));
    assert_ne!(cell, OnceLock::default());
    assert_eq!(cell.into_inner().as_deref(), Some("c"));
}

#[test]
fn a_lazy_value_can_be_changed_by_its_owner() {
    let made_of = String::from("a");
    let mut lazy = LazyLock::new(move || made_of + "b");
    assert_eq!(LazyLock::get(&lazy), None);
    assert_eq!(LazyLock::get_mut(&mut lazy), None);
    LazyLock::force_mut(&mut lazy).push('c');
    lazy.push('d');
    LazyLock::get_mut(&mut lazy).unwrap().push('e');
    assert_eq!(LazyLock::get(&lazy).map(String::as_str), Some("abcde"));
    assert_eq!((LazyLock::force(&lazy).len(), lazy.len()), (5, 5));
    let zero: LazyLock<u8> = LazyLock::default();
    assert_eq!(*zero, 0);
}

#[test]
fn they_print() {
    let (cell, lazy) = (OnceLock::new(), LazyLock::new(|| 1));
    let printed = || format!("{cell:?} {lazy:?} {:?}", Once::new());
    assert_eq!(
        printed(),
        "OnceLock(<uninit>) LazyLock(<uninit>) Once { .. }"
    );
    cell.set(2).unwrap();
    assert_eq!(*lazy, 1);
    assert_eq!(printed(), "OnceLock(2) LazyLock(1) Once { .. }");
}
