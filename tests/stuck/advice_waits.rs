//! What a report about waits for other things than locks says to change, in programs that follow it to the
//! letter or not.

use lockwarden::config::{Action, Config};
use lockwarden::pool::{Builder, JobHandle, ThreadPool};
use lockwarden::queue::{Queue, Shutdown};
use lockwarden::report::{Verdict, WaitReason};
use lockwarden::sync::mpsc::{Receiver, SyncSender, sync_channel_named};
use lockwarden::sync::{Arc, Barrier, Condvar, Event, Mutex, OnceLock, Semaphore};
use lockwarden::thread;

use crate::advice::advice;
use crate::expect::{Case, Expected};
use crate::steps::{start, until, until_waits_for};

advice! {
    "a sender that a thread keeps while it joins the receiver", sender_through_join, "Deadlock",
        ["drop every sender that is not used any more, above all one that thread `main` (#1) keeps through its wait at"];
    "a receiver that a thread keeps while it joins the sender", receiver_through_join, "Deadlock",
        ["if thread `main` (#1) has the receiver, let it receive, or drop the receiver, before its wait at"];
    "two threads that wait for one notification", notify_one, "Deadlock",
        ["with `notify_all` if more than one thread may wait for it"];
    "a permit that a thread keeps while it joins another one that asks for it", permit_through_join, "Deadlock",
        ["drop those that", "or that thread `main` (#1) keeps through its wait at tests/stuck/advice_waits.rs:"];
    "a task whose thread waits for all tasks", task_waits, "Deadlock",
        ["(`task_done`), also when it fails, and before a thread that has one of them waits at"];
    "two threads that each fill the channel of the other", fill_each_other, "Deadlock",
        ["each wait to send while they receive nothing: let one of them receive what is there before it sends"];
    "three threads in a ring, each of which fills the channel of the next", ring_of_channels, "Deadlock",
        ["each wait to send while they receive nothing: let one of them receive what is there before it sends",
         "or, if none of them receives what another one sends, let thread `main` (#1) receive that, or drop the \
          receiver, before its wait at tests/stuck/advice_waits.rs:"];
    "a message that leads to another one, in the channel of the thread that waits for that", answer_in_own_channel,
        "Deadlock", ["drop every sender that is not used any more", "or that lies in a message which no thread receives"];
    "two threads that come to a barrier under one mutex", barrier_under_mutex, "Deadlock",
        ["release `total`, which thread `rank", "before the wait at tests/stuck/advice_waits.rs:"];
    "a receiver that sends to itself while another thread sends", send_to_itself, "Deadlock",
        ["whichever of them is the receiver may not send to itself while others fill the channel: let it keep the \
          item"];
    "a queue that no thread fills", empty_queue, "Deadlock",
        ["put an item into `items` on every path, also when a thread fails, or shut `items` down"];
    "a task that is never done", task_not_done, "Deadlock",
        ["say of every task of `items` that it is done (`task_done`)"];
    "a job that waits for a message while its pool is shut down", pool_shut_down, "Deadlock",
        ["the receive at", "send before this wait, and drop every sender"];
    "a result whose job waits for a message", result_of_a_wait, "Deadlock",
        ["the receive at", "send before this wait, and drop every sender"];
    "a job that panics before it sets an event", job_panics, "Deadlock",
        ["a job or a callback that thread `worker-", "ran has panicked",
         "do what others wait for in a destructor, or on the error path as well"];
    "a cell that no thread writes", cell, "Deadlock",
        ["initialise `settings` on every path, also when the thread that is to do that fails"];
    "a thread that joins itself", join_itself, "SelfDeadlock",
        ["waits at", "for the end of what it runs itself: hand the handle to a thread that outlives that"];
    "two threads that join each other", join_each_other, "Deadlock",
        ["take away the wait at", "threads that wait for each other's ends never end"];
    "a job that joins the thread that waits for its result", join_and_result, "Deadlock",
        ["take away the wait at", ", or that of thread `", "threads that wait for each other's ends never end"];
    "two pools that wait for the jobs of each other", two_pools, "Deadlock",
        ["take away the wait at", ", or that of thread `", "threads that wait for each other's ends never end"];
    "a result whose job asks for what an ended thread holds", result_of_left, "Deadlock",
        ["has ended without releasing `left`, which it took at tests/stuck/advice_waits.rs:",
         "look for `mem::forget`"];
    "a job that waits for its own result", own_result, "SelfDeadlock",
        ["or, if that is the handle of the job that it runs, hand it to a thread that outlives the job"];
}

fn sender_through_join(mended: bool) {
    let (give, take) = lockwarden::sync::mpsc::channel_named("orders");
    let worker = start("worker", move || assert!(take.iter().eq(0..3)));
    (0..3).for_each(|number| give.send(number).unwrap());
    let mut kept = Some(give);
    if mended {
        // Before the wait.
        kept.take();
    }
    worker.join().unwrap();
    drop(kept);
}

fn receiver_through_join(mended: bool) {
    let (give, take) = sync_channel_named("results", 1);
    let worker = start("worker", move || {
        (0..3).for_each(|number| give.send(number).unwrap())
    });
    if mended {
        assert!(take.iter().eq(0..3));
    }
    worker.join().unwrap();
    drop(take);
}

/// After a public report (softprops/waitout #2): a count that comes to zero wakes one of those that wait for it.
fn notify_one(mended: bool) {
    static COUNT: Mutex<u32> = Mutex::named("count", 1);
    static ZERO: Condvar = Condvar::named("zero");
    let both = ["first", "second"].map(|name| {
        start(name, || {
            let mut count = COUNT.lock().unwrap();
            while *count > 0 {
                count = ZERO.wait(count).unwrap();
            }
        })
    });
    for name in ["first", "second"] {
        until_waits_for(name, WaitReason::Notification);
    }
    *COUNT.lock().unwrap() = 0;
    match mended {
        true => ZERO.notify_all(),
        false => ZERO.notify_one(),
    }
    for thread in both {
        thread.join().unwrap();
    }
}

fn permit_through_join(mended: bool) {
    static TOKENS: Semaphore = Semaphore::named("tokens", 1);
    let first = TOKENS.acquire();
    let first = (!mended).then_some(first);
    let child = start("child", || drop(TOKENS.acquire()));
    child.join().unwrap();
    drop(first);
}

fn task_waits(mended: bool) {
    let items = Arc::new(Queue::named("items"));
    items.put(1).unwrap();
    let there = Arc::clone(&items);
    let worker = start("worker", move || {
        assert_eq!(there.get(), Ok(1));
        if mended {
            there.task_done().unwrap();
            there.join();
        } else {
            there.join();
            there.task_done().unwrap();
        }
    });
    worker.join().unwrap();
}

fn fill_each_other(mended: bool) {
    let (to_first, first) = sync_channel_named("first", 1);
    let (to_second, second) = sync_channel_named("second", 1);
    let peer = start("peer", move || {
        for number in 0..3 {
            if mended {
                // What is there, before it sends.
                assert_eq!(second.recv(), Ok(number));
            }
            to_first.send(number).unwrap();
        }
        drop(second);
    });
    for number in 0..3 {
        to_second.send(number).unwrap();
    }
    assert!(first.iter().eq(0..3));
    peer.join().unwrap();
}

fn ring_of_channels(mended: bool) {
    let (to_parse, parse) = sync_channel_named("parse", 1);
    let (to_plan, plan) = sync_channel_named("plan", 1);
    let (to_run, run) = sync_channel_named("run", 1);
    let stage = |name, sends: SyncSender<u32>, receives: Receiver<u32>| {
        start(name, move || {
            for number in 0..3 {
                if mended {
                    // What is there, before it sends.
                    receives.recv().unwrap();
                }
                // No receiver is left for what the last thread of the ring sends last.
                let _ = sends.send(number);
            }
        })
    };
    to_parse.send(0).unwrap();
    let stages = [
        stage("parses", to_plan, parse),
        stage("plans", to_run, plan),
        stage("runs", to_parse, run),
    ];
    for stage in stages {
        stage.join().unwrap();
    }
}

/// The thread runs what it receives, and the first of that waits for an answer by the second.
fn answer_in_own_channel(mended: bool) {
    type Work = Box<dyn FnOnce() + Send>;
    let (give, take) = lockwarden::sync::mpsc::channel_named::<Work>("work");
    let (answer, answered) = lockwarden::sync::mpsc::channel_named("answers");
    let again = give.clone();
    give.send(Box::new(move || {
        let answers = move || answer.send(1).unwrap();
        match mended {
            // No message of its own.
            true => answers(),
            false => again.send(Box::new(answers)).unwrap(),
        }
        assert_eq!(answered.recv(), Ok(1));
    }))
    .unwrap();
    drop(give);
    let worker = start("works", move || take.iter().for_each(|work| work()));
    worker.join().unwrap();
}

fn barrier_under_mutex(mended: bool) {
    static TOTAL: Mutex<u32> = Mutex::named("total", 0);
    let barrier = Arc::new(Barrier::named("round", 2));
    let rank = |name| {
        let barrier = Arc::clone(&barrier);
        start(name, move || {
            let mut total = TOTAL.lock().unwrap();
            *total += 1;
            let kept = (!mended).then_some(total);
            barrier.wait();
            drop(kept);
        })
    };
    let ranks = [rank("rank 0"), rank("rank 1")];
    for rank in ranks {
        rank.join().unwrap();
    }
}

fn send_to_itself(mended: bool) {
    let (give, take) = sync_channel_named("own", 1);
    let again = (!mended).then(|| give.clone());
    let worker = start("worker", move || {
        let mut kept = Vec::new();
        for number in take {
            match &again {
                Some(again) => (0..3).for_each(|_| again.send(number).unwrap()),
                None => kept.push(number),
            }
        }
        assert_eq!(kept, [0, 1, 2]);
    });
    (0..3).for_each(|number| give.send(number).unwrap());
    drop(give);
    worker.join().unwrap();
}

fn empty_queue(mended: bool) {
    let items = Arc::new(Queue::named("items"));
    let there = Arc::clone(&items);
    let fails = thread::spawn(move || {
        if mended {
            there.put(1).unwrap();
            there.shutdown(Shutdown::Graceful);
        }
    });
    fails.join().unwrap();
    while items.get().is_ok() {}
}

fn task_not_done(mended: bool) {
    let items = Arc::new(Queue::named("items"));
    items.put(1).unwrap();
    let there = Arc::clone(&items);
    let worker = thread::spawn(move || {
        assert_eq!(there.get(), Ok(1));
        if mended {
            there.task_done().unwrap();
        }
    });
    worker.join().unwrap();
    items.join();
}

fn pool_shut_down(mended: bool) {
    let pool = Builder::new().threads(1).name("worker").build().unwrap();
    let (send, receive) = lockwarden::sync::mpsc::channel_named("orders");
    if mended {
        send.send(1).unwrap();
    }
    let job = pool.submit(move || receive.recv());
    pool.shutdown();
    assert_eq!(job.result().unwrap(), Ok(1));
    drop(send);
}

fn result_of_a_wait(mended: bool) {
    let pool = Builder::new().threads(1).name("worker").build().unwrap();
    let (send, receive) = lockwarden::sync::mpsc::channel_named("orders");
    if mended {
        send.send(1).unwrap();
    }
    let job = pool.submit(move || receive.recv());
    assert_eq!(job.result().unwrap(), Ok(1));
    drop(send);
}

fn join_and_result(mended: bool) {
    let pool = Builder::new().threads(1).name("worker").build().unwrap();
    let (give, take) = std::sync::mpsc::channel::<thread::JoinHandle<()>>();
    let job = pool.submit(move || {
        let waits = take.recv().unwrap();
        // Without the first of the two waits.
        if !mended {
            waits.join().unwrap();
        }
    });
    give.send(start("waits", move || job.result().unwrap()))
        .unwrap();
    until(|| std::fs::read_dir("/proc/self/task").unwrap().count() == 2);
    std::process::exit(if mended { 0 } else { 101 });
}

fn two_pools(mended: bool) {
    let pools = ["one", "other"].map(|name| Builder::new().threads(1).name(name).build().unwrap());
    let (give, take) = std::sync::mpsc::channel::<JobHandle<u32>>();
    let one = pools[0].submit(move || match mended {
        true => 1,
        false => take.recv().unwrap().result().unwrap(),
    });
    let other = pools[1].submit(move || one.result().unwrap());
    let _ = give.send(other);
    pools.iter().for_each(|pool| pool.shutdown());
    if !mended {
        std::process::exit(101);
    }
}

fn result_of_left(mended: bool) {
    static LEFT: Mutex<u32> = Mutex::named("left", 1);
    // Of the two findings, the later one.
    let config = Config::new().on(Verdict::Abandoned, Action::Ignore);
    config.install().unwrap();
    let leaves = thread::spawn(move || {
        let guard = LEFT.lock().unwrap();
        match mended {
            true => drop(guard),
            false => std::mem::forget(guard),
        }
    });
    leaves.join().unwrap();
    // Not dropped: the panic that ends the wait of `main` does not end that of the worker.
    static POOL: std::sync::OnceLock<ThreadPool> = std::sync::OnceLock::new();
    let pool = POOL.get_or_init(|| Builder::new().threads(1).name("worker").build().unwrap());
    let job = pool.submit(|| *LEFT.lock().unwrap());
    assert_eq!(job.result().unwrap(), 1);
}

fn own_result(mended: bool) {
    let pool = Builder::new().threads(1).name("worker").build().unwrap();
    let (give, take) = std::sync::mpsc::channel::<JobHandle<()>>();
    let job = pool.submit(move || {
        if let Ok(own) = take.recv() {
            own.result().unwrap();
        }
    });
    if mended {
        drop(give);
        job.result().unwrap();
        return;
    }
    give.send(job).unwrap();
    pool.shutdown();
    std::process::exit(101);
}

fn job_panics(mended: bool) {
    static DONE: Event = Event::named("done");
    struct Sets;
    impl Drop for Sets {
        fn drop(&mut self) {
            DONE.set();
        }
    }
    let pool = Builder::new().threads(1).name("worker").build().unwrap();
    let job = pool.submit(move || {
        let _sets = mended.then(|| Sets);
        assert!(DONE.is_set(), "on its way");
        DONE.set();
    });
    until(|| job.is_finished());
    until_waits_for("worker-0", WaitReason::Job);
    DONE.wait();
}

fn cell(mended: bool) {
    static SETTINGS: OnceLock<u32> = OnceLock::named("settings");
    let fails = thread::spawn(move || {
        if mended {
            SETTINGS.set(7).unwrap();
        }
    });
    fails.join().unwrap();
    assert_eq!(SETTINGS.wait(), &7);
}

fn join_itself(mended: bool) {
    let (give, take) = std::sync::mpsc::channel::<thread::JoinHandle<()>>();
    let handle = start("self", move || {
        if let Ok(own) = take.recv() {
            own.join().unwrap();
        }
    });
    if mended {
        drop(give);
        handle.join().unwrap();
        return;
    }
    give.send(handle).unwrap();
    // Its panic ends it, and nothing else does.
    let tasks = || std::fs::read_dir("/proc/self/task").unwrap().count();
    until(|| tasks() == 1);
    std::process::exit(101);
}

fn join_each_other(mended: bool) {
    let (give, take) = std::sync::mpsc::channel::<thread::JoinHandle<()>>();
    let (give_back, take_back) = std::sync::mpsc::channel::<thread::JoinHandle<()>>();
    let first = start("first", move || take.recv().unwrap().join().unwrap());
    let second = start("second", move || {
        let first = take_back.recv().unwrap();
        // One of the two joins is taken away.
        if !mended {
            first.join().unwrap();
        }
    });
    give.send(second).unwrap();
    give_back.send(first).unwrap();
    let tasks = || std::fs::read_dir("/proc/self/task").unwrap().count();
    until(|| tasks() == 1);
    if !mended {
        std::process::exit(101);
    }
}
