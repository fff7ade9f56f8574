//! Joins and shutdowns.

use std::sync::mpsc;
use std::time::Duration;

use lockwarden::queue::{
    GetError, GetTimeoutError, PutError, PutTimeoutError, Queue, Shutdown, TooManyDone,
};
use lockwarden::thread;

/// Longer than any wait of a test that passes.
const LIMIT: Duration = Duration::from_secs(60);
/// How often each meeting of two threads is tried: whether one sleeps by then is for chance to say.
const ROUNDS: usize = 300;

#[test]
fn a_join_waits_for_what_was_got_as_well() {
    let queue = Queue::new();
    queue.join();
    for item in 0..2 {
        queue.put(item).unwrap();
    }
    for left in [2, 2, 1] {
        let gave_up = queue.join_timeout(Duration::ZERO).unwrap_err();
        assert_eq!(gave_up.count, left);
        if left == 2 && queue.len() == 2 {
            queue.get().unwrap();
        } else {
            queue.task_done().unwrap();
            let _ = queue.try_get();
        }
    }
    queue.join();
    assert_eq!(queue.task_done(), Err(TooManyDone));
    queue.join_timeout(Duration::MAX).unwrap();
}

#[test]
fn a_join_goes_on_when_the_last_is_done() {
    for _ in 0..ROUNDS {
        let queue = Queue::new();
        for item in 0..3 {
            queue.put(item).unwrap();
        }
        thread::scope(|s| {
            let joins = [
                s.spawn(|| queue.join()),
                s.spawn(|| queue.join_timeout(LIMIT).unwrap()),
            ];
            for _ in 0..3 {
                queue.get().unwrap();
                queue.task_done().unwrap();
            }
            for join in joins {
                join.join().unwrap();
            }
        });
    }
}

#[test]
fn a_graceful_shutdown_lets_what_is_there_be_got() {
    let queue = Queue::bounded(2);
    queue.put(1).unwrap();
    queue.put(2).unwrap();
    queue.shutdown(Shutdown::Graceful);
    queue.shutdown(Shutdown::Graceful);
    assert!(queue.is_shut_down());
    assert_eq!(queue.put(3), Err(PutError(3)));
    assert_eq!(queue.join_timeout(Duration::ZERO).unwrap_err().count, 2);
    assert_eq!(queue.get(), Ok(1));
    assert_eq!(queue.get_timeout(LIMIT), Ok(2));
    assert_eq!(queue.get(), Err(GetError));
    assert_eq!(queue.get_timeout(LIMIT), Err(GetTimeoutError::ShutDown));
    queue.task_done().unwrap();
    queue.task_done().unwrap();
    queue.join();
}

#[test]
fn an_immediate_shutdown_drops_what_is_there() {
    let (sender, receiver) = mpsc::channel::<()>();
    let queue = Queue::new();
    for _ in 0..3 {
        queue.put(sender.clone()).unwrap();
    }
    drop(sender);
    drop(queue.get().unwrap());
    queue.shutdown(Shutdown::Immediate);
    // The items are gone with their senders.
    assert_eq!(receiver.try_recv(), Err(mpsc::TryRecvError::Disconnected));
    // The one that was got is not done yet.
    assert_eq!(queue.join_timeout(Duration::ZERO).unwrap_err().count, 1);
    queue.task_done().unwrap();
    queue.join();
    assert_eq!(queue.task_done(), Err(TooManyDone));
}

/// An item may use the queue when it is dropped: that is not done under the lock of the queue.
#[test]
fn what_is_dropped_may_use_the_queue() {
    struct Looks<'a>(&'a Queue<u8>);
    impl Drop for Looks<'_> {
        fn drop(&mut self) {
            self.0.put(1).unwrap();
        }
    }
    let seen = Queue::new();
    let queue = Queue::new();
    queue.put(Looks(&seen)).unwrap();
    queue.shutdown(Shutdown::Immediate);
    assert_eq!(seen.try_get(), Ok(1));
}

#[test]
fn a_shutdown_wakes_all_who_wait() {
    for how in [Shutdown::Graceful, Shutdown::Immediate] {
        for _ in 0..ROUNDS {
            let (empty, full) = (Queue::<u8>::new(), Queue::bounded(1));
            full.put(1).unwrap();
            thread::scope(|s| {
                let gets = [s.spawn(|| empty.get()), s.spawn(|| empty.get())];
                let puts = [s.spawn(|| full.put(2)), s.spawn(|| full.put(2))];
                let timed_get = s.spawn(|| empty.get_timeout(LIMIT));
                let timed_put = s.spawn(|| full.put_timeout(3, LIMIT));
                empty.shutdown(how);
                full.shutdown(how);
                for get in gets {
                    assert_eq!(get.join().unwrap(), Err(GetError));
                }
                for put in puts {
                    assert_eq!(put.join().unwrap(), Err(PutError(2)));
                }
                let down = Err(GetTimeoutError::ShutDown);
                assert_eq!(timed_get.join().unwrap(), down);
                let down = Err(PutTimeoutError::ShutDown(3));
                assert_eq!(timed_put.join().unwrap(), down);
            });
        }
    }
}

#[test]
fn an_immediate_shutdown_frees_who_joins() {
    for _ in 0..ROUNDS {
        let queue = Queue::new();
        queue.put(1).unwrap();
        thread::scope(|s| {
            let joins = [s.spawn(|| queue.join()), s.spawn(|| queue.join())];
            queue.shutdown(Shutdown::Immediate);
            for join in joins {
                join.join().unwrap();
            }
        });
    }
}
