//! Hand-overs: threads that wait for each other at every step, and do nothing else.

use super::std_flavour::{Condvar, Mutex, mpsc, thread};

/// Producers, and as many consumers.
const SIDES: usize = 10;
/// Workers that take tasks from one channel.
const WORKERS: usize = 4;

/// A buffer with room for one item.
struct Slot {
    item: Mutex<Option<usize>>,
    filled: Condvar,
    emptied: Condvar,
}

impl Slot {
    fn put(&self, item: usize) {
        let mut slot = self.item.lock().expect("nothing panics here");
        while slot.is_some() {
            slot = self.emptied.wait(slot).expect("nothing panics here");
        }
        *slot = Some(item);
        drop(slot);
        self.filled.notify_one();
    }

    fn take(&self) -> usize {
        let mut slot = self.item.lock().expect("nothing panics here");
        loop {
            if let Some(item) = slot.take() {
                drop(slot);
                self.emptied.notify_one();
                return item;
            }
            slot = self.filled.wait(slot).expect("nothing panics here");
        }
    }
}

/// Runs one of the hand-overs.
pub(crate) fn bench(handover: crate::Handover) {
    match handover {
        crate::Handover::Buffer(items) => buffer(items),
        crate::Handover::Tasks(count) => tasks(count),
    }
}

/// Hands `items` items from each of ten producers to ten consumers, through a buffer of one.
fn buffer(items: usize) {
    let slot = Slot {
        item: Mutex::new(None),
        filled: Condvar::new(),
        emptied: Condvar::new(),
    };
    let sum: usize = thread::scope(|scope| {
        for _ in 0..SIDES {
            scope.spawn(|| (1..=items).for_each(|item| slot.put(item)));
        }
        let takers: Vec<_> = (0..SIDES)
            .map(|_| scope.spawn(|| (0..items).map(|_| slot.take()).sum::<usize>()))
            .collect();
        takers.into_iter().map(|taker| taker.join().unwrap()).sum()
    });
    assert_eq!(sum, SIDES * items * (items + 1) / 2);
}

/// Sends `count` tasks to four workers that share the receiver.
fn tasks(count: usize) {
    let (sender, receiver) = mpsc::channel::<usize>();
    let receiver = Mutex::new(receiver);
    let sum: usize = thread::scope(|scope| {
        let work = || {
            let mut sum = 0;
            loop {
                let task = receiver.lock().expect("nothing panics here").recv();
                match task {
                    Ok(task) => sum += task,
                    Err(_) => return sum,
                }
            }
        };
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        for task in 1..=count {
            sender.send(task).expect("the workers outlive the sender");
        }
        drop(sender);
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .sum()
    });
    assert_eq!(sum, count * (count + 1) / 2);
}
