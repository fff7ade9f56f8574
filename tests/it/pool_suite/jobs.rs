//! One job and its future.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc;
use std::time::Duration;

use lockwarden::pool::{Builder, JobEnd, JobError, JobHandle, ResultTimeoutError, ThreadPool};
use lockwarden::thread;

use super::support::{Held, LIMIT, until};

#[test]
fn pools_and_futures_are_shared_by_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<ThreadPool>();
    // A result need not be `Sync`, as with a thread.
    shared::<JobHandle<std::cell::Cell<u8>>>();
}

#[test]
fn jobs_are_begun_in_the_order_in_which_they_came() {
    let pool = ThreadPool::new(1);
    let held = Held::in_pool(&pool);
    let (sender, receiver) = mpsc::channel();
    let jobs: Vec<_> = (0..10)
        .map(|n| {
            let sender = sender.clone();
            pool.submit(move || sender.send(n).unwrap())
        })
        .collect();
    drop(sender);
    assert_eq!(held.release(7).result().unwrap(), 7);
    assert!(receiver.iter().eq(0..10));
    for job in jobs {
        job.result().unwrap();
    }
}

#[test]
fn as_many_jobs_run_at_a_time_as_there_are_workers() {
    let pool = ThreadPool::new(3);
    assert_eq!(pool.threads(), 3);
    let all = lockwarden::sync::Arc::new(lockwarden::sync::Barrier::new(3));
    let jobs = [0; 3].map(|_| {
        let all = all.clone();
        pool.submit(move || all.wait().is_leader())
    });
    let leaders = jobs.map(|job| u8::from(job.result().unwrap()));
    assert_eq!(leaders.iter().sum::<u8>(), 1);
}

#[test]
fn a_panic_comes_out_of_the_future_and_the_worker_lives_on() {
    let pool = ThreadPool::new(1);
    for n in 0..3_u32 {
        let job = pool.submit(move || resume_unwind(Box::new(n)));
        match job.result().map(|()| unreachable!()) {
            Err(JobError::Panicked(payload)) => assert_eq!(payload.downcast_ref(), Some(&n)),
            other => panic!("{other:?}"),
        }
        assert_eq!(pool.submit(move || n).result().unwrap(), n);
    }
}

/// What a job leaves behind may panic when it is dropped, where no thread has its future.
#[test]
fn a_worker_survives_the_destructors_of_a_job() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            resume_unwind(Box::new("dropped"));
        }
    }
    let pool = ThreadPool::new(1);
    let held = Held::in_pool(&pool);
    drop(pool.submit(|| Bad));
    let bad = Bad;
    let cancelled = pool.submit(move || drop(bad));
    assert!(cancelled.cancel());
    drop(pool.submit(|| resume_unwind(Box::new(Bad))));
    let last = pool.submit(|| 1);
    held.release(0).result().unwrap();
    assert_eq!(last.result().unwrap(), 1);
}

#[test]
fn a_timed_wait_gives_the_future_back() {
    let pool = ThreadPool::new(1);
    let held = Held::in_pool(&pool);
    let queued = pool.submit(|| 2);
    for limit in [Duration::ZERO, Duration::from_millis(1)] {
        assert!(
            !queued.is_finished() && !held.job.is_finished(),
            "{limit:?}"
        );
    }
    let queued = match queued.result_timeout(Duration::from_millis(1)) {
        Err(ResultTimeoutError::Timeout(future)) => future,
        other => panic!("{other:?}"),
    };
    held.release(0).result_timeout(LIMIT).unwrap();
    assert_eq!(queued.result_timeout(Duration::MAX).unwrap(), 2);
    let failed = pool.submit(|| resume_unwind(Box::new("no")));
    match failed.result_timeout(LIMIT).map(|()| unreachable!()) {
        Err(ResultTimeoutError::Job(error)) => assert_eq!(error.message(), Some("no")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_a_job_that_has_not_started_can_be_cancelled() {
    let pool = ThreadPool::new(1);
    let held = Held::in_pool(&pool);
    assert!(!held.job.cancel());
    let queued = pool.submit(|| unreachable!());
    assert!(queued.cancel() && queued.cancel() && queued.is_finished());
    assert!(matches!(
        queued.result().map(|()| 0),
        Err(JobError::Cancelled)
    ));
    let job = held.release(1);
    until(|| job.is_finished());
    assert!(!job.cancel());
    assert_eq!(job.result().unwrap(), 1);
}

/// Either the job is cancelled or it runs, whoever comes first.
#[test]
fn cancelled_means_not_run() {
    let pool = ThreadPool::new(2);
    for _ in 0..500 {
        let (sender, receiver) = mpsc::channel();
        let job = pool.submit(move || sender.send(()).unwrap());
        let cancelled = job.cancel();
        assert_eq!(job.result().is_err(), cancelled);
        assert_eq!(receiver.try_recv().is_err(), cancelled);
    }
}

#[test]
fn callbacks_run_in_order_where_the_job_ends() {
    let pool = Builder::new().threads(1).name("callbacks").build().unwrap();
    let held = Held::in_pool(&pool);
    let (sender, receiver) = mpsc::channel();
    for n in 0..3 {
        let sender = sender.clone();
        held.job.on_done(move |end| {
            let name = thread::current().name().map(str::to_owned);
            sender.send((n, end, name.unwrap())).unwrap();
            resume_unwind(Box::new("the next one runs all the same"));
        });
    }
    let job = held.release(1);
    for n in 0..3 {
        let said = receiver.recv_timeout(LIMIT).unwrap();
        assert_eq!(said, (n, JobEnd::Finished, "callbacks-0".to_owned()));
    }
    // The worker lives, and the job is done: who comes now is called here.
    assert_eq!(pool.submit(|| 2).result().unwrap(), 2);
    let here = thread::current().id();
    let called = sender.clone();
    job.on_done(move |end| {
        let is_here = thread::current().id() == here;
        called.send((9, end, is_here.to_string())).unwrap();
    });
    let said = receiver.try_recv().unwrap();
    assert_eq!(said, (9, JobEnd::Finished, "true".to_owned()));
    let panics = AssertUnwindSafe(|| job.on_done(|_| resume_unwind(Box::new("mine"))));
    let mine = catch_unwind(panics).unwrap_err();
    assert_eq!(mine.downcast_ref(), Some(&"mine"));
}

#[test]
fn callbacks_get_the_end_of_the_job() {
    let pool = ThreadPool::new(1);
    let held = Held::in_pool(&pool);
    let (sender, receiver) = mpsc::channel();
    let ends = |job: &JobHandle<()>| {
        let sender = sender.clone();
        job.on_done(move |end| sender.send(end).unwrap());
    };
    let panics = pool.submit(|| resume_unwind(Box::new("no")));
    ends(&panics);
    let cancelled = pool.submit(|| ());
    ends(&cancelled);
    assert!(cancelled.cancel());
    assert_eq!(receiver.recv_timeout(LIMIT), Ok(JobEnd::Cancelled));
    drop(held.release(0));
    assert_eq!(receiver.recv_timeout(LIMIT), Ok(JobEnd::Panicked));
}

#[test]
fn a_future_that_is_dropped_leaves_its_job_running() {
    let pool = ThreadPool::new(1);
    let (sender, receiver) = mpsc::channel();
    drop(pool.submit(move || sender.send(1).unwrap()));
    assert_eq!(receiver.recv_timeout(LIMIT), Ok(1));
}

#[test]
fn every_error_says_what_it_is() {
    fn says(error: impl Error, text: &str, debug: &str) {
        assert_eq!(error.to_string(), text);
        assert_eq!(format!("{error:?}"), debug);
    }
    let panicked = JobError::Panicked(Box::new(String::from("no")));
    says(panicked, "the job panicked: no", "Panicked(Some(\"no\"))");
    let panicked = JobError::Panicked(Box::new(1));
    says(panicked, "the job panicked", "Panicked(None)");
    let text = "the job was cancelled before it started";
    says(JobError::Cancelled, text, "Cancelled");
    let job = ResultTimeoutError::<u8>::Job(JobError::Cancelled);
    says(job, text, "Job(Cancelled)");
    let pool = ThreadPool::new(1);
    let held = Held::in_pool(&pool);
    let late = pool.submit(|| 1).result_timeout(Duration::ZERO);
    let debug = "Timeout(JobHandle { is_finished: false, .. })";
    says(late.unwrap_err(), "the job is not done yet", debug);
    drop(held.release(0));
    assert_eq!(format!("{pool:?}"), "ThreadPool { threads: 1, .. }");
}
