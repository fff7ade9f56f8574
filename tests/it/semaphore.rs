//! Semaphores: what is taken, waited for and given back.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lockwarden::sync::{BoundedSemaphore, Permit, Semaphore, TooManyReleases};
use lockwarden::thread;

/// Longer than any wait of a test that passes.
const LIMIT: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(1);

/// Both have the same methods, but for the release.
macro_rules! for_both {
    (|$new:ident| $body:expr) => {{
        {
            let $new = Semaphore::new;
            $body
        }
        {
            let $new = BoundedSemaphore::new;
            $body
        }
    }};
}

#[test]
fn permits_are_taken_and_given_back() {
    for_both!(|new| {
        let semaphore = new(3);
        semaphore.set_label("of the test");
        let one = semaphore.acquire();
        let two = semaphore.acquire_many(2);
        assert_eq!((one.count(), two.count()), (1, 2));
        assert_eq!(semaphore.available_permits(), 0);
        assert!(semaphore.try_acquire().is_none());
        assert!(semaphore.acquire_timeout(SHORT).is_none());
        drop(two);
        assert_eq!(semaphore.available_permits(), 2);
        assert!(semaphore.try_acquire_many(3).is_none());
        assert!(semaphore.acquire_many_timeout(3, SHORT).is_none());
        assert!(semaphore.try_acquire_many(2).is_some());
        assert!(semaphore.acquire_many_timeout(2, Duration::MAX).is_some());
        drop(one);
        assert_eq!(semaphore.available_permits(), 3);
        assert_eq!(semaphore.acquire_many(0).count(), 0);
    });
}

#[test]
fn no_permits_can_be_had_of_a_semaphore_that_is_empty() {
    for_both!(|new| {
        let empty = new(0);
        assert_eq!(empty.acquire_many(0).count(), 0);
        assert!(empty.try_acquire_many(0).is_some());
        assert!(empty.try_acquire().is_none());
        assert!(empty.acquire_timeout(Duration::ZERO).is_none());
        assert_eq!(empty.available_permits(), 0);
    });
}

#[test]
fn a_panic_gives_the_permit_back() {
    for_both!(|new| {
        let semaphore = new(1);
        let failed = catch_unwind(AssertUnwindSafe(|| {
            let _permit = semaphore.acquire();
            panic!("with the permit held");
        }));
        assert!(failed.is_err());
        assert_eq!(semaphore.available_permits(), 1);
    });
}

#[test]
fn a_permit_is_given_back_by_another_thread() {
    static SEATS: Semaphore = Semaphore::named("seats", 1);
    let seat: Permit<'static> = SEATS.acquire();
    let other = thread::spawn(move || drop(seat));
    // The one that is waited for here is the one that goes there.
    let seat = SEATS.acquire_timeout(LIMIT);
    assert!(seat.is_some());
    other.join().unwrap();
}

#[test]
fn a_forgotten_permit_is_released_by_another_thread() {
    let (plain, bounded) = (Semaphore::new(1), BoundedSemaphore::new(1));
    plain.acquire().forget();
    bounded.acquire().forget();
    thread::scope(|scope| {
        scope.spawn(|| {
            plain.release();
            bounded.release().unwrap();
        });
        assert!(plain.acquire_timeout(LIMIT).is_some());
        assert!(bounded.acquire_timeout(LIMIT).is_some());
    });
}

#[test]
fn who_wants_many_is_not_passed_by_who_wants_few() {
    let semaphore = Semaphore::new(1);
    thread::scope(|scope| {
        let many = scope.spawn(|| semaphore.acquire_many_timeout(2, LIMIT).is_some());
        // There is one, so it is refused only because a thread waits.
        while semaphore.try_acquire().is_some() {
            thread::yield_now();
        }
        assert_eq!(semaphore.available_permits(), 1);
        semaphore.release();
        assert!(many.join().unwrap());
    });
    assert_eq!(semaphore.available_permits(), 2);
}

#[test]
fn who_gives_up_leaves_what_is_there_to_others() {
    let semaphore = Semaphore::new(1);
    thread::scope(|scope| {
        scope.spawn(|| assert!(semaphore.acquire_many_timeout(2, SHORT).is_none()));
    });
    assert!(semaphore.try_acquire().is_some());
}

#[test]
fn there_are_never_more_inside_than_permits() {
    const PERMITS: usize = 3;
    let semaphore = Semaphore::new(PERMITS);
    let inside = AtomicUsize::new(0);
    thread::scope(|scope| {
        for wanted in [1, 1, 2, 3, 1, 2] {
            let (semaphore, inside) = (&semaphore, &inside);
            scope.spawn(move || {
                for _ in 0..500 {
                    let permit = semaphore.acquire_many_timeout(wanted, LIMIT);
                    let permit = permit.expect("no thread keeps them");
                    let now = inside.fetch_add(wanted, Ordering::Relaxed) + wanted;
                    assert!(now <= PERMITS);
                    thread::yield_now();
                    inside.fetch_sub(wanted, Ordering::Relaxed);
                    drop(permit);
                }
            });
        }
    });
    assert_eq!(semaphore.available_permits(), PERMITS);
}

/// Both the lock-free way and that with a line, and the moments where the one becomes the other.
#[test]
fn no_permit_is_lost_on_the_way() {
    const ITEMS: usize = 5_000;
    for first in [0, 1] {
        let items = Semaphore::new(first);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for n in 0..ITEMS {
                        if n % 3 == 0 {
                            items.release_many(3);
                        }
                    }
                });
                scope.spawn(|| {
                    for _ in 0..ITEMS {
                        let item = items.acquire_timeout(LIMIT);
                        item.expect("there are enough for all").forget();
                    }
                });
            }
        });
        assert_eq!(
            items.available_permits(),
            first + 2 * (ITEMS.div_ceil(3) * 3 - ITEMS)
        );
    }
}

#[test]
fn a_release_too_many_is_refused_and_changes_nothing() {
    let semaphore = BoundedSemaphore::named("bounded", 2);
    assert_eq!(semaphore.release(), Err(TooManyReleases));
    // A permit that gives itself back must not be given back by another thread.
    let permit = semaphore.acquire();
    assert_eq!(semaphore.release(), Err(TooManyReleases));
    drop(permit);
    semaphore.acquire().forget();
    assert_eq!(semaphore.release_many(2), Err(TooManyReleases));
    assert_eq!(semaphore.available_permits(), 1);
    assert_eq!(semaphore.release_many(1), Ok(()));
    assert_eq!(semaphore.release_many(0), Ok(()));
    assert_eq!(semaphore.available_permits(), 2);
}

#[test]
fn a_request_for_more_permits_than_exist_fails() {
    let semaphore = BoundedSemaphore::new(2);
    let asked = catch_unwind(AssertUnwindSafe(|| semaphore.acquire_many(3).count()));
    assert!(asked.is_err());
    assert!(semaphore.acquire_many_timeout(3, SHORT).is_none());
    assert_eq!(semaphore.available_permits(), 2);
}

#[test]
fn more_permits_than_can_be_counted_are_refused() {
    let semaphore = Semaphore::new(Semaphore::MAX_PERMITS);
    assert!(catch_unwind(AssertUnwindSafe(|| semaphore.release())).is_err());
    assert_eq!(semaphore.available_permits(), Semaphore::MAX_PERMITS);
    assert!(catch_unwind(|| Semaphore::new(Semaphore::MAX_PERMITS + 1)).is_err());
    let from_zero = Semaphore::new(0);
    from_zero.release_many(Semaphore::MAX_PERMITS);
    assert!(catch_unwind(AssertUnwindSafe(|| from_zero.release())).is_err());
    assert_eq!(from_zero.available_permits(), Semaphore::MAX_PERMITS);
}

#[test]
fn they_print() {
    let semaphore = Semaphore::new(2);
    let permit = semaphore.acquire();
    assert_eq!(
        format!("{semaphore:?} {permit:?} {:?}", BoundedSemaphore::new(3)),
        "Semaphore { available_permits: 1, .. } Permit { count: 1, .. } \
         BoundedSemaphore { available_permits: 3, .. }"
    );
}

#[test]
fn they_can_be_shared_and_sent() {
    fn is_shared<T: Send + Sync + std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    is_shared::<Semaphore>();
    is_shared::<BoundedSemaphore>();
    is_shared::<Permit<'static>>();
}
