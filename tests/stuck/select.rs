//! Threads that wait at crossbeam's channels, and for one of several operations.

use std::time::Duration;

use lockwarden::channel::{
    after, bounded, bounded_named, never, select, tick, unbounded, unbounded_named,
};
use lockwarden::sync::Mutex;
use lockwarden::thread;

use crate::expect::{Case, Expected};
use crate::steps::{start, until_asleep};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "crossbeam: a receiver holds its own sender and iterates",
        run: iterate_over_own,
        expected: Expected::Finding(
            "Deadlock",
            &["a message of `own`", "no thread can end that"],
        ),
    },
    Case {
        name: "crossbeam: a message of no thread",
        run: || _ = never::<()>().recv(),
        expected: Expected::Finding("Deadlock", &["a message of", "no thread can end that"]),
    },
    Case {
        name: "crossbeam: a bounded send under a mutex that the receiver needs, the send first",
        run: || send_under_mutex(1, true),
        expected: Expected::Finding("Deadlock", &["room in `jobs`", "`state`"]),
    },
    Case {
        name: "crossbeam: a bounded send under a mutex that the receiver needs, the lock first",
        run: || send_under_mutex(1, false),
        expected: Expected::Finding("Deadlock", &["room in `jobs`", "`state`"]),
    },
    Case {
        name: "crossbeam: a hand-over under a mutex that the receiver needs, the send first",
        run: || send_under_mutex(0, true),
        expected: Expected::Finding("Deadlock", &["`jobs`", "`state`"]),
    },
    Case {
        name: "crossbeam: a hand-over under a mutex that the receiver needs, the lock first",
        run: || send_under_mutex(0, false),
        expected: Expected::Finding("Deadlock", &["`jobs`", "`state`"]),
    },
    Case {
        name: "crossbeam: two threads each receive first, this one first",
        run: || both_receive(true),
        expected: Expected::Finding(
            "Deadlock",
            &["a message of `to main`", "a message of `to other`"],
        ),
    },
    Case {
        name: "crossbeam: two threads each receive first, the other one first",
        run: || both_receive(false),
        expected: Expected::Finding(
            "Deadlock",
            &["a message of `to main`", "a message of `to other`"],
        ),
    },
    Case {
        name: "a selection to which no thread can send",
        run: select_own,
        expected: Expected::Finding(
            "Deadlock",
            &["one of the branches", "no thread can end that"],
        ),
    },
    Case {
        name: "advice: a selection of which no branch comes",
        run: || select_or_time(false),
        expected: Expected::Saying(
            "Deadlock",
            &["one of the branches"],
            &[
                "give the select at tests/stuck/select.rs:",
                "a branch that is sure to come, or a timeout",
            ],
            &[],
        ),
    },
    Case {
        name: "advice followed: a selection of which no branch comes",
        run: || select_or_time(true),
        expected: Expected::Nothing,
    },
    Case {
        name: "a selection that would have to hand over to itself",
        run: select_both_sides,
        expected: Expected::Finding(
            "Deadlock",
            &["one of the branches", "no thread can end that"],
        ),
    },
    Case {
        name: "two selections that both receive, this one first",
        run: || both_select(true),
        expected: Expected::Finding("Deadlock", &["one of the branches"]),
    },
    Case {
        name: "two selections that both receive, the other one first",
        run: || both_select(false),
        expected: Expected::Finding("Deadlock", &["one of the branches"]),
    },
    Case {
        name: "a selection with a clock, and no thread can end that",
        run: clocks,
        expected: Expected::Nothing,
    },
    Case {
        name: "two selections hand over to each other, many times",
        run: selections_meet,
        expected: Expected::Nothing,
    },
    Case {
        name: "a selection is served by a thread that then waits for it",
        run: served_and_waited_for,
        expected: Expected::Nothing,
    },
];

fn iterate_over_own() {
    let (sender, receiver) = unbounded_named("own");
    sender.send(1).unwrap();
    assert_eq!(receiver.iter().sum::<i32>(), 1);
    drop(sender);
}

fn send_under_mutex(capacity: usize, send_first: bool) {
    static STATE: Mutex<u32> = Mutex::named("state", 0);
    let (sender, receiver) = bounded_named("jobs", capacity);
    for _ in 0..capacity {
        sender.send(0).unwrap();
    }
    let (holds, held) = std::sync::mpsc::channel();
    let sending = thread::Builder::new()
        .name("sends".to_owned())
        .spawn(move || {
            let mut state = STATE.lock().unwrap();
            holds.send(()).unwrap();
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
            held.recv().unwrap();
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
    let (to_main, from_other) = unbounded_named("to main");
    let (to_other, from_main) = unbounded_named("to other");
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

fn select_own() {
    let (_sender, receiver) = unbounded::<u32>();
    let (full, _kept) = bounded(1);
    full.send(1).unwrap();
    select! {
        recv(receiver) -> _ => {}
        send(full, 2) -> sent => sent.unwrap(),
    }
}

fn select_or_time(mended: bool) {
    let (_sender, receiver) = unbounded::<u32>();
    let (_other_sender, other) = unbounded::<u32>();
    let soon = Duration::from_millis(1);
    if mended {
        // Each of the two ways.
        select! {
            recv(receiver) -> _ => unreachable!(),
            recv(other) -> _ => unreachable!(),
            recv(after(soon)) -> _ => {}
        }
        select! {
            recv(receiver) -> _ => unreachable!(),
            recv(other) -> _ => unreachable!(),
            default(soon) => {}
        }
        return;
    }
    select! {
        recv(receiver) -> _ => {}
        recv(other) -> _ => {}
    }
}

fn select_both_sides() {
    let (sender, receiver) = bounded(0);
    select! {
        recv(receiver) -> _ => {}
        send(sender, 2) -> sent => sent.unwrap(),
    }
}

fn both_select(first: bool) {
    let (to_main, from_other) = bounded::<u32>(0);
    let (to_other, from_main) = bounded::<u32>(0);
    let nothing = never::<u32>();
    let other = thread::Builder::new()
        .name("other".to_owned())
        .spawn(move || {
            if first {
                until_asleep("main");
            }
            let nothing = never::<u32>();
            select! {
                recv(from_main) -> n => to_main.send(n.unwrap()).unwrap(),
                recv(nothing) -> _ => {}
            }
        })
        .unwrap();
    if !first {
        until_asleep("other");
    }
    select! {
        recv(from_other) -> n => to_other.send(n.unwrap()).unwrap(),
        recv(nothing) -> _ => {}
    }
    other.join().unwrap();
}

fn clocks() {
    let nothing = never::<u32>();
    let short = Duration::from_millis(20);
    after(short).recv().unwrap();
    tick(short).recv().unwrap();
    select! {
        recv(nothing) -> _ => unreachable!(),
        recv(after(short)) -> _ => {}
    }
    select! {
        recv(nothing) -> _ => unreachable!(),
        recv(tick(short)) -> _ => {}
    }
    select! {
        recv(nothing) -> _ => unreachable!(),
        default(short) => {}
    }
    let (sender, _receiver) = bounded(0);
    sender.send_timeout(1, short).unwrap_err();
    nothing.recv_timeout(short).unwrap_err();
}

fn selections_meet() {
    const TURNS: u32 = 3_000;
    let (left, right) = (bounded::<u32>(0), bounded::<u32>(0));
    let play = |mine: bool| {
        let (left, right) = (left.clone(), right.clone());
        move || {
            for n in 0..TURNS {
                // Each sends on the one and receives on the other, whichever goes first, and then
                // does what is left.
                let (out, back) = if mine {
                    (&left.0, &right.1)
                } else {
                    (&right.0, &left.1)
                };
                select! {
                    send(out, n) -> sent => {
                        sent.unwrap();
                        assert_eq!(back.recv(), Ok(n));
                    }
                    recv(back) -> message => {
                        assert_eq!(message, Ok(n));
                        out.send(n).unwrap();
                    }
                }
            }
        }
    };
    let other = thread::spawn(play(true));
    play(false)();
    other.join().unwrap();
}

fn served_and_waited_for() {
    for asleep in [false, true].repeat(100) {
        let (requests, incoming) = unbounded();
        let (replies, answers) = unbounded();
        let (_kept, nothing) = unbounded::<()>();
        let other = start("selects", move || {
            select! {
                recv(incoming) -> n => replies.send(n.unwrap()).unwrap(),
                recv(nothing) -> _ => {}
            }
        });
        if asleep {
            until_asleep("selects");
        }
        requests.send(1).unwrap();
        assert_eq!(answers.recv(), Ok(1));
        other.join().unwrap();
    }
}
