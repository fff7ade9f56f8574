//! A model of deadlock detection: threads that acquire locks as the raw locks do, and look for a deadlock
//! before they wait.
//!
//! The bare locks block as loom's do, which fails an execution in which no thread can run. So each model
//! asserts that a deadlock was reported, since the execution would fail otherwise; that one thread reported
//! it; and, by comparison with the true state at that moment, that it was one.

use std::cell::RefCell;
use std::panic::Location;
use std::rc::Rc;

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::sync::{Condvar, Mutex};
use loom::thread;

use super::deadlock::closed;
use crate::engine::mode::Mode;
use crate::shim::model;
use crate::tracking::lock::ident::Ident;
use crate::tracking::lock::kind::LockKind;
use crate::tracking::lock::lock_id_pool::LockIdPool;
use crate::tracking::lock::record::LockRecord;
use crate::tracking::models::Seat;
use crate::tracking::thread::slot::Slot;
use crate::tracking::thread::wait::{LockTraits, WaitKind, WaitRequest};

/// A bare lock. Not loom's mutex, whose release is not a step of its own, so that loom does not try every
/// order of a release and a `try_lock`.
struct Bare {
    locked: AtomicBool,
    sleep: Mutex<()>,
    wake: Condvar,
}

impl Bare {
    fn new() -> Self {
        Self {
            locked: AtomicBool::new(false),
            sleep: Mutex::new(()),
            wake: Condvar::new(),
        }
    }

    fn try_lock(&self) -> bool {
        self.locked
            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    fn lock(&self) {
        if self.try_lock() {
            return;
        }
        let mut turn = self.sleep.lock().unwrap();
        while !self.try_lock() {
            turn = self.wake.wait(turn).unwrap();
        }
    }

    fn unlock(&self) {
        self.locked.store(false, Ordering::Release);
        drop(self.sleep.lock().unwrap());
        self.wake.notify_one();
    }
}

/// A tracked lock.
struct Lock {
    record: LockRecord,
    ident: &'static Ident,
    bare: Bare,
}

impl Lock {
    fn new() -> &'static Self {
        let record = LockRecord::new(&LockKind::MUTEX, None, Location::caller());
        let ident = record.identify_as_writer(&mut LockIdPool::default());
        // Initialised before the threads start.
        record.owner.load(Ordering::Relaxed).is_null();
        Box::leak(Box::new(Self {
            record,
            ident,
            bare: Bare::new(),
        }))
    }
}

/// The true state: for each thread, the locks it has and the one it requests. The model does not see it.
#[derive(Default)]
struct Truth {
    has: [Vec<usize>; 3],
    after: [Option<usize>; 3],
    reported: usize,
}

impl Truth {
    /// Returns whether this thread closes a deadlock.
    fn is_stuck(&self, me: usize) -> bool {
        let mut at = me;
        for _ in 0..self.has.len() {
            let Some(lock) = self.after[at] else {
                return false;
            };
            let Some(next) = self.has.iter().position(|has| has.contains(&lock)) else {
                return false;
            };
            if next == me {
                return true;
            }
            at = next;
        }
        false
    }
}

/// loom runs all threads of a model on one thread, in turns.
struct Shared(Rc<RefCell<Truth>>);
#[allow(unsafe_code)]
// SAFETY: as above.
unsafe impl Send for Shared {}

struct Actor {
    number: usize,
    slot: &'static Slot,
    slots: Vec<&'static Slot>,
    locks: Vec<&'static Lock>,
    held: Vec<usize>,
    truth: Shared,
}

impl Actor {
    /// Acquires a lock; returns `false` if that would close a deadlock.
    fn lock(&mut self, at: usize) -> bool {
        let lock = self.locks[at];
        if !lock.bare.try_lock() {
            // As in `Lock::begin`.
            let site = Location::caller();
            self.truth.0.borrow_mut().after[self.number] = Some(at);
            let need = WaitKind::Lock(Mode::Exclusive);
            let request = WaitRequest::lock(need, false, (lock.ident, LockTraits::NONE), site);
            self.slot.wait.publish(&request);
            if Slot::depth(self.slot.state()) > 0
                && closed(self.slot, &lock.record, || self.slots.clone())
                    .is_some_and(|claim| claim.is_some())
            {
                let mut truth = self.truth.0.borrow_mut();
                assert!(truth.is_stuck(self.number), "there is a deadlock");
                truth.reported += 1;
                truth.after[self.number] = None;
                drop(truth);
                self.slot.wait.clear();
                return false;
            }
            lock.bare.lock();
            self.truth.0.borrow_mut().after[self.number] = None;
            // As in `Attempt::acquired`.
            self.slot.wait.clear();
        }
        self.truth.0.borrow_mut().has[self.number].push(at);
        self.note(lock);
        self.held.push(at);
        true
    }

    /// Does the same as `Lock::note`.
    fn note(&self, lock: &'static Lock) {
        let site = Location::caller();
        self.slot.add(lock.ident, Mode::Exclusive, site);
        lock.record
            .owner
            .store(std::ptr::from_ref(self.slot).cast_mut(), Ordering::Relaxed);
    }

    /// Does the same as `Lock::released`, then releases the bare lock.
    fn unlock(&mut self) {
        if let Some(at) = self.held.pop() {
            assert!(self.slot.pop(self.locks[at].ident));
            self.truth.0.borrow_mut().has[self.number].retain(|has| *has != at);
            self.locks[at].bare.unlock();
        }
    }

    /// Acquires the locks nested in this order, or releases the last one at -1, and in the end releases them;
    /// releases all at once if a deadlock is reported.
    fn nest(mut self, order: &[isize]) {
        for &at in order {
            if at < 0 {
                self.unlock();
            } else if !self.lock(at as usize) {
                break;
            }
        }
        while !self.held.is_empty() {
            self.unlock();
        }
    }
}

/// Runs one thread for each of `orders`, each with its first lock already acquired. Each execution has to
/// make as many reports as `reports` says.
fn run(
    preemptions: Option<usize>,
    locks: usize,
    orders: &'static [&'static [isize]],
    reports: std::ops::RangeInclusive<usize>,
) {
    model::check(preemptions, move || {
        // The detector's own lock is created before the threads.
        drop(super::state::lock());
        let seats: Vec<Seat> = orders.iter().map(|_| Seat::new()).collect();
        let slots: Vec<_> = seats.iter().map(Seat::slot).collect();
        let locks: Vec<_> = (0..locks).map(|_| Lock::new()).collect();
        let truth = Rc::new(RefCell::new(Truth::default()));
        let actors = (0..orders.len()).map(|number| Actor {
            number,
            slot: slots[number],
            slots: slots.clone(),
            locks: locks.clone(),
            held: Vec::new(),
            truth: Shared(Rc::clone(&truth)),
        });
        let mut actors: Vec<Actor> = actors.collect();
        for (actor, order) in actors.iter_mut().zip(orders) {
            assert!(actor.lock(order[0] as usize));
        }
        let last = actors.pop().unwrap();
        let others: Vec<_> = actors
            .into_iter()
            .zip(orders)
            .map(|(actor, order)| {
                let run = move || actor.nest(&order[1..]);
                thread::spawn(run)
            })
            .collect();
        last.nest(&orders[orders.len() - 1][1..]);
        for other in others {
            other.join().unwrap();
        }
        let reported = truth.borrow().reported;
        assert!(reports.contains(&reported), "{reported} reports");
    });
}

#[test]
fn of_two_threads_that_close_a_deadlock_one_reports_it() {
    // Neither thread releases its first lock before it has the second, so the deadlock always closes, unless
    // one thread is done before the other starts.
    run(None, 2, &[&[0, 1], &[1, 0]], 1..=1);
}

#[test]
fn of_three_threads_that_close_a_deadlock_one_reports_it() {
    run(Some(3), 3, &[&[0, 1], &[1, 2], &[2, 0]], 1..=1);
}

#[test]
fn threads_that_wait_in_a_row_are_never_reported() {
    run(Some(2), 3, &[&[0, 1], &[1, 2], &[2]], 0..=0);
}

#[test]
fn a_thread_that_gets_its_lock_during_the_look_of_another_is_never_reported() {
    // The first waits for the second, which releases its lock and then requests the first one's.
    run(None, 2, &[&[0, 1], &[1, -1, 0]], 0..=0);
}
