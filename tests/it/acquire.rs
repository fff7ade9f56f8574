use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use lockwarden::acquire::{
    Guards, LockOrderViolation, ViolationReason, acquire, each, read, write,
};
use lockwarden::{parking_lot, sync};

const LIMIT: Duration = Duration::from_secs(20);

#[test]
fn the_guards_come_in_the_order_written() {
    let (a, b, c) = (
        sync::Mutex::new(1),
        sync::RwLock::new(2),
        sync::RwLock::new(3),
    );
    let mut held = acquire((write(&c), &a, read(&b)))
        .unwrap()
        .checked()
        .unwrap();
    assert_eq!((*held.0, *held.1, *held.2), (3, 1, 2));
    *held.0 += *held.2;
    assert!(a.try_lock().is_err() && c.try_read().is_err());
    assert!(b.try_read().is_ok() && b.try_write().is_err());
    drop(held);
    assert_eq!(*c.try_write().unwrap(), 5);
    assert!(a.try_lock().is_ok() && b.try_write().is_ok());
}

#[test]
fn both_flavours_and_all_kinds_are_taken_together() {
    let std_mutex = sync::Mutex::new(1);
    let std_rw = sync::RwLock::new(2);
    let mutex = parking_lot::Mutex::new(3);
    let fair = parking_lot::FairMutex::new(4);
    let reentrant = parking_lot::ReentrantMutex::new(5);
    let rw = parking_lot::RwLock::new(6);
    let recursive = parking_lot::RecursiveRwLock::new(7);
    let other = parking_lot::RwLock::new(8);
    let held = acquire((
        &mutex,
        write(&other),
        &std_mutex,
        read(&rw),
        &fair,
        read(&std_rw),
        write(&recursive),
        &reentrant,
    ));
    let (three, mut eight, one, six, four, two, seven, five) = held.unwrap().split();
    *eight += 1;
    let low = *one.unwrap() + *two.unwrap() + *three + *four;
    assert_eq!((low, *five, *six, *seven, *eight), (10, 5, 6, 7, 9));
    assert!(mutex.is_locked() && fair.is_locked() && reentrant.is_locked());
    assert!(rw.is_locked() && !rw.is_locked_exclusive() && recursive.is_locked_exclusive());
}

#[test]
fn every_size_of_tuple_is_taken_and_released() {
    let [a, b, c, d, e, f, g, h] = std::array::from_fn(parking_lot::Mutex::new);
    assert_eq!(*acquire((&a,)).unwrap().0, 0);
    assert_eq!(*acquire((&a, &b)).unwrap().1, 1);
    assert_eq!(*acquire((&c, &b, &a)).unwrap().0, 2);
    assert_eq!(*acquire((&c, &b, &a, &d)).unwrap().3, 3);
    assert_eq!(*acquire((&e, &c, &b, &a, &d)).unwrap().0, 4);
    assert_eq!(*acquire((&e, &c, &b, &a, &f, &d)).unwrap().4, 5);
    assert_eq!(*acquire((&e, &c, &b, &a, &f, &d, &g)).unwrap().6, 6);
    assert_eq!(*acquire((&h, &e, &c, &b, &a, &f, &d, &g)).unwrap().0, 7);
    assert!(
        [&a, &b, &c, &d, &e, &f, &g, &h]
            .iter()
            .all(|lock| !lock.is_locked())
    );
}

#[test]
fn any_number_of_one_kind_is_taken() {
    let locks: Vec<sync::RwLock<usize>> = (0..40).map(sync::RwLock::new).collect();
    let backwards = acquire(each(locks.iter().rev().map(write)))
        .unwrap()
        .checked()
        .unwrap();
    assert!(backwards.iter().map(|guard| **guard).eq((0..40).rev()));
    assert!(locks.iter().all(|lock| lock.try_read().is_err()));
    drop(backwards);
    assert!(locks.iter().all(|lock| lock.try_write().is_ok()));

    let mutexes: Vec<_> = (0..3).map(parking_lot::Mutex::new).collect();
    assert_eq!(acquire(&mutexes).unwrap().len(), 3);
    assert_eq!(*acquire(&mutexes[1..]).unwrap()[1], 2);
    assert_eq!(*acquire([&mutexes[2], &mutexes[0]]).unwrap()[0], 2);
    assert_eq!(*acquire(vec![&mutexes[2], &mutexes[0]]).unwrap()[1], 0);
    assert_eq!(*acquire(&[parking_lot::Mutex::new(9)]).unwrap()[0], 9);
    assert!(acquire(&mutexes[..0]).unwrap().is_empty());
}

#[test]
fn unsized_contents_are_taken_like_others() {
    let slice: &sync::Mutex<[u8]> = &sync::Mutex::new([1, 2]);
    let text: &parking_lot::RwLock<dyn ToString> = &parking_lot::RwLock::new(5);
    let held = acquire((slice, read(text))).unwrap();
    assert_eq!(held.0.as_ref().unwrap().len(), 2);
    assert_eq!(held.1.to_string(), "5");
}

#[test]
fn a_lock_asked_for_twice_is_refused_and_nothing_is_taken() {
    fn refused<G>(answer: Result<G, LockOrderViolation>) -> LockOrderViolation {
        answer.err().expect("it was not refused")
    }
    let (a, b) = (sync::Mutex::named("a", 1), sync::RwLock::new(2));
    let (violation, line) = (refused(acquire((&a, read(&b), &a))), line!());
    assert_eq!(violation.reason(), ViolationReason::AskedTwice);
    assert_eq!(violation.asked().lock(), violation.held().lock());
    for party in [violation.asked(), violation.held()] {
        let site = party.site().unwrap();
        assert_eq!((site.file(), site.line()), (file!(), line));
    }
    let text = violation.to_string();
    assert!(text.contains("asked for twice") && text.contains(&format!("{}:{line}", file!())));
    assert!(a.try_lock().is_ok() && b.try_write().is_ok());
    // Two reads of one lock are two askings: a writer could queue in between.
    refused(acquire((read(&b), read(&b))));
    refused(acquire((write(&b), read(&b))));
    let many: Vec<_> = (0..20).map(sync::Mutex::new).collect();
    refused(acquire(each(many.iter().chain(&many[7..8]))));
    assert!(many.iter().all(|lock| lock.try_lock().is_ok()));
}

#[test]
fn locks_side_by_side_are_not_taken_for_one() {
    // Without instrumentation the records have no size and are distinguished by where they lie.
    #[derive(Default)]
    struct Packed {
        a: parking_lot::Mutex<()>,
        b: sync::Mutex<()>,
        c: parking_lot::RwLock<()>,
        d: sync::RwLock<()>,
        e: parking_lot::FairMutex<()>,
        f: sync::Mutex<u8>,
        g: parking_lot::ReentrantMutex<()>,
        h: parking_lot::RecursiveRwLock<()>,
    }
    let p = Packed::default();
    let held = acquire((
        &p.a,
        &p.b,
        write(&p.c),
        write(&p.d),
        &p.e,
        &p.f,
        &p.g,
        read(&p.h),
    ));
    assert!(held.is_ok());
    let mutexes: [parking_lot::Mutex<()>; 32] = Default::default();
    assert!(acquire(&mutexes).is_ok());
    let mutexes: [sync::Mutex<()>; 32] = Default::default();
    assert!(acquire(&mutexes).is_ok());
}

#[test]
fn threads_that_write_the_locks_in_opposite_orders_do_not_deadlock() {
    let (a, b) = (sync::Mutex::new(500_i32), parking_lot::Mutex::new(500_i32));
    let (done, ended) = channel();
    thread::scope(|scope| {
        for forth in [true, false, true, false] {
            let (a, b, done) = (&a, &b, done.clone());
            scope.spawn(move || {
                for _ in 0..500 {
                    if forth {
                        let (a, mut b) = acquire((a, b)).unwrap().split();
                        *a.unwrap() -= 1;
                        *b += 1;
                    } else {
                        let (mut b, a) = acquire((b, a)).unwrap().split();
                        *a.unwrap() += 1;
                        *b -= 1;
                    }
                }
                done.send(()).unwrap();
            });
        }
        for _ in 0..4 {
            ended.recv_timeout(LIMIT).expect("it hangs");
        }
    });
    assert_eq!((a.into_inner().unwrap(), b.into_inner()), (500, 500));
}

#[test]
fn a_poisoned_lock_comes_as_std_gives_it() {
    let (a, b) = (sync::Mutex::new(1), sync::RwLock::new(2));
    thread::scope(|scope| {
        let failed = scope.spawn(|| {
            let _held = acquire((&a, read(&b))).unwrap().checked().unwrap();
            panic!("with both held");
        });
        assert!(failed.join().is_err());
    });
    // The set unwound as its guards would: the reader poisons nothing.
    assert!(a.is_poisoned() && !b.is_poisoned());
    let held = acquire((&a, write(&b))).unwrap();
    assert!(held.0.is_err() && held.1.is_ok());
    let held: Guards<_> = held.checked().unwrap_err().into_inner();
    assert_eq!((*held.0, *held.1), (1, 2));
    drop(held);
    a.clear_poison();
    assert!(acquire((&a, write(&b))).unwrap().checked().is_ok());
    let both = [a, sync::Mutex::new(2)];
    assert!(acquire(&both).unwrap().checked().is_ok());
}

/// Custom locks that note in a common list when they are taken and given back.
mod order {
    use std::cell::{Cell, RefCell};

    use lockwarden::acquire::{Lockable, acquire, each};
    use lockwarden::instrument::{Lock, LockId, LockKind, Site};

    type Notes = RefCell<Vec<(LockId, &'static str)>>;

    #[repr(C)]
    struct Noted<'a> {
        record: Lock,
        notes: &'a Notes,
        explodes: Cell<bool>,
    }

    struct Guard<'a>(&'a Noted<'a>);

    impl<'a> Noted<'a> {
        fn new(notes: &'a Notes) -> Self {
            Self {
                record: Lock::new(&LockKind::MUTEX),
                notes,
                explodes: Cell::new(false),
            }
        }
    }

    impl<'a> Lockable for &'a Noted<'a> {
        type Guard = Guard<'a>;

        fn record(&self) -> &Lock {
            &self.record
        }

        fn lock(self, _site: Site) -> Guard<'a> {
            assert!(!self.explodes.get(), "this one cannot be had");
            self.notes.borrow_mut().push((self.record.id(), "taken"));
            Guard(self)
        }
    }

    impl Drop for Guard<'_> {
        fn drop(&mut self) {
            let note = (self.0.record.id(), "given back");
            self.0.notes.borrow_mut().push(note);
        }
    }

    /// Demands that locks were taken upwards and given back downwards, `count` of them.
    fn up_and_down(notes: &Notes, count: usize) {
        let notes = notes.take();
        let (taken, given) = notes.split_at(notes.len() / 2);
        assert_eq!(taken.len(), count);
        assert!(taken.iter().all(|note| note.1 == "taken"));
        assert!(taken.is_sorted_by(|a, b| a.0 < b.0));
        assert!(given.iter().all(|note| note.1 == "given back"));
        assert!(
            given
                .iter()
                .rev()
                .map(|note| note.0)
                .eq(taken.iter().map(|note| note.0))
        );
    }

    #[test]
    fn locks_are_taken_upwards_and_given_back_downwards() {
        let notes = Notes::default();
        let locks: Vec<_> = (0..9).map(|_| Noted::new(&notes)).collect();
        let [a, b, c, d, ..] = &locks[..] else {
            unreachable!()
        };
        drop(acquire((a, b, c, d)).unwrap());
        up_and_down(&notes, 4);
        drop(acquire((d, a, c, b)).unwrap());
        up_and_down(&notes, 4);
        drop(acquire((d, c, b, a)).unwrap());
        up_and_down(&notes, 4);
        drop(acquire(&locks).unwrap());
        up_and_down(&notes, 9);
        drop(acquire(each(locks.iter().rev())).unwrap());
        up_and_down(&notes, 9);
    }

    #[test]
    fn a_panic_on_the_way_gives_back_what_was_taken() {
        let notes = Notes::default();
        let made: Vec<_> = (0..6).map(|_| Noted::new(&notes)).collect();
        let mut locks: Vec<_> = made.iter().collect();
        locks.sort_by_key(|lock| lock.record.id());
        locks[4].explodes.set(true);
        let attempt = || acquire(&made).map(drop);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(attempt));
        assert!(outcome.is_err());
        let attempt = || acquire((locks[5], locks[2], locks[4])).map(drop);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(attempt));
        assert!(outcome.is_err());
        let notes = notes.take();
        for lock in &locks {
            let of_it = notes.iter().filter(|note| note.0 == lock.record.id());
            let of_it: Vec<_> = of_it.map(|note| note.1).collect();
            assert!(of_it.chunks(2).all(|pair| pair == ["taken", "given back"]));
        }
        assert_eq!(notes.len(), 2 * (4 + 1));
    }
}
