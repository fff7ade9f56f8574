//! What a report says to change, in programs of the shape of public bug reports, each beside the program that
//! follows it to the letter.

use std::sync::atomic::{AtomicU32, Ordering};

use lockwarden::report::WaitReason;
use lockwarden::sync::mpsc::{self, channel_named};
use lockwarden::sync::{Condvar, Mutex};

use crate::advice::advice;
use crate::expect::{Case, Expected};
use crate::steps::{start, until, until_waits_for};

advice! {
    "an actor that asks the one whose request it serves (xtra #13)", ask_in_a_round, "Deadlock",
        // Which of the two comes first is a matter of who was seen first.
        ["thread `main` (#1), thread `", ") and thread `", "each receive before they send: let one of \
          them send before it receives at tests/stuck/advice_field.rs:",
         "or, if what leads to one of the messages waits in a channel or a queue that one of them serves, let another \
          thread serve that"];
    "a thread that has the only connection and asks for one more (kms #1027)", asks_again, "Deadlock",
        ["or, if thread `main` (#1) itself has what it waits for, give it back before the wait"];
    "a worker that misses the only notification (gungraun #628)", misses_the_notification, "Deadlock",
        ["check the condition in a loop before the wait at", "the same goes for the wait at", " and `work`"];
}

/// A request, and where its reply goes.
struct Request(mpsc::Sender<u32>);

fn ask(to: &mpsc::Sender<Request>) -> u32 {
    let (reply, replied) = channel_named("replies");
    to.send(Request(reply)).unwrap();
    replied.recv().unwrap()
}

fn ask_in_a_round(mended: bool) {
    let (to_first, first) = channel_named("first");
    let (to_second, second) = channel_named("second");
    let (to_third, third) = channel_named("third");
    let back = match mended {
        true => to_third,
        false => to_first.clone(),
    };
    let serve = |name, requests: mpsc::Receiver<Request>, next: mpsc::Sender<Request>| {
        start(name, move || {
            for Request(reply) in requests {
                reply.send(ask(&next) + 1).unwrap();
            }
        })
    };
    let first = serve("first", first, to_second);
    let second = serve("second", second, back);
    // Another thread serves that.
    let serve_third = move || {
        third
            .into_iter()
            .for_each(|Request(reply)| reply.send(0).unwrap())
    };
    let third = mended.then(|| start("third", serve_third));
    assert_eq!(ask(&to_first), 2);
    drop(to_first);
    for thread in [Some(first), Some(second), third].into_iter().flatten() {
        thread.join().unwrap();
    }
}

/// Connections that are given back.
static FREE: Mutex<u32> = Mutex::named("free", 1);
static BACK: Condvar = Condvar::named("back");

struct Connection;

impl Connection {
    fn get() -> Self {
        let mut free = FREE.lock().unwrap();
        while *free == 0 {
            free = BACK.wait(free).unwrap();
        }
        *free -= 1;
        Self
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        *FREE.lock().unwrap_or_else(|e| e.into_inner()) += 1;
        BACK.notify_one();
    }
}

fn asks_again(mended: bool) {
    let first = Connection::get();
    let kept = (!mended).then_some(first);
    let second = Connection::get();
    drop((kept, second));
}

/// A flag that tells of work, without the mutex of the wait for it.
static QUEUED: AtomicU32 = AtomicU32::new(0);
static SLEEP: Mutex<()> = Mutex::named("sleep", ());
static WORK: Condvar = Condvar::named("work");
static DONE: Mutex<bool> = Mutex::named("done", false);
static FINISHED: Condvar = Condvar::named("finished");

fn misses_the_notification(mended: bool) {
    static LOOKED: AtomicU32 = AtomicU32::new(0);
    let worker = start("worker", move || {
        let has_looked = QUEUED.load(Ordering::SeqCst) == 0;
        assert!(has_looked);
        LOOKED.store(1, Ordering::SeqCst);
        until(|| LOOKED.load(Ordering::SeqCst) == 2);
        let mut sleep = SLEEP.lock().unwrap();
        while !mended || QUEUED.load(Ordering::SeqCst) == 0 {
            sleep = WORK.wait(sleep).unwrap();
        }
        drop(sleep);
        *DONE.lock().unwrap() = true;
        FINISHED.notify_one();
    });
    until(|| LOOKED.load(Ordering::SeqCst) == 1);
    let sleep = SLEEP.lock().unwrap();
    QUEUED.store(1, Ordering::SeqCst);
    drop(sleep);
    WORK.notify_one();
    LOOKED.store(2, Ordering::SeqCst);
    if !mended {
        until_waits_for("worker", WaitReason::Notification);
    }
    let mut done = DONE.lock().unwrap();
    while !*done {
        done = FINISHED.wait(done).unwrap();
    }
    drop(done);
    worker.join().unwrap();
}
