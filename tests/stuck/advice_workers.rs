//! What a report about workers and their queues says to change, in programs that follow it to the letter or not.

use std::sync::atomic::{AtomicBool, Ordering};

use lockwarden::sync::mpsc::{Receiver, Sender, channel_named, sync_channel_named};
use lockwarden::sync::{Arc, Barrier, Condvar, Mutex, PoisonError};
use lockwarden::thread;

use crate::advice::advice;
use crate::expect::{Case, Expected};
use crate::steps::{start, until, until_asleep};

advice! {
    "workers share a receiver, and are joined before the sender is dropped", joined_first, "Deadlock",
        ["drop every sender that is not used any more, above all one that thread `main` (#1) keeps through its wait at"];
    "workers with channels of their own are joined before the senders are dropped", own_channels, "Deadlock",
        ["each receive before they send",
         "if they have nothing left to do, drop every sender of their channels before the wait at tests/stuck/advice_workers.rs:"];
    "a worker that shares a receiver panics before it counts", panics_first, "Deadlock",
        ["has ended by a panic", "do what others wait for in a destructor, or on the error path as well"];
    "a worker waits under the lock of the receiver for the next worker", under_receiver, "Deadlock",
        ["release `jobs`, which thread `worker-"];
    "a job sends the next job to its own worker and waits for it", own_worker, "Deadlock",
        ["each receive before they send",
         "if what leads to one of the messages waits in a channel or a queue that one of the two serves, let another \
          thread serve that"];
    "a stage of a pipeline has ended, and its receiver is kept", receiver_left, "Deadlock",
        ["each wait to send while they receive nothing",
         "if neither of them receives what the other one sends, drop the receiver, since the thread that used it is gone"];
    "two senders into a channel whose receiver is kept while they are joined", kept_beside_two, "Deadlock",
        ["if thread `main` (#1) has the receiver, let it receive, or drop the receiver, before its wait at"];
    "a reply channel in a request that no thread receives", reply_in_request, "Deadlock",
        ["above all one that thread `main` (#1) has itself, or that lies in a message which no thread receives"];
    "each request has a connection and waits for a second one", connections, "Deadlock",
        ["if the threads that wait there have what each of the others waits for, take all that a thread needs at once, \
          or give it back before the wait"];
    "a library takes the permit of a park", taken_permit, "Deadlock",
        ["check for that in a loop before the park at", "the park of a library that the thread calls may take the permit"];
}

type Job = Box<dyn FnOnce() + Send>;

/// Starts workers that take jobs under the lock of one receiver.
fn workers(count: usize, jobs: Receiver<Job>) -> Vec<thread::JoinHandle<()>> {
    let jobs = Arc::new(Mutex::named("jobs", jobs));
    let worker = |number| {
        let jobs = Arc::clone(&jobs);
        start(&format!("worker-{number}"), move || {
            loop {
                let job = jobs.lock().unwrap().recv();
                match job {
                    Ok(job) => job(),
                    Err(_) => break,
                }
            }
        })
    };
    (0..count).map(worker).collect()
}

fn end(workers: Vec<thread::JoinHandle<()>>) {
    for worker in workers {
        worker.join().unwrap();
    }
}

/// After the first drafts of a pool that many have written: the end of a pool waits for its workers first.
fn joined_first(mended: bool) {
    let (give, take) = channel_named::<Job>("queue");
    let workers = workers(3, take);
    let mut give = Some(give);
    if mended {
        give.take();
    }
    end(workers);
    drop(give);
}

/// Each worker has a channel, and the end of the pool waits for them first.
fn own_channels(mended: bool) {
    let mut senders = Vec::new();
    let mut all = Vec::new();
    for number in 0..3 {
        let (give, take) = channel_named::<Job>("jobs");
        senders.push(give);
        let serve = move || take.into_iter().for_each(|job| job());
        all.push(start(&format!("worker-{number}"), serve));
    }
    if mended {
        senders.clear();
    }
    end(all);
    drop(senders);
}

fn panics_first(mended: bool) {
    struct Done(Arc<(Mutex<usize>, Condvar)>);
    impl Drop for Done {
        fn drop(&mut self) {
            *self.0.0.lock().unwrap() -= 1;
            self.0.1.notify_all();
        }
    }
    let (give, take) = channel_named::<Job>("queue");
    let workers = workers(3, take);
    let left = Arc::new((Mutex::named("left", 2), Condvar::named("none left")));
    for number in 0..2 {
        let done = Done(Arc::clone(&left));
        give.send(Box::new(move || {
            let fails = || std::panic::resume_unwind(Box::new("a job fails"));
            match mended {
                true => {
                    let _done = done;
                    if number == 0 {
                        fails();
                    }
                }
                false => {
                    let done = std::mem::ManuallyDrop::new(done);
                    if number == 0 {
                        fails();
                    }
                    drop(std::mem::ManuallyDrop::into_inner(done));
                }
            }
        }))
        .unwrap();
    }
    let mut count = left.0.lock().unwrap();
    while *count > 0 {
        count = left.1.wait(count).unwrap();
    }
    drop(count);
    drop(give);
    for worker in workers {
        // One has ended by a panic.
        let _ = worker.join();
    }
}

fn under_receiver(mended: bool) {
    let (give, take) = channel_named::<Job>("queue");
    let jobs = Arc::new(Mutex::named("jobs", take));
    let worker = |number| {
        let jobs = Arc::clone(&jobs);
        start(&format!("worker-{number}"), move || {
            if mended {
                loop {
                    let job = jobs.lock().unwrap().recv();
                    let Ok(job) = job else { break };
                    job();
                }
            } else {
                // The guard is a temporary of the head, and lives as long as the body.
                while let Ok(job) = jobs.lock().unwrap().recv() {
                    job();
                }
            }
        })
    };
    let workers = [worker(0), worker(1)];
    let (answer, asks) = channel_named::<u32>("answer");
    give.send(Box::new(move || assert_eq!(asks.recv(), Ok(1))))
        .unwrap();
    give.send(Box::new(move || answer.send(1).unwrap()))
        .unwrap();
    drop(give);
    end(workers.into());
}

fn own_worker(mended: bool) {
    let (give, take) = channel_named::<Job>("queue");
    let workers = workers(if mended { 2 } else { 1 }, take);
    let (result, results) = channel_named::<u32>("result");
    let queue: Sender<Job> = give.clone();
    give.send(Box::new(move || {
        let (half, halves) = channel_named::<u32>("half");
        queue.send(Box::new(move || half.send(1).unwrap())).unwrap();
        result.send(halves.recv().unwrap()).unwrap();
    }))
    .unwrap();
    assert_eq!(results.recv(), Ok(1));
    drop(give);
    end(workers);
}

fn receiver_left(mended: bool) {
    let (raw, lines) = sync_channel_named::<u32>("raw", 1);
    let (parsed, records) = sync_channel_named::<u32>("parsed", 1);
    let mut kept = Some(records);
    if mended {
        // The stage that was to write fails, and nothing else keeps what it received from.
        kept.take();
    }
    let parser = start("parser", move || {
        for line in lines {
            if parsed.send(line).is_err() {
                break;
            }
        }
    });
    for line in 0..9 {
        if raw.send(line).is_err() {
            break;
        }
    }
    drop(raw);
    parser.join().unwrap();
    drop(kept);
}

fn kept_beside_two(mended: bool) {
    let (give, take) = sync_channel_named::<u32>("events", 1);
    let sources = [0, 1].map(|number| {
        let give = give.clone();
        start(&format!("source-{number}"), move || {
            while give.send(number).is_ok() {}
        })
    });
    drop(give);
    let mut kept = Some(take);
    if mended {
        kept.take();
    } else {
        ["source-0", "source-1"].into_iter().for_each(until_asleep);
    }
    for source in sources {
        source.join().unwrap();
    }
    drop(kept);
}

/// After a public report (crossbeam #1102): the server is gone, and its receiver is left with a request.
fn reply_in_request(mended: bool) {
    let (requests, server) = channel_named::<Sender<u32>>("requests");
    let (reply, answer) = channel_named::<u32>("answer");
    requests.send(reply).unwrap();
    let mut left = Some(server);
    if mended {
        // The request goes, and with it the sender in it.
        left.take();
    }
    assert!(answer.recv().is_err());
    drop(left);
}

/// Connections of a database, after the shape of several reports: each request asks for one more while it has one.
fn connections(mended: bool) {
    struct Pool(Mutex<usize>, Condvar);
    /// Connections, which come back also when their request panics: then the other one goes on.
    struct Taken<'a>(&'a Pool, usize);
    impl Pool {
        fn take(&self, wanted: usize) -> Taken<'_> {
            let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            while *free < wanted {
                let woken = self.1.wait(free);
                free = woken.unwrap_or_else(PoisonError::into_inner);
            }
            *free -= wanted;
            Taken(self, wanted)
        }
    }
    impl Drop for Taken<'_> {
        fn drop(&mut self) {
            *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) += self.1;
            self.0.1.notify_all();
        }
    }
    let pool = Arc::new(Pool(Mutex::named("free", 2), Condvar::named("freed")));
    let all_have_one = Arc::new(Barrier::new(2));
    let requests = [0, 1].map(|number| {
        let (pool, all_have_one) = (Arc::clone(&pool), Arc::clone(&all_have_one));
        start(&format!("request-{number}"), move || {
            if mended {
                let _both = pool.take(2);
            } else {
                let _first = pool.take(1);
                all_have_one.wait();
                let _second = pool.take(1);
            }
        })
    });
    for request in requests {
        request.join().unwrap();
    }
}

/// After a public report (seanmonstar/reqwest #1131): a library parks the thread of its caller.
fn taken_permit(mended: bool) {
    static COME: AtomicBool = AtomicBool::new(false);
    static ASKED: AtomicBool = AtomicBool::new(false);
    // Parks, once it was unparked in there already.
    let library = || {
        ASKED.store(true, Ordering::SeqCst);
        while !COME.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        thread::park();
    };
    let waits = start("waits", move || {
        library();
        match mended {
            true => {
                while !COME.load(Ordering::SeqCst) {
                    thread::park();
                }
            }
            false => thread::park(),
        }
    });
    until(|| ASKED.load(Ordering::SeqCst));
    waits.thread().unpark();
    COME.store(true, Ordering::SeqCst);
    waits.join().unwrap();
}
