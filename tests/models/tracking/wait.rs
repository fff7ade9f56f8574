//! A wait that is read is one that was published, and of two threads that publish one sees the other.

use loom::thread;

use super::{Seat, ident, sites};
use crate::engine::mode::Mode;
use crate::shim::model;
use crate::tracking::thread::wait::{LockTraits, WaitKind, WaitRequest};

#[test]
fn a_wait_that_is_read_was_published() {
    model::check(None, || {
        let (locks, places) = ([ident(), ident()], sites());
        let needs = [WaitKind::Lock(Mode::Shared), WaitKind::Upgrade];
        let seat = Seat::new();
        let slot = seat.slot();
        let first = slot.wait.epoch() + 1;
        let reader = thread::spawn(move || {
            if let Some(read) = slot.wait.read() {
                let at = ((read.epoch - first) / 2) as usize;
                assert_eq!(read.need, needs[at]);
                assert_eq!(read.timed, at == 1);
                assert!(std::ptr::eq(read.ident, locks[at]));
                assert!(std::ptr::eq(read.site, places[at]));
            }
        });
        for at in 0..2 {
            let lock = (std::ptr::from_ref(locks[at]), LockTraits::NONE);
            slot.wait
                .publish(&WaitRequest::lock(needs[at], at == 1, lock, places[at]));
            slot.wait.clear();
        }
        reader.join().unwrap();
        assert!(slot.wait.read().is_none());
    });
}

#[test]
fn of_two_threads_that_publish_and_look_one_sees_the_other() {
    model::check(None, || {
        let (lock, place) = (ident(), sites()[0]);
        let seats = [Seat::new(), Seat::new()];
        let [a, b] = [seats[0].slot(), seats[1].slot()];
        let request = move || {
            let need = WaitKind::Lock(Mode::Exclusive);
            WaitRequest::lock(need, false, (lock, LockTraits::NONE), place)
        };
        let other = thread::spawn(move || {
            b.wait.publish(&request());
            a.wait.read().is_some()
        });
        a.wait.publish(&request());
        let seen_here = b.wait.read().is_some();
        let seen_there = other.join().unwrap();
        assert!(seen_here || seen_there);
    });
}
