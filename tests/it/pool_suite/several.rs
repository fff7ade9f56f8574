//! Many jobs at once.

use std::panic::resume_unwind;

use lockwarden::pool::{JobError, JobHandle, ThreadPool, WaitFor, as_completed, wait};
use lockwarden::thread;

use super::support::Held;

#[test]
fn a_map_has_its_results_in_order() {
    let pool = ThreadPool::new(3);
    // The first one is done last.
    let last = Held::in_pool(&pool);
    let mut squares = pool.map(0..100_u64, |n| n * n);
    assert_eq!(squares.len(), 100);
    assert_eq!(squares.next().unwrap().unwrap(), 0);
    assert_eq!(squares.size_hint(), (99, Some(99)));
    let rest: Result<Vec<_>, _> = squares.collect();
    assert!(rest.unwrap().into_iter().eq((1..100).map(|n| n * n)));
    last.release(0).result().unwrap();
}

#[test]
fn a_panic_in_a_map_is_one_result() {
    let pool = ThreadPool::new(2);
    let results = pool.map([1, 2, 3], |n| match n {
        2 => resume_unwind(Box::new("two")),
        n => n,
    });
    let results: Vec<_> = results.collect();
    assert!(matches!(
        &results[..],
        [Ok(1), Err(JobError::Panicked(_)), Ok(3)]
    ));
}

#[test]
fn a_wait_tells_which_are_done() {
    let pool = ThreadPool::new(3);
    let (first, second) = (Held::in_pool(&pool), Held::in_pool(&pool));
    let third = pool.submit(|| 3);
    let futures = [&first.job, &second.job, &third];
    assert_eq!(wait(futures, WaitFor::First), [2]);
    assert_eq!(wait([&third], WaitFor::All), [0]);
    let second = second.release(2);
    assert_eq!(wait([&first.job, &second], WaitFor::First), [1]);
    let first = first.release(1);
    let futures = [&first, &second, &third];
    assert_eq!(wait(futures, WaitFor::All), [0, 1, 2]);
    let none: [&JobHandle<u8>; 0] = [];
    for until in [WaitFor::First, WaitFor::All, WaitFor::FirstFailure] {
        assert_eq!(wait(none, until), Vec::<usize>::new());
    }
}

#[test]
fn a_wait_for_a_failure_ends_at_the_first_or_with_all() {
    let pool = ThreadPool::new(2);
    let held = Held::in_pool(&pool);
    let good = pool.submit(|| 1);
    let bad = pool.submit(|| resume_unwind(Box::new("no")));
    let done = wait([&held.job, &good, &bad], WaitFor::FirstFailure);
    // The other worker did them one after the other.
    assert_eq!(done, [1, 2]);
    let job = held.release(1);
    assert_eq!(wait([&job, &good], WaitFor::FirstFailure), [0, 1]);
    // One that was cancelled has failed too.
    let (one, two) = (Held::in_pool(&pool), Held::in_pool(&pool));
    let never = pool.submit(|| 1);
    thread::scope(|s| {
        let waits = s.spawn(|| wait([&one.job, &never], WaitFor::FirstFailure));
        assert!(never.cancel());
        assert_eq!(waits.join().unwrap(), [1]);
    });
    drop((one.release(1), two.release(2)));
}

#[test]
fn waits_of_several_threads_for_the_same_jobs_end() {
    let pool = ThreadPool::new(2);
    for _ in 0..100 {
        let jobs: Vec<_> = (0..4).map(|n| pool.submit(move || n)).collect();
        thread::scope(|s| {
            for _ in 0..2 {
                s.spawn(|| assert!(!wait(&jobs, WaitFor::First).is_empty()));
                s.spawn(|| assert_eq!(wait(&jobs, WaitFor::All), [0, 1, 2, 3]));
            }
        });
    }
}

#[test]
fn futures_come_in_the_order_in_which_their_jobs_end() {
    let pool = ThreadPool::new(3);
    let [a, b, c] = [0; 3].map(|_| Held::in_pool(&pool));
    let b = b.release(2);
    assert_eq!(wait([&b], WaitFor::All), [0]);
    let mut left = vec![(a.go, 1), (c.go, 3)];
    let jobs = [a.job, b, c.job];
    let mut seen = Vec::new();
    let mut completed = as_completed(jobs);
    assert_eq!(completed.len(), 3);
    for job in completed.by_ref() {
        assert!(job.is_finished());
        seen.push(job.result().unwrap());
        if let Some((go, result)) = left.pop() {
            go.send(result).unwrap();
        }
    }
    assert_eq!(seen, [2, 3, 1]);
    assert_eq!(completed.size_hint(), (0, Some(0)));
}

#[test]
fn jobs_of_several_pools_are_waited_for_together() {
    let (one, two) = (ThreadPool::new(1), ThreadPool::new(1));
    let jobs = [one.submit(|| 1), two.submit(|| 2)];
    assert_eq!(wait(&jobs, WaitFor::All), [0, 1]);
    let jobs = [one.submit(|| 1), two.submit(|| 2)];
    let sum: i32 = as_completed(jobs).map(|job| job.result().unwrap()).sum();
    assert_eq!(sum, 3);
}

#[test]
fn many_threads_give_many_jobs() {
    let pool = ThreadPool::new(4);
    let sum: u64 = thread::scope(|s| {
        let givers = [0, 1, 2, 3].map(|from: u64| {
            let pool = &pool;
            s.spawn(move || {
                let range = from * 500..(from + 1) * 500;
                pool.map(range, |n| n + 1).map(Result::unwrap).sum::<u64>()
            })
        });
        givers.into_iter().map(|giver| giver.join().unwrap()).sum()
    });
    assert_eq!(sum, (1..=2000).sum::<u64>());
}
