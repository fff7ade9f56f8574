//! Lends what a caller has on its stack to another thread, as pools of threads do.

use std::mem;
use std::sync::{Condvar, Mutex, mpsc};
use std::thread;

type Job = Box<dyn FnOnce() + Send>;

/// Whether a job has ended.
struct Latch {
    is_set: Mutex<bool>,
    set: Condvar,
}

/// Runs `job` in another thread, after `begin`, which runs here.
pub fn install(begin: impl FnOnce(), job: impl FnOnce() + Send) {
    let latch = Latch {
        is_set: Mutex::new(false),
        set: Condvar::new(),
    };
    let lent: Box<dyn FnOnce() + Send + '_> = Box::new(|| {
        job();
        *latch.is_set.lock().unwrap() = true;
        latch.set.notify_all();
    });
    // SAFETY: this function ends when the job has set the latch, which it does last.
    let lent = unsafe { mem::transmute::<Box<dyn FnOnce() + Send + '_>, Job>(lent) };
    let (jobs, queue) = mpsc::channel::<Job>();
    let worker = thread::Builder::new().name("worker".to_owned());
    let worker = worker.spawn(move || queue.iter().for_each(|job| job()));
    jobs.send(lent).unwrap();
    begin();
    let mut is_set = latch.is_set.lock().unwrap();
    while !*is_set {
        is_set = latch.set.wait(is_set).unwrap();
    }
    drop(is_set);
    drop(jobs);
    worker.unwrap().join().unwrap();
}
