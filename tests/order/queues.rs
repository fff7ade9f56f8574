//! Queues: what an item puts between two lock orders, and what a join does.

use lockwarden::queue::{GetError, LifoQueue, PriorityQueue, PutError, Queue, Shutdown};
use lockwarden::sync::Mutex;
use lockwarden::thread;

use super::harness::Reported::{All, Default};
use super::harness::{LIMIT, apart, found, nest, orders};

/// One thread takes the locks in one order before `put`, another in the other after `get`.
fn through<Q: Sync>(queue: Q, put: impl FnOnce(&Q) + Send, get: impl FnOnce(&Q) + Send) {
    let (ab, ba) = orders();
    let queue = &queue;
    thread::scope(|s| {
        s.spawn(move || {
            ab();
            put(queue);
        });
        s.spawn(move || {
            get(queue);
            ba();
        });
    });
}

#[test]
fn an_item_orders_in_every_queue() {
    let run = || {
        through(
            Queue::new(),
            |q| q.put(1).unwrap(),
            |q| assert_eq!(q.get(), Ok(1)),
        );
        through(
            LifoQueue::new(),
            |q| q.put(1).unwrap(),
            |q| assert_eq!(q.get(), Ok(1)),
        );
        let queue = PriorityQueue::new();
        through(queue, |q| q.put(1).unwrap(), |q| assert_eq!(q.get(), Ok(1)));
    };
    assert_eq!(found!(All, run), ["Ordered a b"; 3]);
}

#[test]
fn every_way_to_put_and_to_get_orders() {
    let run = || {
        let queue = || Queue::bounded(1);
        through(
            queue(),
            |q| q.try_put(1).unwrap(),
            |q| assert_eq!(q.get(), Ok(1)),
        );
        through(
            queue(),
            |q| q.put_timeout(1, LIMIT).unwrap(),
            |q| while q.try_get().is_err() {},
        );
        through(
            queue(),
            |q| q.put(1).unwrap(),
            |q| {
                q.get_timeout(LIMIT).unwrap();
            },
        );
    };
    assert_eq!(found!(All, run), ["Ordered a b"; 3]);
}

/// What is got first was not put by the thread that was there first.
#[test]
fn the_item_of_another_orders_nothing() {
    let run = || {
        let (ab, ba) = orders();
        let queue = PriorityQueue::new();
        let queue = &queue;
        thread::scope(|s| {
            apart(
                s,
                move || {
                    ab();
                    queue.put(2).unwrap();
                },
                move || queue.put(1).unwrap(),
            );
            s.spawn(move || {
                while queue.len() < 2 {
                    thread::yield_now();
                }
                assert_eq!(queue.get(), Ok(1));
                ba();
            });
        });
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

#[test]
fn the_second_item_orders_what_the_first_did_not() {
    let run = || {
        let (ab, ba) = orders();
        let queue = LifoQueue::new();
        let queue = &queue;
        thread::scope(|s| {
            apart(
                s,
                move || {
                    ab();
                    queue.put(1).unwrap();
                },
                move || queue.put(2).unwrap(),
            );
            s.spawn(move || {
                while queue.len() < 2 {
                    thread::yield_now();
                }
                assert_eq!([queue.get(), queue.get()], [Ok(2), Ok(1)]);
                ba();
            });
        });
    };
    assert_eq!(found!(All, run), ["Ordered a b"]);
}

#[test]
fn what_came_before_task_done_is_ordered_before_what_follows_a_join() {
    let run = || {
        let (ab, ba) = orders();
        let (cd, dc) = orders();
        let queue = Queue::new();
        let queue = &queue;
        for item in 0..2 {
            queue.put(item).unwrap();
        }
        let worker = |order: Box<dyn FnOnce() + Send>| {
            move || {
                queue.get().unwrap();
                order();
                queue.task_done().unwrap();
            }
        };
        thread::scope(|s| {
            s.spawn(worker(Box::new(ab)));
            s.spawn(worker(Box::new(cd)));
            s.spawn(move || {
                queue.join();
                ba();
            });
            s.spawn(move || {
                queue.join_timeout(LIMIT).unwrap();
                dc();
            });
        });
    };
    assert_eq!(found!(All, run), ["Ordered a b"; 2]);
}

/// What a worker does after the last `task_done` is not waited for.
#[test]
fn what_came_after_task_done_is_concurrent_with_what_follows_a_join() {
    let run = || {
        let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
        let queue = Queue::new();
        queue.put(1).unwrap();
        let (queue, a, b) = (&queue, &a, &b);
        thread::scope(|s| {
            apart(
                s,
                move || {
                    queue.get().unwrap();
                    queue.task_done().unwrap();
                    nest(a, b);
                },
                move || {
                    queue.join();
                    nest(b, a);
                },
            );
        });
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

/// A join comes after the tasks of earlier rounds too, whoever did them.
#[test]
fn a_join_comes_after_all_rounds() {
    let run = || {
        let (ab, ba) = orders();
        let queue = Queue::new();
        let queue = &queue;
        let round = || {
            queue.put(1).unwrap();
            queue.get().unwrap();
        };
        thread::scope(|s| {
            let first = s.spawn(move || {
                round();
                ab();
                queue.task_done().unwrap();
            });
            let second = s.spawn(move || {
                while !first.is_finished() {
                    thread::yield_now();
                }
                round();
                queue.task_done().unwrap();
            });
            s.spawn(move || {
                while !second.is_finished() {
                    thread::yield_now();
                }
                queue.join();
                ba();
            });
        });
    };
    assert_eq!(found!(All, run), ["Ordered a b"]);
}

#[test]
fn who_is_turned_away_comes_after_the_shutdown() {
    let run = || {
        let stop = |q: &Queue<u8>| q.shutdown(Shutdown::Graceful);
        through(Queue::new(), stop, |q| assert_eq!(q.get(), Err(GetError)));
        let full = Queue::bounded(1);
        full.put(1).unwrap();
        through(full, stop, |q| assert_eq!(q.put(2), Err(PutError(2))));
    };
    assert_eq!(found!(All, run), ["Ordered a b"; 2]);
}

/// The putter that finds room has acquired the clock of no particular thread.
#[test]
fn room_orders_nothing() {
    let run = || {
        let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
        let queue = Queue::bounded(1);
        queue.put(1).unwrap();
        let (queue, a, b) = (&queue, &a, &b);
        thread::scope(|s| {
            apart(
                s,
                move || {
                    nest(a, b);
                    queue.get().unwrap();
                },
                move || {
                    queue.put(2).unwrap();
                    nest(b, a);
                },
            );
        });
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}
