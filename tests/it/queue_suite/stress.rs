//! Many threads at one queue: nothing is lost, nothing is doubled, and every thread comes home.

use std::sync::mpsc;
use std::time::Duration;

use lockwarden::queue::{LifoQueue, PriorityQueue, Queue, Shutdown};
use lockwarden::thread;

/// Longer than any wait of a test that passes.
const LIMIT: Duration = Duration::from_secs(60);

const SIDES: u64 = 4;
const ITEMS: u64 = 3_000;

/// Runs `f` aside, and fails if it does not come to its end.
fn bounded(f: impl FnOnce() + Send + 'static) {
    let (sender, receiver) = mpsc::channel();
    let run = std::thread::spawn(move || {
        f();
        sender.send(()).unwrap();
    });
    let ended = receiver.recv_timeout(LIMIT);
    assert_ne!(ended, Err(mpsc::RecvTimeoutError::Timeout), "it hangs");
    run.join().unwrap();
}

/// Several put and several get; the sum of what was got is that of what was put.
macro_rules! crowd {
    ($queue:expr) => {
        bounded(|| {
            let queue = $queue;
            let sum = thread::scope(|s| {
                let consumer = |way: u64| {
                    let queue = &queue;
                    move || {
                        let mut sum = 0;
                        loop {
                            let item = match way % 3 {
                                0 => queue.get().ok(),
                                1 => queue.get_timeout(LIMIT).ok(),
                                _ => match queue.get_timeout(Duration::from_micros(50)) {
                                    Err(e) if !queue.is_shut_down() => {
                                        let _ = e;
                                        continue;
                                    }
                                    item => item.ok(),
                                },
                            };
                            let Some(item) = item else { return sum };
                            sum += item;
                            queue.task_done().unwrap();
                        }
                    }
                };
                let consumers: Vec<_> = (0..SIDES).map(|way| s.spawn(consumer(way))).collect();
                let producer = |from: u64| {
                    let queue = &queue;
                    move || {
                        for item in 0..ITEMS {
                            let mut item = from * ITEMS + item;
                            match from % 2 {
                                0 => queue.put(item).unwrap(),
                                _ => {
                                    while let Err(e) =
                                        queue.put_timeout(item, Duration::from_micros(50))
                                    {
                                        item = e.into_inner();
                                    }
                                }
                            }
                        }
                    }
                };
                let producers: Vec<_> = (0..SIDES).map(|from| s.spawn(producer(from))).collect();
                for producer in producers {
                    producer.join().unwrap();
                }
                queue.join();
                assert!(queue.is_empty());
                queue.shutdown(Shutdown::Graceful);
                let sums = consumers.into_iter().map(|c| c.join().unwrap());
                sums.sum::<u64>()
            });
            assert_eq!(sum, (0..SIDES * ITEMS).sum::<u64>());
        });
    };
}

#[test]
fn a_crowd_at_a_queue() {
    crowd!(Queue::bounded(1));
    crowd!(Queue::bounded(7));
    crowd!(Queue::new());
}

#[test]
fn a_crowd_at_a_stack() {
    crowd!(LifoQueue::bounded(1));
    crowd!(LifoQueue::new());
}

#[test]
fn a_crowd_at_a_heap() {
    crowd!(PriorityQueue::bounded(2));
    crowd!(PriorityQueue::new());
}

/// One item at a time there and back: a wake-up that is lost would stop it.
#[test]
fn no_thread_sleeps_through_a_wake_up() {
    bounded(|| {
        let (there, back) = (Queue::bounded(1), Queue::bounded(1));
        thread::scope(|s| {
            for _ in 0..2 {
                s.spawn(|| {
                    while let Ok(item) = there.get() {
                        back.put(item).unwrap();
                    }
                });
            }
            for item in 0..5_000 {
                there.put(item).unwrap();
                assert_eq!(back.get(), Ok(item));
            }
            there.shutdown(Shutdown::Graceful);
        });
    });
}
