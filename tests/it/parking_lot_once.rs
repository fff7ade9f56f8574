//! `Once` of the `parking_lot` flavour: what it says holds of the original too.

/// The tests, once for each flavour.
macro_rules! suite {
    ($name:ident, $flavour:path) => {
        mod $name {
            use std::panic::{AssertUnwindSafe, catch_unwind};
            use std::sync::atomic::{AtomicUsize, Ordering};
            use std::sync::mpsc;
            use std::thread;

            use $flavour::{Once, OnceState};

            /// What `f` panics with.
            fn panics(f: impl FnOnce()) -> String {
                let panic = catch_unwind(AssertUnwindSafe(f)).unwrap_err();
                (*panic.downcast_ref::<&str>().unwrap()).to_owned()
            }

            #[test]
            fn the_signatures_are_those_of_the_original() {
                const _: [fn() -> Once; 2] = [Once::new, Once::new_completed];
                const _: fn(&Once) -> OnceState = Once::state;
                const _: fn(&Once) -> bool = Once::is_completed;
                const _: fn(&Once, fn()) = Once::call_once;
                const _: fn(&Once, fn(OnceState)) = Once::call_once_force;
                const _: [fn(&Once); 2] = [Once::wait, Once::wait_force];
                const _: fn() -> Once = Once::default;
            }

            #[test]
            fn it_runs_once_whoever_comes() {
                static ONCE: Once = Once::new();
                static RUNS: AtomicUsize = AtomicUsize::new(0);
                thread::scope(|scope| {
                    for n in 0..4 {
                        scope.spawn(move || {
                            let run = || {
                                RUNS.fetch_add(1, Ordering::Relaxed);
                                assert_eq!(ONCE.state(), OnceState::InProgress);
                            };
                            match n % 2 {
                                0 => ONCE.call_once(run),
                                _ => ONCE.call_once_force(|_| run()),
                            }
                            assert_eq!(ONCE.state(), OnceState::Done);
                        });
                    }
                    scope.spawn(|| ONCE.wait());
                    scope.spawn(|| ONCE.wait_force());
                });
                assert_eq!(RUNS.load(Ordering::Relaxed), 1);
            }

            #[test]
            fn one_that_panicked_is_poisoned_until_it_is_forced() {
                const POISONED: &str = "Once instance has previously been poisoned";
                let once = Once::new();
                assert_eq!(once.state(), OnceState::New);
                assert_eq!(panics(|| once.call_once(|| panic!("first"))), "first");
                assert_eq!(once.state(), OnceState::Poisoned);
                assert_eq!(panics(|| once.call_once(|| ())), POISONED);
                assert_eq!(panics(|| once.wait()), POISONED);
                let forced = || once.call_once_force(|_| panic!("again"));
                assert_eq!(panics(forced), "again");
                once.call_once_force(|state| assert!(state.is_poisoned()));
                assert!(once.is_completed());
                once.call_once(|| unreachable!());
                once.wait();
                once.wait_force();
            }

            #[test]
            fn a_call_during_the_failure_panics() {
                let once = Once::new();
                let (begin, begun) = mpsc::channel();
                let (fail, may_fail) = mpsc::channel::<()>();
                thread::scope(|scope| {
                    let fails = scope.spawn(|| {
                        let outcome = catch_unwind(AssertUnwindSafe(|| {
                            once.call_once(|| {
                                begin.send(()).unwrap();
                                // The end of the channel, or the message.
                                let _ = may_fail.into_iter().next();
                                panic!("at last");
                            });
                        }));
                        outcome.is_err()
                    });
                    begun.recv().unwrap();
                    let come: Vec<_> = [Once::wait, |once: &Once| once.call_once(|| ())]
                        .into_iter()
                        .map(|come| {
                            let once = &once;
                            scope.spawn(move || panics(|| come(once)))
                        })
                        .collect();
                    let waits = scope.spawn(|| once.wait_force());
                    fail.send(()).unwrap();
                    assert!(fails.join().unwrap());
                    for reported in come {
                        assert!(reported.join().unwrap().contains("poisoned"));
                    }
                    once.call_once_force(|_| ());
                    waits.join().unwrap();
                });
            }

            #[test]
            fn it_prints() {
                assert_eq!(format!("{:?}", Once::new()), "Once { state: New }");
                assert_eq!(
                    format!("{:?}", Once::new_completed()),
                    "Once { state: Done }"
                );
            }
        }
    };
}

suite!(of_lockwarden, lockwarden::parking_lot);
suite!(of_the_original, parking_lot);

#[test]
fn it_can_be_named() {
    use lockwarden::parking_lot::Once;

    static START: Once = Once::named("start");
    START.set_label("of the test");
    START.call_once(|| ());
    assert!(START.is_completed());
}

#[test]
fn the_automatic_traits_and_the_size_are_those_of_the_original() {
    fn is_alike<T: Send + Sync + Unpin + std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    is_alike::<parking_lot::Once>();
    is_alike::<lockwarden::parking_lot::Once>();
    if size_of::<lockwarden::instrument::Lock>() == 0 {
        assert_eq!(
            size_of::<lockwarden::parking_lot::Once>(),
            size_of::<parking_lot::Once>()
        );
        assert_eq!(
            size_of::<lockwarden::sync::OnceLock<u64>>(),
            size_of::<std::sync::OnceLock<u64>>()
        );
    }
}
