//! Pools: what was done before a job was given, and what follows its result.

use std::sync::mpsc;

use lockwarden::pool::{JobHandle, ThreadPool, WaitFor, as_completed, wait};
use lockwarden::sync::Mutex;
use lockwarden::thread;

use super::harness::Reported::{All, Default};
use super::harness::{LIMIT, found, nest, orders};

#[test]
fn what_was_done_before_a_job_was_given_is_ordered_before_it() {
    let run = || {
        let pool = ThreadPool::new(2);
        let (ab, ba) = orders();
        let ab = || {
            ab();
            pool.submit(ba)
        };
        // Given by a thread that is not known to have ended.
        thread::scope(|s| drop(s.spawn(ab)));
        pool.shutdown();
    };
    assert_eq!(found!(All, run), ["Ordered a b"]);
}

#[test]
fn every_way_to_wait_for_a_job_orders() {
    let run = || {
        let pool = ThreadPool::new(2);
        let ways: [fn(JobHandle<()>); 6] = [
            |job| job.result().unwrap(),
            |job| job.result_timeout(LIMIT).unwrap(),
            |job| assert_eq!(wait([&job], WaitFor::First), [0]),
            |job| assert_eq!(wait([&job], WaitFor::All), [0]),
            |job| assert_eq!(as_completed([job]).count(), 1),
            |job| {
                while !job.is_finished() {
                    thread::yield_now();
                }
                job.result().unwrap();
            },
        ];
        for way in ways {
            let (ab, ba) = orders();
            way(pool.submit(ab));
            ba();
        }
        let (ab, ba) = orders();
        let ab = Mutex::named("once", Some(ab));
        for result in pool.map([1], move |_| ab.lock().unwrap().take().unwrap()()) {
            result.unwrap();
        }
        ba();
        let (ab, ba) = orders();
        drop(pool.submit(ab));
        pool.shutdown();
        ba();
    };
    let found: Vec<String> = found!(All, run);
    let pairs: Vec<_> = found.iter().filter(|f| *f == "Ordered a b").collect();
    assert_eq!(pairs.len(), 8, "{found:?}");
    assert!(found.iter().all(|f| f.starts_with("Ordered")), "{found:?}");
}

/// Two jobs that run at the same time.
#[test]
fn jobs_of_one_pool_are_concurrent() {
    let run = || {
        let (ab, ba) = orders();
        let pool = ThreadPool::new(2);
        let (go, wait_for_go) = mpsc::channel();
        let second = pool.submit(move || {
            // std's channel is not watched.
            wait_for_go.recv().unwrap();
            ba();
        });
        let first = pool.submit(move || {
            ab();
            go.send(()).unwrap();
        });
        first.result().unwrap();
        second.result().unwrap();
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

/// That a job is done, seen without waiting, is no order.
#[test]
fn to_look_whether_a_job_is_done_orders_nothing() {
    let run = || {
        let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
        let (a, b) = (std::sync::Arc::new(a), std::sync::Arc::new(b));
        let pool = ThreadPool::new(1);
        let (a2, b2) = (a.clone(), b.clone());
        let job = pool.submit(move || nest(&a2, &b2));
        while !job.is_finished() {
            thread::yield_now();
        }
        nest(&b, &a);
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

/// The one that is done first orders; the other one may still be at it.
#[test]
fn the_first_of_several_orders_itself_alone() {
    let run = || {
        let (ab, ba) = orders();
        let pool = ThreadPool::new(2);
        let (go, wait_for_go) = mpsc::channel::<()>();
        let (done, wait_for_done) = mpsc::channel();
        let slow = pool.submit(move || {
            ab();
            done.send(()).unwrap();
            wait_for_go.recv().unwrap();
        });
        wait_for_done.recv().unwrap();
        let quick = pool.submit(|| ());
        assert_eq!(wait([&slow, &quick], WaitFor::First), [1]);
        ba();
        go.send(()).unwrap();
        slow.result().unwrap();
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}
