//! Threads that wait in a row for things of several kinds: one report, which reads as one chain.

use lockwarden::sync::{LazyLock, Mutex, OnceLock, mpsc};
use lockwarden::thread;

use crate::expect::{Case, Expected};
use crate::steps::{Meeting, join, start, until, until_asleep};

static LEDGER: Mutex<u32> = Mutex::named("ledger", 0);

const SEND: Expected = Expected::Saying(
    "Deadlock",
    &[
        "thread `main` (#1) for the end of thread `writer`",
        ") for room in `entries`",
        ") for `ledger`",
    ],
    &[
        ") at tests/stuck/chains.rs:",
        "waits for room in `entries` at tests/stuck/chains.rs:",
        "waits for `ledger` (exclusive) at tests/stuck/chains.rs:",
        "which thread `main` (#1) keeps",
        "which any thread could end, but none can move",
    ],
    &[],
);

const INITIALISATION: Expected = Expected::Saying(
    "Deadlock",
    &[
        ") for the end of thread `forces`",
        ") for the initialisation of `rates`",
        ") for `ledger`",
    ],
    &[
        "which only thread `makes` (",
        ") could end",
        "which thread `joins` (",
        ") keeps",
    ],
    // One has, but no thread waits for what it could have done.
    &["has ended by a panic"],
);

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a mutex, a join and a bounded send, the join last",
        run: || mutex_join_send("main"),
        expected: SEND,
    },
    Case {
        name: "a mutex, a join and a bounded send, the send last",
        run: || mutex_join_send("writer"),
        expected: SEND,
    },
    Case {
        name: "a mutex, a join and a bounded send, the lock last",
        run: || mutex_join_send("auditor"),
        expected: SEND,
    },
    Case {
        name: "a mutex, a join and an initialisation, while another runs, the join last",
        run: || mutex_join_initialisation("joins"),
        expected: INITIALISATION,
    },
    Case {
        name: "a mutex, a join and an initialisation, while another runs, the force last",
        run: || mutex_join_initialisation("forces"),
        expected: INITIALISATION,
    },
    Case {
        name: "a mutex, a join and an initialisation, while another runs, the lock last",
        run: || mutex_join_initialisation("makes"),
        expected: INITIALISATION,
    },
];

/// Waits for the two others, if the calling thread is to be the last one.
fn until_last(me: &str, last: &str, others: [&str; 2]) {
    if me == last {
        others.into_iter().for_each(until_asleep);
    }
}

fn mutex_join_send(last: &'static str) {
    let (entries, receiver) = mpsc::sync_channel_named("entries", 1);
    entries.send(0).unwrap();
    let ledger = LEDGER.lock().unwrap();
    let writer = start("writer", move || {
        until_last("writer", last, ["main", "auditor"]);
        entries.send(1).unwrap();
    });
    let auditor = start("auditor", move || {
        until_last("auditor", last, ["main", "writer"]);
        let _ledger = LEDGER.lock().unwrap();
        receiver.iter().for_each(drop);
    });
    until_last("main", last, ["writer", "auditor"]);
    let written = writer.join();
    drop(ledger);
    auditor.join().unwrap();
    written.unwrap();
}

fn mutex_join_initialisation(last: &'static str) {
    static LAST: OnceLock<&str> = OnceLock::new();
    static BEGUN: Meeting = Meeting::new();
    static RATES: LazyLock<u32> = LazyLock::named("rates", || {
        BEGUN.come();
        until(|| LAST.get().is_some());
        until_last("makes", LAST.get().unwrap(), ["joins", "forces"]);
        *LEDGER.lock().unwrap()
    });
    let fails = start("fails", || panic!("on its way"));
    assert!(fails.join().is_err());
    let (give, take) = std::sync::mpsc::channel::<thread::JoinHandle<()>>();
    let (holds, held) = std::sync::mpsc::channel();
    let makes = start("makes", || _ = *RATES);
    let forces = start("forces", move || {
        held.recv().unwrap();
        until_last("forces", last, ["joins", "makes"]);
        _ = *RATES;
    });
    let joins = start("joins", move || {
        BEGUN.come();
        let _ledger = LEDGER.lock().unwrap();
        holds.send(()).unwrap();
        LAST.set(last).unwrap();
        let forces = take.recv().unwrap();
        until_last("joins", last, ["makes", "forces"]);
        forces.join().unwrap();
    });
    give.send(forces).unwrap();
    until(|| makes.is_finished() && joins.is_finished());
    join([makes, joins]);
}
