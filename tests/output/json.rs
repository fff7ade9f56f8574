//! Every verdict as a line of JSON.

use std::thread;
use std::time::Duration;

use lockwarden::sync::{Mutex, RwLock};
use lockwarden::watchdog::Watchdog;

use crate::child::{Standstill, apart};
use crate::file;
use crate::kernels::{invert, lock_twice};
use crate::schema;

static LEDGER: Mutex<()> = Mutex::named("ledger", ());
static AUDIT: Mutex<()> = Mutex::named("audit", ());
static GATE: Mutex<()> = Mutex::named("gate", ());

fn both_ways_under(gate: bool) {
    let (a, b) = (Mutex::new(()), Mutex::new(()));
    for (outer, inner) in [(&a, &b), (&b, &a)] {
        thread::scope(|scope| {
            scope.spawn(|| {
                let _gate = gate.then(|| GATE.lock().unwrap());
                let _outer = outer.lock().unwrap();
                let _inner = inner.lock().unwrap();
            });
        });
    }
}

fn in_one_thread() {
    let (a, b) = (Mutex::new(()), Mutex::new(()));
    for (outer, inner) in [(&a, &b), (&b, &a)] {
        let _outer = outer.lock().unwrap();
        let _inner = inner.lock().unwrap();
    }
}

fn one_after_the_other() {
    let locks = std::sync::Arc::new((Mutex::new(()), Mutex::new(())));
    let own = std::sync::Arc::clone(&locks);
    let first = lockwarden::thread::spawn(move || {
        let _outer = own.0.lock().unwrap();
        let _inner = own.1.lock().unwrap();
    });
    first.join().unwrap();
    let _outer = locks.1.lock().unwrap();
    let _inner = locks.0.lock().unwrap();
}

fn read_twice() {
    let lock = RwLock::new(());
    let _first = lock.read().unwrap();
    let _second = lock.read().unwrap();
}

fn leave_held() {
    static LEFT: Mutex<()> = Mutex::named("left", ());
    let leaves = || std::mem::forget(LEFT.lock().unwrap());
    thread::spawn(leaves).join().unwrap();
}

fn close_a_ring() {
    static FIRST: Mutex<()> = Mutex::named("first", ());
    static SECOND: Mutex<()> = Mutex::named("second", ());
    let meet = std::sync::Barrier::new(2);
    thread::scope(|scope| {
        let run = |outer: &'static Mutex<()>, inner: &'static Mutex<()>| {
            let meet = &meet;
            scope.spawn(move || {
                let _outer = outer.lock().unwrap_or_else(|p| p.into_inner());
                meet.wait();
                let _inner = inner.lock().unwrap_or_else(|p| p.into_inner());
            })
        };
        let threads = [run(&FIRST, &SECOND), run(&SECOND, &FIRST)];
        let ended = threads.map(|thread| thread.join().is_err());
        assert_eq!(ended.iter().filter(|panicked| **panicked).count(), 1);
    });
}

#[test]
fn each_verdict_is_a_line_that_the_schema_describes() {
    let path = file("verdicts");
    let text = path.to_str().unwrap().to_owned();
    let setting = format!(
        "json={text},stderr=off,Guarded=report,SingleThread=report,Ordered=report,summary={text}"
    );
    apart!(
        &[("LOCKWARDEN", &setting), ("LOCKWARDEN_TEST_FILE", &text)],
        || {
            invert(&LEDGER, &AUDIT);
            both_ways_under(true);
            in_one_thread();
            one_after_the_other();
            read_twice();
            leave_held();
            assert!(lock_twice(&LEDGER));
            close_a_ring();
            let stalled = Standstill::begin();
            let (alerted, is_alerted) = std::sync::mpsc::channel();
            let watchdog = Watchdog::builder()
                .wait_limit(Duration::from_millis(10))
                .json_lines(&path)
                .on_alert(move |_| {
                    let _ = alerted.send(());
                })
                .spawn()
                .unwrap();
            is_alerted.recv_timeout(crate::child::LIMIT).unwrap();
            drop(watchdog);
            stalled.end();
        },
        |outcome| {
            outcome.succeeds();
            let lines = schema::lines(&path);
            let mut verdicts: Vec<&str> = lines
                .iter()
                .filter(|line| line["kind"] == "report")
                .map(|line| line["report"]["verdict"].as_str().unwrap())
                .collect();
            verdicts.sort_unstable();
            verdicts.dedup();
            assert_eq!(
                verdicts,
                [
                    "Abandoned",
                    "Deadlock",
                    "Guarded",
                    "Inversion",
                    "Ordered",
                    "RecursiveRead",
                    "SelfDeadlock",
                    "SingleThread",
                    "Stall"
                ]
            );
            let inversion = lines
                .iter()
                .find(|line| line["report"]["verdict"] == "Inversion")
                .unwrap();
            let stack = inversion["report"]["stack"].as_array().unwrap();
            let names = stack.iter().filter_map(|frame| frame["function"].as_str());
            assert!(
                names
                    .into_iter()
                    .any(|name| name.contains("kernels::invert")),
                "{stack:?}"
            );
            for kind in ["alert", "summary"] {
                let of_kind = lines.iter().filter(|line| line["kind"] == kind);
                assert!(of_kind.count() > 0, "{kind}");
            }
            std::fs::remove_file(&path).unwrap();
        }
    );
}

#[cfg(unix)]
#[test]
#[allow(unsafe_code)]
fn a_limit_for_the_size_of_files_costs_lines_and_not_the_program() {
    let path = file("limit");
    let text = path.to_str().unwrap().to_owned();
    let setting = format!("json={text}");
    apart!(
        &[("LOCKWARDEN", &setting), ("LOCKWARDEN_TEST_FILE", &text)],
        || {
            let limit = libc::rlimit {
                rlim_cur: 100,
                rlim_max: 100,
            };
            // SAFETY: `limit` is a valid limit.
            assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &limit) }, 0);
            invert(&LEDGER, &AUDIT);
        },
        |outcome| {
            outcome.says("a line for ");
            outcome.says("is lost: ");
            outcome.succeeds();
            std::fs::remove_file(&path).unwrap();
        }
    );
}

#[test]
fn what_the_schema_does_not_say_is_refused() {
    let schema = schema::published();
    let good = r#"{"schema":1,"kind":"summary","pid":1,"program":"x","time_unix_ms":1,"uptime_ms":1,
        "locks":1,"classes":1,"orders":0,"threads":1,"reports":0,"unreported":0,"suppressed":0,
        "findings":[]}"#;
    let verdict = |text: &str| {
        let value = serde_json::from_str(text).unwrap();
        schema::check(&schema, &schema, &value, "line").is_ok()
    };
    assert!(verdict(good));
    for (from, to) in [
        ("\"pid\":1,", ""),
        ("\"pid\":1", "\"pid\":0"),
        ("\"pid\":1", "\"pid\":\"1\""),
        ("\"pid\":1", "\"pid\":1,\"more\":2"),
        ("\"kind\":\"summary\"", "\"kind\":\"other\""),
        ("\"schema\":1", "\"schema\":2"),
    ] {
        assert!(!verdict(&good.replacen(from, to, 1)), "{to}");
    }
}
