//! Guards that live too long: recursive reads, forgotten guards, threads that end holding.

use std::mem;
use std::thread;

use lockwarden::config::Action;
use lockwarden::parking_lot as pl;
use lockwarden::report::Verdict;
use lockwarden::sync::{Mutex, RwLock};

use super::harness::{case, check};
use super::turns::{Turns, elsewhere, panics, until};

/// Scenario 6: a getter reads under a read guard, and a writer has queued in between.
#[test]
fn a_recursive_read_through_getters() {
    struct Chain(pl::RwLock<u64>);

    impl Chain {
        fn best(&self) -> u64 {
            *self.0.read()
        }
    }

    check!([
        case("no thread writes", || {
            let chain = Chain(pl::RwLock::named("chain", 1));
            let first = chain.0.read();
            assert_eq!(*first, chain.best());
        })
        .finds("RecursiveRead chain"),
        case("a writer is queued", || {
            let chain = Chain(pl::RwLock::named("chain", 1));
            let turns = Turns::new();
            thread::scope(|scope| {
                let reader = scope.spawn(|| {
                    let _first = chain.0.read();
                    turns.pass(0);
                    // As soon as the writer is queued, readers are turned away.
                    until(|| chain.0.try_read().is_none());
                    let said = panics(|| chain.best());
                    assert!(said.starts_with("lockwarden: Deadlock"), "{said}");
                });
                scope.spawn(|| {
                    turns.reach(1);
                    *chain.0.write() += 1;
                });
                reader.join().unwrap();
            });
            assert_eq!(chain.best(), 2);
        })
        .finds("RecursiveRead chain")
        .finds("Deadlock chain"),
        case(
            "a writer of a std lock is queued, and holds another lock",
            || {
                let (chain, other) = (RwLock::named("chain", 1), Mutex::named("other", ()));
                let turns = Turns::new();
                thread::scope(|scope| {
                    let reader = scope.spawn(|| {
                        let _first = chain.read().unwrap();
                        turns.pass(0);
                        until(|| {
                            matches!(
                                chain.try_read(),
                                Err(lockwarden::sync::TryLockError::WouldBlock)
                            )
                        });
                        panics(|| drop(chain.read()));
                    });
                    scope.spawn(|| {
                        turns.reach(1);
                        let _other = other.lock().unwrap();
                        *chain.write().unwrap() += 1;
                    });
                    reader.join().unwrap();
                });
            }
        )
        .finds("RecursiveRead chain")
        .finds("Deadlock chain"),
        case("readers that pass are not held up", || {
            let chain = pl::RecursiveRwLock::named("chain", 1);
            let turns = Turns::new();
            thread::scope(|scope| {
                let reader = scope.spawn(|| {
                    let _first = chain.read();
                    turns.pass(0);
                    until(|| chain.try_upgradable_read().is_none());
                    drop(chain.read());
                });
                scope.spawn(|| {
                    turns.reach(1);
                    *chain.write() += 1;
                });
                reader.join().unwrap();
            });
        }),
    ]);
}

/// Scenario 9: the guard is forgotten, and the thread exits.
#[test]
fn a_forgotten_guard_is_abandoned_by_its_thread() {
    check!([
        case("mutex", || {
            let a = Mutex::named("a", ());
            elsewhere(|| mem::forget(a.lock().unwrap()));
        })
        .finds("Abandoned a"),
        case("reader", || {
            let a = pl::RwLock::named("a", ());
            elsewhere(|| mem::forget(a.read()));
        })
        .finds("Abandoned a"),
        case("two of them, and one that is let go", || {
            let (a, b, c) = (
                pl::Mutex::named("a", ()),
                pl::Mutex::named("b", ()),
                pl::Mutex::named("c", ()),
            );
            elsewhere(|| {
                mem::forget(a.lock());
                let _b = b.lock();
                mem::forget(c.lock());
            });
            drop(b.lock());
            assert!(a.try_lock().is_none());
        })
        .finds("Abandoned a")
        .finds("Abandoned c"),
        case("three of one class at one place", || {
            let all = [(); 3].map(|()| Mutex::named("a", ()));
            elsewhere(|| all.iter().for_each(|a| mem::forget(a.lock().unwrap())));
        })
        .finds("Abandoned a"),
        // No thread can ask for a dropped lock.
        case("dropped before the thread ends", || {
            elsewhere(|| {
                let a = pl::Mutex::named("a", ());
                mem::forget(a.lock());
                let b = pl::RecursiveRwLock::named("b", ());
                mem::forget((b.read(), b.upgradable_read(), b.read()));
                let c = RwLock::named("c", ());
                mem::forget(c.write());
                let d = Box::new(Mutex::named("d", ()));
                mem::forget(d.lock());
                drop(d);
            });
        }),
        case("one of two dropped before the thread ends", || {
            let a = Mutex::named("a", ());
            elsewhere(|| {
                let b = Mutex::named("b", ());
                mem::forget((a.lock(), b.lock()));
            });
        })
        .finds("Abandoned a"),
        case("locked raw and unlocked by force", || {
            let a = pl::Mutex::named("a", ());
            elsewhere(|| lock_and_unlock_raw(&a));
            drop(a.lock());
        }),
        case("leaked on purpose, by its own function", || {
            let a = pl::Mutex::named("a", 1);
            elsewhere(|| *pl::MutexGuard::leak(a.lock()) += 1);
        })
        .finds("Abandoned a"),
    ]);
}

#[allow(unsafe_code)]
fn lock_and_unlock_raw(a: &pl::Mutex<()>) {
    use lockwarden::parking_lot::lock_api::RawMutex as _;

    // SAFETY: it is locked here, and not unlocked otherwise.
    let hold = unsafe { a.raw() }.lock();
    // SAFETY: by this hold it is held.
    unsafe { a.force_unlock(hold) };
}

/// Whoever waits for a lock whose thread is gone waits for ever, which no thread can undo; at least
/// the abandonment was reported, and waiting with a deadline works.
#[test]
fn an_abandoned_lock_still_times_out() {
    check!([case("timed", || {
        let a = pl::Mutex::named("a", ());
        elsewhere(|| mem::forget(a.lock()));
        assert!(
            a.try_lock_for(std::time::Duration::from_millis(5))
                .is_none()
        );
    })
    .finds("Abandoned a")]);
}

/// A forgotten guard keeps its lock held: a second acquisition can never come.
#[test]
fn a_forgotten_guard_and_a_second_acquisition() {
    check!([case("again", || {
        let a = Mutex::named("a", ());
        mem::forget(a.lock().unwrap());
        panics(|| drop(a.lock()));
    })
    .finds("SelfDeadlock a")]);
}

/// The lock of a forgotten guard is moved, and dropped, and its memory is used by others. Nothing
/// may look at where it was.
#[test]
fn the_lock_of_a_forgotten_guard_moves_and_goes() {
    check!([
        case("moved", || {
            let a = Box::new(pl::Mutex::named("a", ()));
            mem::forget(a.lock());
            let moved = *a;
            let other = Box::new(pl::Mutex::named("other", ()));
            {
                let _other = other.lock();
                assert!(moved.try_lock().is_none());
            }
            let said = panics(|| drop(moved.lock()));
            assert!(said.contains("`a`"), "{said}");
        })
        .finds("SelfDeadlock a"),
        case(
            "dropped, then others in its place, nested both ways",
            || {
                for _ in 0..100 {
                    {
                        let gone = Box::new(Mutex::named("gone", ()));
                        mem::forget(gone.lock().unwrap());
                    }
                    let a = Box::new(Mutex::named("a", ()));
                    let b = Box::new(RwLock::named("b", ()));
                    let _a = a.lock().unwrap();
                    let _b = b.read().unwrap();
                }
            }
        ),
        case("dropped in another thread while its holder goes on", || {
            let b = pl::Mutex::named("b", ());
            let turns = Turns::new();
            thread::scope(|scope| {
                let (send, receive) = std::sync::mpsc::channel();
                scope.spawn({
                    let (turns, b) = (&turns, &b);
                    move || {
                        let a = Box::new(pl::Mutex::named("a", ()));
                        mem::forget(a.lock());
                        send.send(a).unwrap();
                        turns.reach(1);
                        for _ in 0..100 {
                            let c = pl::Mutex::named("c", ());
                            let _b = b.lock();
                            let _c = c.lock();
                        }
                    }
                });
                scope.spawn({
                    let turns = &turns;
                    move || {
                        let a = receive.recv().unwrap();
                        drop(a);
                        let others: Vec<pl::Mutex<()>> =
                            (0..200).map(|_| pl::Mutex::named("others", ())).collect();
                        for other in &others {
                            drop(other.lock());
                        }
                        turns.pass(0);
                    }
                });
            });
        })
        .configured(|config| config.on(Verdict::Abandoned, Action::Ignore)),
        case("into_inner of a lock whose guard was forgotten", || {
            let a = pl::Mutex::named("a", 5);
            mem::forget(a.lock());
            assert_eq!(a.into_inner(), 5);
            let b = pl::Mutex::named("b", ());
            let c = pl::Mutex::named("c", ());
            let _b = b.lock();
            let _c = c.lock();
        }),
    ]);
}
