//! The bound of a pool, and its end.

use std::sync::mpsc;

use lockwarden::pool::{Builder, JobEnd, JobError, ThreadPool};
use lockwarden::sync::{Arc, Mutex, OnceLock};
use lockwarden::thread;

use super::support::{Held, LIMIT, until};

/// How often each meeting of two threads is tried: who comes first is for chance to say.
const ROUNDS: usize = 100;

#[test]
fn a_name_is_that_of_the_threads() {
    let pool = Builder::new().threads(2).name("worker").build().unwrap();
    pool.set_label("the workers");
    let (one, two) = (Held::in_pool(&pool), Held::in_pool(&pool));
    drop((one.release(1), two.release(2)));
    let name = || thread::current().name().map(str::to_owned);
    let name = pool.submit(name).result().unwrap().unwrap();
    assert!(["worker-0", "worker-1"].contains(&name.as_str()), "{name}");
    let bad = Builder::new().name("nul\0").build().unwrap_err();
    assert_eq!(bad.kind(), std::io::ErrorKind::InvalidInput);
    let default = Builder::default().build().unwrap();
    let machine = thread::available_parallelism().map_or(1, usize::from);
    assert_eq!(default.threads(), machine);
}

#[test]
fn no_thread_gives_more_than_the_bound() {
    let pool = Builder::new().threads(1).queue_bound(2).build().unwrap();
    let held = Held::in_pool(&pool);
    let (sender, receiver) = mpsc::channel();
    thread::scope(|s| {
        s.spawn(|| {
            for n in 0..4 {
                drop(pool.submit(move || n));
                sender.send(n).unwrap();
            }
        });
        for n in 0..2 {
            assert_eq!(receiver.recv_timeout(LIMIT), Ok(n));
        }
        // There is no room for the third before the worker takes the first.
        assert!(receiver.try_recv().is_err());
        held.release(0).result().unwrap();
        for n in 2..4 {
            assert_eq!(receiver.recv_timeout(LIMIT), Ok(n));
        }
    });
}

#[test]
fn a_shutdown_waits_for_what_was_given() {
    let pool = ThreadPool::new(2);
    let count = Arc::new(Mutex::new(0));
    for _ in 0..50 {
        let count = count.clone();
        drop(pool.submit(move || *count.lock().unwrap() += 1));
    }
    thread::scope(|s| {
        for _ in 0..3 {
            s.spawn(|| {
                pool.shutdown();
                assert_eq!(*count.lock().unwrap(), 50);
            });
        }
    });
    pool.shutdown();
    assert!(matches!(
        pool.submit(|| ()).result(),
        Err(JobError::Cancelled)
    ));
    let none = pool.map([1], |n| n).next().unwrap();
    assert!(matches!(none, Err(JobError::Cancelled)));
}

#[test]
fn a_pool_that_is_dropped_waits_for_what_was_given() {
    let count = Arc::new(Mutex::new(0));
    let pool = ThreadPool::new(2);
    for _ in 0..50 {
        let count = count.clone();
        drop(pool.submit(move || *count.lock().unwrap() += 1));
    }
    drop(pool);
    assert_eq!(Arc::try_unwrap(count).unwrap().into_inner().unwrap(), 50);
}

#[test]
fn a_sharp_shutdown_cancels_what_has_not_started() {
    let pool = ThreadPool::new(1);
    let held = Held::in_pool(&pool);
    let queued: Vec<_> = (0..3).map(|n| pool.submit(move || n)).collect();
    let (sender, receiver) = mpsc::channel();
    for job in &queued {
        let sender = sender.clone();
        job.on_done(move |end| sender.send(end).unwrap());
    }
    thread::scope(|s| {
        let down = s.spawn(|| pool.shutdown_now());
        for _ in 0..3 {
            assert_eq!(receiver.recv_timeout(LIMIT), Ok(JobEnd::Cancelled));
        }
        // It waits for the one that has started.
        assert!(!down.is_finished());
        assert_eq!(held.release(1).result().unwrap(), 1);
        down.join().unwrap();
    });
    for job in queued {
        assert!(matches!(job.result(), Err(JobError::Cancelled)));
    }
}

#[test]
fn who_waits_for_a_job_that_is_given_up_is_reported() {
    for _ in 0..ROUNDS {
        let pool = ThreadPool::new(1);
        let held = Held::in_pool(&pool);
        let [one, two] = [1, 2].map(|n| pool.submit(move || n));
        thread::scope(|s| {
            let one = s.spawn(|| one.result());
            let two = s.spawn(|| two.result_timeout(LIMIT));
            let down = s.spawn(|| pool.shutdown_now());
            assert!(matches!(one.join().unwrap(), Err(JobError::Cancelled)));
            two.join().unwrap().unwrap_err();
            held.release(0).result().unwrap();
            down.join().unwrap();
        });
    }
}

/// A job is not waited for by the shutdown that it asks for, nor are two by each other's.
#[test]
fn jobs_can_shut_their_own_pool_down() {
    for threads in 1..=3 {
        let own: Arc<OnceLock<ThreadPool>> = Arc::default();
        let all = Arc::new(lockwarden::sync::Barrier::new(threads));
        let pool = own.get_or_init(|| ThreadPool::new(threads));
        let jobs: Vec<_> = (0..threads)
            .map(|_| {
                let (own, all) = (Arc::clone(&own), Arc::clone(&all));
                pool.submit(move || {
                    all.wait();
                    own.get().unwrap().shutdown();
                })
            })
            .collect();
        for job in jobs {
            job.result_timeout(LIMIT).unwrap();
        }
        pool.shutdown();
    }
}

/// The last one to have the pool is its own job.
#[test]
fn a_job_can_drop_its_own_pool() {
    let (sender, receiver) = mpsc::channel::<ThreadPool>();
    let pool = ThreadPool::new(2);
    let job = pool.submit(move || drop(receiver.recv_timeout(LIMIT).unwrap()));
    let other = pool.submit(|| 1);
    sender.send(pool).unwrap();
    job.result_timeout(LIMIT).unwrap();
    assert_eq!(other.result_timeout(LIMIT).unwrap(), 1);
}

#[test]
fn a_job_can_give_its_own_pool_more() {
    let own: Arc<OnceLock<ThreadPool>> = Arc::default();
    let pool = own.get_or_init(|| ThreadPool::new(2));
    let there = Arc::clone(&own);
    let outer = pool.submit(move || {
        let inner = there.get().unwrap().submit(|| 1);
        inner.result().unwrap() + 1
    });
    assert_eq!(outer.result().unwrap(), 2);
    // A thread lets go of the pool a moment after the last of its jobs is done.
    until(|| Arc::strong_count(&own) == 1);
}
