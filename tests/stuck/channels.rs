//! Threads that wait at std's channels.

use std::sync::Arc;
use std::sync::Barrier;
use std::time::Duration;

use lockwarden::sync::Mutex;
use lockwarden::sync::mpsc::{self, Receiver, channel_named, sync_channel_named};
use lockwarden::thread;

use crate::expect::{Case, Expected};
use crate::steps::until_asleep;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a receiver holds its own sender and iterates",
        run: iterate_over_own,
        expected: Expected::Finding(
            "Deadlock",
            &["a message of `own`", "no thread can end that"],
        ),
    },
    Case {
        name: "a thread fills its own bounded channel",
        run: fill_own,
        expected: Expected::Finding("Deadlock", &["room in `own`", "no thread can end that"]),
    },
    Case {
        name: "a thread sends to itself, hand to hand",
        run: send_to_itself,
        expected: Expected::Finding("Deadlock", &["`own`", "no thread can end that"]),
    },
    Case {
        name: "a bounded send under a mutex that the receiver needs, the send first",
        run: || send_under_mutex(1, true),
        expected: Expected::Finding("Deadlock", &["room in `jobs`", "`state`"]),
    },
    Case {
        name: "a bounded send under a mutex that the receiver needs, the lock first",
        run: || send_under_mutex(1, false),
        expected: Expected::Finding("Deadlock", &["room in `jobs`", "`state`"]),
    },
    Case {
        name: "a hand-over under a mutex that the receiver needs, the send first",
        run: || send_under_mutex(0, true),
        expected: Expected::Finding("Deadlock", &["`jobs`", "`state`"]),
    },
    Case {
        name: "a hand-over under a mutex that the receiver needs, the lock first",
        run: || send_under_mutex(0, false),
        expected: Expected::Finding("Deadlock", &["`jobs`", "`state`"]),
    },
    Case {
        name: "two threads each receive first, this one first",
        run: || both_receive(true),
        expected: Expected::Finding(
            "Deadlock",
            &["a message of `to main`", "a message of `to other`"],
        ),
    },
    Case {
        name: "two threads each receive first, the other one first",
        run: || both_receive(false),
        expected: Expected::Finding(
            "Deadlock",
            &["a message of `to main`", "a message of `to other`"],
        ),
    },
    Case {
        name: "a sender of another thread is dropped by its end",
        run: dropped_in_time,
        expected: Expected::Nothing,
    },
    Case {
        name: "a thread that no thread knows sends",
        run: stranger_sends,
        expected: Expected::Nothing,
    },
    Case {
        name: "a receiver has a limit, and no thread can end that",
        run: limited,
        expected: Expected::Nothing,
    },
    Case {
        name: "messages go to and fro, many times",
        run: to_and_fro,
        expected: Expected::Nothing,
    },
    Case {
        name: "many senders wait for one receiver",
        run: many_to_one,
        expected: Expected::Nothing,
    },
];

fn iterate_over_own() {
    let (sender, receiver) = channel_named("own");
    sender.send(1).unwrap();
    assert_eq!(receiver.iter().sum::<i32>(), 1);
    drop(sender);
}

fn fill_own() {
    let (sender, _receiver) = sync_channel_named("own", 2);
    for n in 0..3 {
        sender.send(n).unwrap();
    }
}

fn send_to_itself() {
    let (sender, _receiver) = sync_channel_named("own", 0);
    sender.send(1).unwrap();
}

fn send_under_mutex(bound: usize, send_first: bool) {
    static STATE: Mutex<u32> = Mutex::named("state", 0);
    let (sender, receiver) = sync_channel_named("jobs", bound);
    for _ in 0..bound {
        sender.send(0).unwrap();
    }
    let held = Arc::new(Barrier::new(2));
    let holds = Arc::clone(&held);
    let sending = thread::Builder::new()
        .name("sends".to_owned())
        .spawn(move || {
            let mut state = STATE.lock().unwrap();
            holds.wait();
            if !send_first {
                until_asleep("receives");
            }
            *state += 1;
            sender.send(*state).unwrap();
        })
        .unwrap();
    let receiving = thread::Builder::new()
        .name("receives".to_owned())
        .spawn(move || {
            held.wait();
            if send_first {
                until_asleep("sends");
            }
            let _state = STATE.lock().unwrap();
            receiver.recv().unwrap()
        })
        .unwrap();
    let (sent, received) = (sending.join(), receiving.join());
    sent.unwrap();
    received.unwrap();
}

fn both_receive(first: bool) {
    let (to_main, from_other) = channel_named("to main");
    let (to_other, from_main) = channel_named("to other");
    let other = thread::Builder::new()
        .name("other".to_owned())
        .spawn(move || {
            if first {
                until_asleep("main");
            }
            let n: u32 = from_main.recv().unwrap();
            to_main.send(n).unwrap();
        })
        .unwrap();
    if !first {
        until_asleep("other");
    }
    let n: u32 = from_other.recv().unwrap();
    to_other.send(n).unwrap();
    other.join().unwrap();
}

fn dropped_in_time() {
    let (sender, receiver) = channel_named::<()>("results");
    let other = thread::spawn(move || {
        until_asleep("main");
        drop(sender);
    });
    assert_eq!(receiver.iter().count(), 0);
    other.join().unwrap();
}

fn stranger_sends() {
    let (sender, receiver) = sync_channel_named("results", 0);
    let stranger = std::thread::spawn(move || {
        until_asleep("main");
        // `lockwarden` gets to know of it only here.
        sender.send(1).unwrap();
    });
    assert_eq!(receiver.recv(), Ok(1));
    stranger.join().unwrap();
}

fn limited() {
    let (_sender, receiver) = channel_named::<()>("nothing");
    let none = receiver.recv_timeout(Duration::from_millis(20));
    assert_eq!(none, Err(mpsc::RecvTimeoutError::Timeout));
}

fn to_and_fro() {
    const TURNS: u32 = 5_000;
    for bound in [0, 1] {
        let (to_other, from_main) = mpsc::sync_channel(bound);
        let (to_main, from_other) = mpsc::sync_channel(bound);
        let other = thread::spawn(move || {
            for n in &from_main {
                to_main.send(n).unwrap();
            }
        });
        for n in 0..TURNS {
            to_other.send(n).unwrap();
            assert_eq!(from_other.recv(), Ok(n));
        }
        drop(to_other);
        other.join().unwrap();
    }
}

fn many_to_one() {
    for bound in [0, 2] {
        let (sender, receiver): (_, Receiver<u32>) = mpsc::sync_channel(bound);
        let senders: Vec<_> = (0..8)
            .map(|_| {
                let sender = sender.clone();
                thread::spawn(move || (0..500).for_each(|n| sender.send(n).unwrap()))
            })
            .collect();
        drop(sender);
        assert_eq!(receiver.iter().count(), 4_000);
        for sender in senders {
            sender.join().unwrap();
        }
    }
}
