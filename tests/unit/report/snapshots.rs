//! Compares the texts of hand-made reports with those in `snapshots/`.
//!
//! `LOCKWARDEN_BLESS=1 cargo test` writes the texts that were changed on purpose.

use std::path::Path;
use std::time::Duration;

use super::activity::Activity;
use super::data::{Edge, Facts, Report};
use super::fixture;
use super::lock::LockInfo;
use super::stack::Stack;
use super::stall::{Holder, Stall, StallCause};
use super::thread::{FreedBy, HeldInfo, ThreadInfo, WaitInfo, WaitsFor};
use crate::engine::ids::{LockId, Site, ThreadId};
use crate::engine::mode::Mode::{self, Exclusive, Shared};
use crate::engine::verdict::Verdict;
use crate::engine::wait_reason::WaitReason;

const MAIN: u64 = 1;
const WRITER: u64 = 2;
const AUDITOR: u64 = 3;
const LEDGER: u64 = 11;
const AUDIT: u64 = 12;
const GATE: u64 = 13;

fn id(number: u64) -> LockId {
    LockId::new(number).expect("not zero")
}

fn lock(number: u64, noun: &'static str, name: &'static str, created: Site) -> LockInfo {
    LockInfo {
        name: (!name.is_empty()).then_some(name),
        ..LockInfo::new(id(number), noun, created)
    }
}

fn thread(number: u64, name: &str, held: &[(u64, Mode, Site)]) -> ThreadInfo {
    ThreadInfo {
        name: (!name.is_empty()).then(|| name.to_owned()),
        held: held
            .iter()
            .map(|&(lock, mode, site)| HeldInfo {
                lock: id(lock),
                mode,
                site,
            })
            .collect(),
        ..ThreadInfo::new(ThreadId::new(number))
    }
}

fn waits(mut thread: ThreadInfo, lock: u64, mode: Mode, site: Site) -> ThreadInfo {
    let what = WaitsFor::Lock {
        lock: id(lock),
        mode,
    };
    thread.waits = Some(WaitInfo {
        what,
        site,
        since: Some(Duration::from_millis(3)),
        by: None,
        again: None,
        counts: None,
    });
    thread
}

fn awaits(
    mut thread: ThreadInfo,
    resource: u64,
    awaited: WaitReason,
    by: FreedBy,
    site: Site,
) -> ThreadInfo {
    thread.waits = Some(WaitInfo {
        what: WaitsFor::Resource {
            resource: id(resource),
            awaited,
        },
        site,
        since: Some(Duration::from_millis(3)),
        by: Some(by),
        again: None,
        counts: None,
    });
    thread
}

fn edge(thread: u64, from: (u64, Mode, Site), to: (u64, Mode, Site)) -> Edge {
    Edge {
        from: id(from.0),
        from_mode: from.1,
        from_site: from.2,
        to: id(to.0),
        to_mode: to.1,
        to_site: to.2,
        thread: ThreadId::new(thread),
        from_again: None,
        to_again: None,
        gates: Vec::new(),
        stack: None,
    }
}

fn facts(verdict: Verdict) -> Facts {
    let (ledger, audit) = fixture::created();
    Facts {
        basis: super::Basis::Instances,
        locks: vec![
            lock(LEDGER, "Mutex", "ledger", ledger),
            lock(AUDIT, "Mutex", "audit", audit),
        ],
        ..Facts::of(verdict)
    }
}

/// The writer takes ledger before audit; the auditor has just done the opposite.
fn both_orders(verdict: Verdict) -> Facts {
    let (book, log) = fixture::post();
    let (log_first, book_second) = fixture::reconcile();
    Facts {
        threads: vec![
            thread(WRITER, "writer", &[]),
            thread(AUDITOR, "auditor", &[(AUDIT, Exclusive, log_first)]),
        ],
        edges: vec![
            edge(WRITER, (LEDGER, Exclusive, book), (AUDIT, Exclusive, log)),
            edge(
                AUDITOR,
                (AUDIT, Exclusive, log_first),
                (LEDGER, Exclusive, book_second),
            ),
        ],
        closing: Some(1),
        ..facts(verdict)
    }
}

#[track_caller]
fn check(name: &str, facts: Facts) {
    check_report(name, &Report::new(1, facts));
}

#[track_caller]
fn check_report(name: &str, report: &Report) {
    let text = report.to_string();
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("tests/unit/report/snapshots/{name}.txt"));
    if std::env::var_os("LOCKWARDEN_BLESS").is_some() {
        std::fs::write(&file, &text).expect("the snapshots can be written");
    }
    // A checkout may have put carriage returns into the file.
    let expected = std::fs::read_to_string(&file)
        .unwrap_or_default()
        .replace('\r', "");
    assert!(
        text == expected,
        "{name} is now\n{text}\nbut was\n{expected}"
    );
    let mark = format!("lockwarden: {}: ", report.verdict);
    assert!(text.starts_with(&mark), "{text}");
    assert!(text.is_ascii(), "{text}");
    assert!(!text.lines().any(|line| line.ends_with(' ')), "{text}");
}

#[test]
fn an_inversion_shows_both_orders() {
    let mut facts = both_orders(Verdict::Inversion);
    check("inversion", facts.clone());
    // `lockwarden::acquire` takes locks of threads.
    for lock in &mut facts.locks {
        lock.noun = "tokio Mutex";
    }
    let text = Report::new(1, facts).to_string();
    assert!(text.contains("help: swap lines"), "{text}");
    assert!(!text.contains("acquire"), "{text}");
}

#[test]
fn an_inversion_of_two_accounts_names_both() {
    let both = fixture::transfer();
    let mut facts = both_orders(Verdict::Inversion);
    for (lock, label) in facts.locks.iter_mut().zip(["account 17", "account 4"]) {
        lock.name = Some("account");
        lock.label = Some(label.to_owned());
    }
    for edge in &mut facts.edges {
        (edge.from_site, edge.to_site) = (both, both);
    }
    check("inversion_one_line", facts);
}

#[test]
fn stacks_stand_at_the_end_and_none_twice() {
    let mut facts = both_orders(Verdict::Inversion);
    let found = Stack::of(&["bank::reconcile", "bank::auditor"]);
    facts.stack = Some(found.clone());
    facts.edges[0].stack = Some(Stack::of(&["bank::post", "bank::writer", "bank::main"]));
    facts.edges[1].stack = Some(found);
    check("inversion_stacks", facts);
}

#[test]
fn an_inversion_across_functions_does_not_speak_of_swapping_lines() {
    let mut facts = both_orders(Verdict::Inversion);
    // The auditor takes the ledger in a function that stands above the one that took the audit.
    facts.edges[1].to_site = fixture::post().0;
    check("inversion_functions", facts);
}

#[test]
fn an_inversion_with_a_lock_of_a_dependency_says_whose_code_each_order_is() {
    let mut facts = both_orders(Verdict::Inversion);
    let shard = fixture::shard();
    facts.edges[0].from_site = shard;
    facts.edges[1].to_site = shard;
    facts.edges[1].stack = Some(Stack::of(&["bank::reconcile", "bank::auditor"]));
    facts.locks[0].created = shard;
    facts.locks[0].name = None;
    check("inversion_dependency", facts);
}

#[test]
fn an_inversion_of_three_locks_shows_the_whole_ring() {
    let (book, log) = fixture::post();
    let (log_first, book_second) = fixture::reconcile();
    let mut facts = both_orders(Verdict::Inversion);
    facts
        .locks
        .push(lock(GATE, "Mutex", "statistics", fixture::created().0));
    facts.threads.push(thread(MAIN, "main", &[]));
    facts.edges = vec![
        edge(WRITER, (LEDGER, Exclusive, book), (AUDIT, Exclusive, log)),
        edge(
            MAIN,
            (AUDIT, Exclusive, log_first),
            (GATE, Exclusive, book_second),
        ),
        edge(AUDITOR, (GATE, Exclusive, book), (LEDGER, Exclusive, log)),
    ];
    facts.closing = Some(2);
    check("inversion_ring", facts);
}

#[test]
fn a_function_that_calls_itself_under_its_guard_gets_advice() {
    let place = fixture::transfer();
    let mut facts = facts(Verdict::SelfDeadlock);
    facts.locks.truncate(1);
    facts.threads = vec![thread(MAIN, "main", &[(LEDGER, Exclusive, place)])];
    facts.edges = vec![edge(
        MAIN,
        (LEDGER, Exclusive, place),
        (LEDGER, Exclusive, place),
    )];
    check("self_deadlock_same_line", facts);
}

#[test]
fn an_inversion_of_readers_brings_in_the_writer() {
    let mut facts = both_orders(Verdict::Inversion);
    facts.locks[0].noun = "RwLock";
    facts.edges[0].from_mode = Shared;
    facts.edges[1].to_mode = Shared;
    check("inversion_readers", facts);
}

#[test]
fn locks_without_names_are_distinguished_by_their_ids() {
    let mut facts = both_orders(Verdict::Inversion);
    let created = facts.locks[0].created;
    for lock in &mut facts.locks {
        (lock.name, lock.created) = (None, created);
    }
    for thread in &mut facts.threads {
        thread.name = None;
    }
    check("inversion_unnamed", facts);
}

#[test]
fn a_deadlock_shows_who_waits_for_whom() {
    let mut facts = both_orders(Verdict::Deadlock);
    let (book, log) = fixture::post();
    let (log_first, book_second) = fixture::reconcile();
    facts.threads = vec![
        waits(
            thread(WRITER, "writer", &[(LEDGER, Exclusive, book)]),
            AUDIT,
            Exclusive,
            log,
        ),
        waits(
            thread(AUDITOR, "auditor", &[(AUDIT, Exclusive, log_first)]),
            LEDGER,
            Exclusive,
            book_second,
        ),
    ];
    check("deadlock", facts);
}

#[test]
fn a_large_ring_is_a_table() {
    let site = fixture::transfer();
    let mut facts = facts(Verdict::Deadlock);
    facts.locks = (1..=6).map(|n| lock(n, "Mutex", "fork", site)).collect();
    facts.threads = (1..=6)
        .map(|n| {
            let philosopher = thread(n, "philosopher", &[(n, Exclusive, site)]);
            waits(philosopher, n % 6 + 1, Exclusive, site)
        })
        .collect();
    facts.edges = (1..=6)
        .map(|n| edge(n, (n, Exclusive, site), (n % 6 + 1, Exclusive, site)))
        .collect();
    facts.closing = Some(3);
    check("deadlock_ring", facts);
}

#[test]
fn a_self_deadlock_shows_both_calls() {
    let (first, second) = fixture::balance();
    let mut facts = facts(Verdict::SelfDeadlock);
    facts.locks.truncate(1);
    facts.locks[0].noun = "RwLock";
    facts.threads = vec![thread(MAIN, "main", &[(LEDGER, Shared, first)])];
    facts.edges = vec![edge(
        MAIN,
        (LEDGER, Shared, first),
        (LEDGER, Exclusive, second),
    )];
    facts.closing = Some(0);
    check("self_deadlock", facts);
}

/// The call may be that of a handler of `atexit`, in a thread that ends the process and has not returned.
#[test]
fn a_self_deadlock_of_a_thread_that_ends_does_not_claim_that_it_has_returned() {
    let (first, second) = fixture::balance();
    let mut facts = facts(Verdict::SelfDeadlock);
    facts.locks.truncate(1);
    let mut ends = thread(WRITER, "writer", &[(LEDGER, Exclusive, first)]);
    ends.ending = true;
    facts.threads = vec![ends];
    facts.edges = vec![edge(
        WRITER,
        (LEDGER, Exclusive, first),
        (LEDGER, Exclusive, second),
    )];
    facts.closing = Some(0);
    check("self_deadlock_ending", facts);
}

#[test]
fn a_recursive_read_says_that_a_writer_blocks_it() {
    let (first, second) = fixture::balance();
    let mut facts = facts(Verdict::RecursiveRead);
    facts.locks.truncate(1);
    facts.locks[0].noun = "RwLock";
    facts.threads = vec![thread(MAIN, "main", &[(LEDGER, Shared, first)])];
    facts.edges = vec![edge(
        MAIN,
        (LEDGER, Shared, first),
        (LEDGER, Shared, second),
    )];
    check("recursive_read", facts.clone());
    // There is no `RecursiveRwLock` for tasks.
    facts.locks[0].noun = "tokio RwLock";
    let text = Report::new(1, facts).to_string();
    assert!(text.contains("or drop it first\n"), "{text}");
}

#[test]
fn a_guarded_cycle_names_its_gate() {
    let mut facts = both_orders(Verdict::Guarded);
    facts
        .locks
        .push(lock(GATE, "Mutex", "gate", fixture::created().0));
    facts.guards = vec![id(GATE)];
    for edge in &mut facts.edges {
        edge.gates = vec![id(GATE)];
    }
    check("guarded", facts);
}

#[test]
fn a_cycle_of_one_thread_says_so() {
    let mut facts = both_orders(Verdict::SingleThread);
    facts.edges[0].thread = ThreadId::new(AUDITOR);
    facts.threads.remove(0);
    check("single_thread", facts);
}

#[test]
fn a_cycle_of_readers_names_the_missing_writer() {
    for (verdict, name) in [
        (Verdict::Guarded, "guarded_writer"),
        (Verdict::SingleThread, "no_third_writer"),
        (Verdict::Ordered, "ordered_writer"),
    ] {
        let mut facts = both_orders(verdict);
        facts.edges[0].from_mode = Shared;
        facts.edges[1].to_mode = Shared;
        facts.lacks_writers = true;
        if verdict == Verdict::Guarded {
            facts
                .locks
                .push(lock(GATE, "Mutex", "gate", fixture::created().0));
            facts.guards = vec![id(GATE)];
        }
        check(name, facts);
    }
}

#[test]
fn an_ordered_cycle_says_what_orders_it() {
    let mut facts = both_orders(Verdict::Ordered);
    facts.threads[0].ended = true;
    check("ordered", facts);
}

#[test]
fn a_stall_says_who_waits_for_what() {
    let (book, log) = fixture::post();
    let (taken, _) = fixture::reconcile();
    let mut facts = facts(Verdict::Stall);
    let writer = thread(WRITER, "writer", &[(LEDGER, Exclusive, book)]);
    let auditor = thread(AUDITOR, "auditor", &[(AUDIT, Exclusive, taken)]);
    facts.threads = vec![waits(writer, AUDIT, Exclusive, log), auditor];
    let holder = Holder {
        thread: ThreadId::new(AUDITOR),
        lock: id(AUDIT),
        mode: Exclusive,
        site: taken,
        at_least: Duration::from_millis(10_400),
        activity: Activity::InSystemCall {
            number: 35,
            name: Some("nanosleep"),
        },
    };
    let stall = Stall {
        cause: StallCause::Wait {
            thread: ThreadId::new(WRITER),
            waiters: 3,
        },
        lasted: Duration::from_millis(10_020),
        limit: Duration::from_secs(10),
        holders: vec![holder],
    };
    facts.stall = Some(stall);
    check_report("stall", &Report::new(0, facts));
}

#[test]
fn a_missed_heartbeat_says_where_it_was_set_up() {
    let mut facts = facts(Verdict::Stall);
    facts.locks.clear();
    facts.threads = vec![thread(WRITER, "writer", &[])];
    let stall = Stall {
        cause: StallCause::Heartbeat {
            name: "ingest".to_owned(),
            site: fixture::shard(),
            thread: Some(ThreadId::new(WRITER)),
        },
        lasted: Duration::from_millis(2_500),
        limit: Duration::from_secs(1),
        holders: Vec::new(),
    };
    facts.stall = Some(stall);
    check_report("stall_heartbeat", &Report::new(0, facts));
}

#[test]
fn an_abandoned_lock_says_who_left_it() {
    let (book, _) = fixture::post();
    let mut facts = facts(Verdict::Abandoned);
    let mut writer = thread(WRITER, "writer", &[(LEDGER, Exclusive, book)]);
    writer.ended = true;
    facts.threads = vec![writer];
    check("abandoned", facts);
}

#[test]
fn an_abandoned_lock_is_named_alone_beside_others_that_its_thread_left() {
    let (book, log) = fixture::post();
    let (log_again, _) = fixture::reconcile();
    let mut facts = facts(Verdict::Abandoned);
    let held = [(LEDGER, Exclusive, book), (AUDIT, Exclusive, log)];
    let mut writer = thread(WRITER, "writer", &held);
    writer.ended = true;
    facts.threads = vec![writer];
    let headline = Report::new(1, facts.clone()).headline();
    assert!(
        headline.ends_with(" ended while it held `ledger`"),
        "{headline}"
    );
    // The one that another thread waits for.
    let auditor = waits(thread(AUDITOR, "auditor", &[]), AUDIT, Exclusive, log_again);
    facts.threads.push(auditor);
    check("abandoned_and_awaited", facts);
}

#[test]
fn a_ring_of_a_join_a_mutex_and_a_full_channel_reads_as_one_chain() {
    let (book, log) = fixture::post();
    let (log_first, book_second) = fixture::reconcile();
    let mut facts = facts(Verdict::Deadlock);
    facts
        .locks
        .push(lock(GATE, "channel", "entries", fixture::created().0));
    let by = |number| FreedBy::Threads(vec![ThreadId::new(number)]);
    facts
        .locks
        .push(lock(14, "thread", "", fixture::created().1));
    let main = thread(MAIN, "main", &[(LEDGER, Exclusive, book)]);
    let mut auditor = waits(
        thread(AUDITOR, "auditor", &[(AUDIT, Exclusive, log_first)]),
        LEDGER,
        Exclusive,
        book_second,
    );
    auditor.waits.as_mut().expect("it waits").by = Some(by(MAIN));
    let writer = thread(WRITER, "writer", &[]);
    facts.threads = vec![
        awaits(main, 14, WaitReason::End, by(WRITER), log),
        awaits(
            writer,
            GATE,
            WaitReason::Room,
            by(AUDITOR),
            fixture::balance().1,
        ),
        auditor,
    ];
    check("deadlock_chain", facts);
}

#[test]
fn when_all_wait_those_are_named_who_panicked() {
    let (book, log) = fixture::post();
    let mut facts = facts(Verdict::Deadlock);
    facts.locks = vec![
        lock(GATE, "Condvar", "posted", fixture::created().0),
        lock(14, "thread", "", fixture::created().1),
    ];
    let auditor = thread(AUDITOR, "auditor", &[]);
    let main = thread(MAIN, "main", &[]);
    facts.threads = vec![
        awaits(
            auditor,
            GATE,
            WaitReason::Notification,
            FreedBy::AnyThread,
            book,
        ),
        awaits(
            main,
            14,
            WaitReason::End,
            FreedBy::Threads(vec![ThreadId::new(AUDITOR)]),
            log,
        ),
        ThreadInfo {
            ended: true,
            panicked: true,
            ..thread(WRITER, "writer", &[])
        },
    ];
    check("deadlock_everyone", facts);
}

#[test]
fn a_thread_that_only_could_end_its_own_wait_gets_advice() {
    let (book, _) = fixture::post();
    let mut facts = facts(Verdict::SelfDeadlock);
    facts.locks = vec![lock(GATE, "LazyLock", "rates", fixture::created().0)];
    let me = FreedBy::Threads(vec![ThreadId::new(MAIN)]);
    let mut main = awaits(
        thread(MAIN, "main", &[]),
        GATE,
        WaitReason::Initialisation,
        me,
        book,
    );
    main.waits.as_mut().expect("it waits").since = None;
    facts.threads = vec![main];
    check("self_deadlock_lazy", facts);
}
