//! Every interleaving of the word in front of a semaphore, with loom: the source of `FastSemaphore` is
//! compiled here once more, over loom's atomics and a model of tokio's semaphore.
//!
//! The model of tokio's semaphore is a queue under a lock, served in order, of which a waiter takes
//! permits as they come, as tokio's does; a waiter that is dropped gives back what it has.

#![allow(dead_code)] // Of the source, only what the models use.

#[path = "../src/sync/budget.rs"]
mod budget;
#[path = "../src/sync/fast_semaphore.rs"]
mod fast_semaphore;

mod primitives {
    use std::collections::VecDeque;

    use loom::sync::{Condvar, Mutex};

    pub(super) use loom::sync::atomic::AtomicU64;
    use tokio::sync::TryAcquireError;

    #[derive(Debug, Default)]
    struct State {
        free: usize,
        /// The waiters: their numbers, and what each still needs.
        queue: VecDeque<(usize, usize)>,
        next: usize,
    }

    #[derive(Debug)]
    pub(super) struct Semaphore {
        state: Mutex<State>,
        granted: Condvar,
    }

    pub(super) struct SemaphorePermit;

    impl SemaphorePermit {
        pub(super) fn forget(self) {}
    }

    impl Semaphore {
        pub(super) const MAX_PERMITS: usize = usize::MAX >> 3;

        pub(super) fn new(permits: usize) -> Self {
            let state = State {
                free: permits,
                ..State::default()
            };
            Self {
                state: Mutex::new(state),
                granted: Condvar::new(),
            }
        }

        pub(super) fn add_permits(&self, count: usize) {
            let mut state = self.state.lock().unwrap();
            state.free += count;
            serve(&mut state);
            self.granted.notify_all();
        }

        pub(super) fn try_acquire_many(
            &self,
            count: u32,
        ) -> Result<SemaphorePermit, TryAcquireError> {
            let mut state = self.state.lock().unwrap();
            if state.free < count as usize {
                return Err(TryAcquireError::NoPermits);
            }
            state.free -= count as usize;
            Ok(SemaphorePermit)
        }

        pub(super) fn available_permits(&self) -> usize {
            self.state.lock().unwrap().free
        }

        pub(super) fn is_closed(&self) -> bool {
            false
        }

        /// The first poll of an acquisition: its number, if it has to wait.
        pub(super) fn enqueue(&self, count: usize) -> Option<usize> {
            let mut state = self.state.lock().unwrap();
            if state.queue.is_empty() && state.free >= count {
                state.free -= count;
                return None;
            }
            let number = state.next;
            state.next += 1;
            state.queue.push_back((number, count));
            serve(&mut state);
            Some(number)
        }

        /// Waits until the acquisition with this number is served.
        pub(super) fn wait(&self, number: usize) {
            let mut state = self.state.lock().unwrap();
            while state.queue.iter().any(|(waiter, _)| *waiter == number) {
                state = self.granted.wait(state).unwrap();
            }
        }

        /// The drop of an acquisition of so many permits: what it was given goes back.
        pub(super) fn cancel(&self, number: usize, count: usize) {
            let mut state = self.state.lock().unwrap();
            let waiting = state.queue.iter().position(|(waiter, _)| *waiter == number);
            state.free += match waiting.and_then(|at| state.queue.remove(at)) {
                Some((_, missing)) => count - missing,
                None => count,
            };
            serve(&mut state);
            self.granted.notify_all();
        }
    }

    /// Gives free permits to the waiters, in their order.
    fn serve(state: &mut State) {
        while let Some((_, missing)) = state.queue.front_mut() {
            let given = state.free.min(*missing);
            state.free -= given;
            *missing -= given;
            if *missing > 0 {
                return;
            }
            state.queue.pop_front();
        }
    }
}

use std::sync::atomic::Ordering;

use fast_semaphore::{FastSemaphore, Permit};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::AtomicUsize;
use loom::thread;

/// Acquires permits as the future of an acquisition does.
fn acquire(semaphore: &FastSemaphore, count: u32) -> Permit<'_> {
    if semaphore.take(count) || semaphore.try_take(count).is_ok() {
        return Permit::new(semaphore, count);
    }
    let (queue, _waiter) = semaphore.wait();
    if let Some(number) = queue.enqueue(count as usize) {
        queue.wait(number);
    }
    Permit::new(semaphore, count)
}

/// Polls an acquisition once, and drops it.
fn give_up(semaphore: &FastSemaphore, count: u32) {
    if semaphore.take(count) || semaphore.try_take(count).is_ok() {
        drop(Permit::new(semaphore, count));
        return;
    }
    let (queue, _waiter) = semaphore.wait();
    match queue.enqueue(count as usize) {
        Some(number) => queue.cancel(number, count as usize),
        None => drop(Permit::new(semaphore, count)),
    }
}

/// Runs these programs on a thread each, with a semaphore of so many permits, in all interleavings. No
/// permit is lost, and loom finds a thread that waits for ever.
///
/// In all interleavings with at most two preemptions.
fn explore(permits: usize, programs: &'static [fn(&FastSemaphore)]) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(move || {
        let semaphore = Arc::new(FastSemaphore::new(permits));
        let run = |program: &fn(&FastSemaphore)| {
            let (semaphore, program) = (Arc::clone(&semaphore), *program);
            thread::spawn(move || program(&semaphore))
        };
        let threads: Vec<_> = programs[1..].iter().map(run).collect();
        programs[0](&semaphore);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(semaphore.available(), permits);
        assert!(semaphore.try_take(permits as u32).is_ok());
    });
}

#[test]
fn no_two_threads_have_the_only_permit_and_each_sees_what_the_other_did() {
    loom::model(|| {
        let shared = Arc::new((FastSemaphore::new(1), UnsafeCell::new(0)));
        let add = |shared: &(FastSemaphore, UnsafeCell<i32>)| {
            let _permit = acquire(&shared.0, 1);
            // Fails in loom if the two are not ordered.
            shared.1.with_mut(|value| {
                // SAFETY: loom looks whether the accesses are exclusive.
                #[allow(unsafe_code)]
                unsafe {
                    *value += 1;
                }
            });
        };
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || add(&shared))
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        add(&shared);
        // SAFETY: the threads have ended.
        #[allow(unsafe_code)]
        let value = shared.1.with(|value| unsafe { *value });
        assert_eq!(value, 3);
    });
}

#[test]
fn a_writer_and_two_readers_all_come_to_an_end() {
    explore(
        2,
        &[
            |semaphore| drop(acquire(semaphore, 2)),
            |semaphore| drop(acquire(semaphore, 1)),
            |semaphore| drop(acquire(semaphore, 1)),
        ],
    );
}

#[test]
fn a_waiter_that_gives_up_keeps_no_permit_and_delays_none() {
    explore(
        1,
        &[
            |semaphore| drop(acquire(semaphore, 1)),
            |semaphore| give_up(semaphore, 1),
            |semaphore| drop(acquire(semaphore, 1)),
        ],
    );
}

#[test]
fn permits_in_parts_are_given_back_in_parts() {
    explore(
        3,
        &[
            |semaphore| {
                acquire(semaphore, 2).keep();
                semaphore.give(1);
                semaphore.give(1);
            },
            |semaphore| drop(acquire(semaphore, 3)),
        ],
    );
}

#[test]
fn an_attempt_fails_only_while_another_has_the_permits() {
    loom::model(|| {
        let shared = Arc::new((FastSemaphore::new(1), AtomicUsize::new(0)));
        let theirs = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            let permit = acquire(&theirs.0, 1);
            theirs.1.store(1, Ordering::Relaxed);
            drop(permit);
        });
        if shared.0.try_take(1).is_ok() {
            shared.0.give(1);
        }
        thread.join().unwrap();
        assert!(shared.0.try_take(1).is_ok());
    });
}
