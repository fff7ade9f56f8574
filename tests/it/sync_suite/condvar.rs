use std::thread;
use std::time::{Duration, Instant};

use super::support::LIMIT;
use super::sync::mpsc::channel;
use super::sync::{Arc, Condvar, Mutex};

const SHORT: Duration = Duration::from_millis(5);

#[test]
fn a_wait_lets_go_of_the_lock_and_has_it_again() {
    let pair = Arc::new((Mutex::new(0), Condvar::new()));
    let mut value = pair.0.lock().unwrap();
    let other = thread::spawn({
        let pair = Arc::clone(&pair);
        move || {
            *pair.0.lock().unwrap() = 1;
            pair.1.notify_one();
        }
    });
    while *value == 0 {
        value = pair.1.wait(value).unwrap();
    }
    assert!(pair.0.try_lock().is_err());
    *value = 2;
    drop(value);
    assert_eq!(*pair.0.try_lock().unwrap(), 2);
    other.join().unwrap();
}

#[test]
fn one_notification_wakes_one_and_a_broadcast_wakes_all() {
    const WAITERS: usize = 3;
    struct State {
        waiting: usize,
        tickets: usize,
    }
    let mutex = Mutex::new(State {
        waiting: 0,
        tickets: 0,
    });
    let (arrived, changed) = (Condvar::new(), Condvar::new());
    let (sender, woken) = channel();
    thread::scope(|scope| {
        for _ in 0..WAITERS {
            let sender = sender.clone();
            let (mutex, arrived, changed) = (&mutex, &arrived, &changed);
            scope.spawn(move || {
                let mut state = mutex.lock().unwrap();
                state.waiting += 1;
                arrived.notify_one();
                while state.tickets == 0 {
                    state = changed.wait(state).unwrap();
                }
                state.tickets -= 1;
                drop(state);
                sender.send(()).unwrap();
            });
        }
        let mut state = arrived
            .wait_while(mutex.lock().unwrap(), |state| state.waiting < WAITERS)
            .unwrap();
        state.tickets = 1;
        changed.notify_one();
        drop(state);
        woken.recv_timeout(LIMIT).unwrap();
        assert!(woken.try_recv().is_err());
        mutex.lock().unwrap().tickets = WAITERS - 1;
        changed.notify_all();
        for _ in 1..WAITERS {
            woken.recv_timeout(LIMIT).unwrap();
        }
    });
    assert_eq!(mutex.into_inner().unwrap().tickets, 0);
}

#[test]
fn a_notification_to_no_thread_is_lost() {
    let (mutex, condvar) = (Mutex::new(()), Condvar::new());
    condvar.notify_one();
    condvar.notify_all();
    let (_held, result) = condvar
        .wait_timeout_while(mutex.lock().unwrap(), SHORT, |()| true)
        .unwrap();
    assert!(result.timed_out());
}

#[test]
fn a_condition_that_is_false_is_not_waited_for() {
    let (mutex, condvar) = (Mutex::new(1), Condvar::new());
    let mut calls = 0;
    let held = condvar
        .wait_while(mutex.lock().unwrap(), |value| {
            calls += 1;
            *value += 1;
            false
        })
        .unwrap();
    assert_eq!(*held, 2);
    let (held, result) = condvar
        .wait_timeout_while(held, Duration::ZERO, |value| {
            calls += 1;
            *value == 0
        })
        .unwrap();
    assert!(!result.timed_out());
    assert_eq!((*held, calls), (2, 2));
}

#[test]
fn a_wait_while_ends_when_the_condition_does() {
    let (mutex, condvar) = (Mutex::new(3), Condvar::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..3 {
                *mutex.lock().unwrap() -= 1;
                condvar.notify_one();
            }
        });
        let left = condvar
            .wait_while(mutex.lock().unwrap(), |left| *left > 0)
            .unwrap();
        assert_eq!(*left, 0);
    });
}

#[test]
fn a_timed_wait_tells_that_its_time_was_up() {
    let (mutex, never) = (Mutex::new(()), Condvar::new());
    let start = Instant::now();
    let (held, result) = never
        .wait_timeout_while(mutex.lock().unwrap(), SHORT, |()| true)
        .unwrap();
    assert!(result.timed_out());
    assert!(start.elapsed() >= SHORT);
    assert!(mutex.try_lock().is_err());
    drop(held);
    assert!(mutex.try_lock().is_ok());
}

#[test]
fn a_timed_wait_that_is_notified_is_in_time() {
    for forever in [false, true] {
        let limit = if forever { Duration::MAX } else { LIMIT };
        let (mutex, condvar) = (Mutex::new(false), Condvar::new());
        thread::scope(|scope| {
            let mut held = mutex.lock().unwrap();
            scope.spawn(|| {
                *mutex.lock().unwrap() = true;
                condvar.notify_one();
            });
            while !*held {
                let (again, result) = condvar.wait_timeout(held, limit).unwrap();
                assert!(!result.timed_out());
                held = again;
            }
            *held = false;
            scope.spawn(|| {
                *mutex.lock().unwrap() = true;
                condvar.notify_all();
            });
            let (held, result) = condvar
                .wait_timeout_while(held, limit, |ready| !*ready)
                .unwrap();
            assert!(*held && !result.timed_out());
        });
    }
}

#[test]
#[allow(deprecated)]
fn the_wait_in_milliseconds_says_whether_it_was_in_time() {
    let (mutex, condvar) = (Mutex::new(false), Condvar::new());
    let mut held = mutex.lock().unwrap();
    loop {
        let (again, in_time) = condvar.wait_timeout_ms(held, 1).unwrap();
        held = again;
        if !in_time {
            break;
        }
    }
    thread::scope(|scope| {
        scope.spawn(|| {
            *mutex.lock().unwrap() = true;
            condvar.notify_one();
        });
        while !*held {
            let (again, in_time) = condvar.wait_timeout_ms(held, 20_000).unwrap();
            assert!(in_time);
            held = again;
        }
        drop(held);
    });
}

#[test]
fn different_mutexes_may_be_used_one_after_the_other() {
    let condvar = Condvar::new();
    for mutex in [Mutex::new(()), Mutex::new(())] {
        let held = mutex.lock().unwrap();
        drop(condvar.wait_timeout(held, SHORT).unwrap());
        assert!(mutex.try_lock().is_ok());
    }
}

#[test]
fn a_static_needs_no_initialisation() {
    static MUTEX: Mutex<bool> = Mutex::new(false);
    static CONDVAR: Condvar = Condvar::new();
    let mut ready = MUTEX.lock().unwrap();
    let other = thread::spawn(|| {
        *MUTEX.lock().unwrap() = true;
        CONDVAR.notify_one();
    });
    while !*ready {
        ready = CONDVAR.wait(ready).unwrap();
    }
    drop(ready);
    other.join().unwrap();
}
