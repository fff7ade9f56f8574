//! What is there to compare with, where neither std nor crossbeam has it: the same thing, as small
//! as it can be made on `parking_lot`.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Condvar, Mutex};

/// A semaphore.
pub(crate) struct Semaphore {
    permits: Mutex<usize>,
    released: Condvar,
}

impl Semaphore {
    pub(crate) const fn new(permits: usize) -> Self {
        Self {
            permits: Mutex::new(permits),
            released: Condvar::new(),
        }
    }

    pub(crate) fn acquire(&self) {
        let mut permits = self.permits.lock();
        while *permits == 0 {
            self.released.wait(&mut permits);
        }
        *permits -= 1;
    }

    pub(crate) fn release(&self) {
        *self.permits.lock() += 1;
        self.released.notify_one();
    }
}

/// An event.
pub(crate) struct Event {
    set: AtomicBool,
    turn: Mutex<()>,
    changed: Condvar,
}

impl Event {
    pub(crate) const fn new() -> Self {
        Self {
            set: AtomicBool::new(false),
            turn: Mutex::new(()),
            changed: Condvar::new(),
        }
    }

    pub(crate) fn set(&self) {
        let _turn = self.turn.lock();
        self.set.store(true, Ordering::Release);
        self.changed.notify_all();
    }

    pub(crate) fn clear(&self) {
        let _turn = self.turn.lock();
        self.set.store(false, Ordering::Relaxed);
    }

    pub(crate) fn wait(&self) {
        if self.set.load(Ordering::Acquire) {
            return;
        }
        let mut turn = self.turn.lock();
        while !self.set.load(Ordering::Acquire) {
            self.changed.wait(&mut turn);
        }
    }
}

/// A queue of which every item is waited for: with the count of tasks that `join` needs.
pub(crate) struct Queue<T> {
    state: Mutex<(VecDeque<T>, usize)>,
    not_empty: Condvar,
    all_done: Condvar,
}

impl<T> Queue<T> {
    pub(crate) const fn new() -> Self {
        Self {
            state: Mutex::new((VecDeque::new(), 0)),
            not_empty: Condvar::new(),
            all_done: Condvar::new(),
        }
    }

    pub(crate) fn put(&self, item: T) {
        let mut state = self.state.lock();
        state.0.push_back(item);
        state.1 += 1;
        self.not_empty.notify_one();
    }

    pub(crate) fn get(&self) -> T {
        let mut state = self.state.lock();
        loop {
            match state.0.pop_front() {
                Some(item) => return item,
                None => self.not_empty.wait(&mut state),
            }
        }
    }

    pub(crate) fn task_done(&self) {
        let mut state = self.state.lock();
        state.1 -= 1;
        if state.1 == 0 {
            self.all_done.notify_all();
        }
    }
}
