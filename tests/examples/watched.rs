//! The examples of the watchdog.

use super::*;

/// Whether threads can be asked where they are, and have names for the answer.
const STACKS: bool = cfg!(all(
    debug_assertions,
    target_os = "linux",
    feature = "signals"
));

#[test]
fn stall_shows_where_all_four_threads_are() {
    let outcome = run("stall", &[]);
    if !WATCHED {
        outcome.ends_with(2);
        return;
    }
    outcome
        .ends_with(0)
        .prints("stalled by reader")
        .prints("stalled by settler")
        .prints("2 stalls, all over");
    let stall = |line: &&str| line.starts_with("Stall: thread `");
    assert_eq!(outcome.reports().into_iter().filter(stall).count(), 2);
    let holder = format!("since {}:", site("stall", "PRICES.lock().unwrap();"));
    assert!(outcome.stderr.contains(&holder), "{}", outcome.stderr);
    if STACKS {
        for (thread, function) in [
            ("reader", "stall::read_feed"),
            ("settler", "stall::settle_prices"),
            ("cleaner", "stall::empty_feed"),
            ("resetter", "stall::reset_prices"),
        ] {
            let stack = stack_of(&outcome.stderr, thread);
            assert!(stack.contains(function), "{thread}: {stack}");
        }
    }
}

#[test]
fn heartbeat_is_missed_once_and_not_while_it_is_paused() {
    let outcome = run("heartbeat", &[]);
    outcome
        .ends_with(0)
        .prints("20 batches")
        .prints("the index is rebuilt")
        .prints("`ingest` is missed")
        .prints("it beats again");
    let missed = "lockwarden: Stall: the heartbeat `ingest` has not come for ";
    assert!(outcome.stderr.contains(missed), "{}", outcome.stderr);
    if STACKS {
        let stack = stack_of(&outcome.stderr, "ingest");
        let function = "heartbeat::parse_a_batch_that_never_ends";
        assert!(stack.contains(function), "{stack}");
    }
}

/// The part of the first dump that is about the thread with this name.
fn stack_of<'a>(text: &'a str, thread: &str) -> &'a str {
    let dump = text.find(", captured in ").expect("there is a dump");
    let title = format!("\nthread `{thread}` (");
    let start = dump + text[dump..].find(&title).expect("it lists the thread") + 1;
    let rest = &text[start..];
    &rest[..rest.find("\n\n").unwrap_or(rest.len())]
}

#[test]
fn a_daemon_goes_on_with_the_next_peer() {
    let outcome = run("daemon", &[]);
    outcome.ends_with(0).is_silent();
    assert_eq!(
        outcome.stdout,
        "the daemon starts\npeer 1: hello\npeer 2 does not answer\npeer 3: hello\nthe round is over\n"
    );
}

/// A program is started anew by `exec` on Unix alone.
#[cfg(unix)]
#[test]
fn a_daemon_that_hangs_is_started_anew_once() {
    let outcome = run("daemon", &["--bug"]);
    outcome.ends_with(3);
    let life = "the daemon starts\npeer 1: hello\n";
    assert_eq!(outcome.stdout, life.repeat(2));
    let reports = outcome.reports();
    let missed = "Stall: the heartbeat `rounds` has not come for ";
    let missed = reports.iter().filter(|line| line.starts_with(missed));
    assert_eq!(missed.count(), 2, "{}", outcome.stderr);
    for said in ["restarted: 1 of 1", "restarted 1 time, and is not any more"] {
        assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    }
    if STACKS {
        // The second program can be asked as the first one was: it keeps no signal out.
        let asked = outcome.stderr.matches(": daemon::ask\n").count();
        assert_eq!(asked, 2, "{}", outcome.stderr);
    }
}

#[cfg(feature = "metrics")]
#[test]
fn staging_is_asked_over_http_why_it_stalls() {
    let outcome = run("staging", &[]);
    if !WATCHED {
        outcome.ends_with(2);
        return;
    }
    outcome
        .ends_with(0)
        .prints("GET /stock: 200 OK 3 pieces")
        .prints("GET /alerts: it waits for the supplier")
        .prints("GET /alerts: and another one for the stock")
        .prints("GET /metrics: lockwarden_threads_blocked 2")
        .prints("GET /metrics: lockwarden_findings_total{verdict=\"Stall\"} 2")
        .prints("GET /alerts/2: 200 OK")
        .prints("POST /release: 200 OK 10 pieces are on their way")
        .prints("POST /stall: 200 OK 13 pieces")
        .prints("GET /stock: 200 OK 13 pieces");
    let is_log = |line: &str| line.starts_with("{\"timestamp\":\"") && line.ends_with('}');
    for line in outcome.stderr.lines() {
        assert!(is_log(line), "{line}");
    }
    let logs = |said: &[&str]| {
        let has_all = |line: &&str| said.iter().all(|said| line.contains(said));
        outcome.stderr.lines().filter(has_all).count()
    };
    let answered = ["\"path\":\"/stall\"", "\"status\":200"];
    assert_eq!(logs(&answered), 1, "{}", outcome.stderr);
    for phase in ["\"phase\":\"began\"", "\"phase\":\"ended\""] {
        let alert = ["\"target\":\"lockwarden::watchdog\"", phase];
        assert_eq!(logs(&alert), 2, "{}", outcome.stderr);
    }
    // Requests have numbers, and how often the program asks for alerts depends on the machine.
    let (_, ends) = outcome
        .stdout
        .split_once("\nGET /alerts: 200 OK\n")
        .expect("it asks for all alerts");
    let ends: Vec<&str> = ends.lines().collect();
    let [order, stock] = ends[..] else {
        panic!("{} alerts: {ends:?}", ends.len());
    };
    for (end, number, awaited) in [
        (order, 1, "for a message of `supplier`"),
        (stock, 2, "for `stock` (exclusive)"),
    ] {
        let over = format!("report {number} is over after ");
        assert!(end.starts_with(&over) && end.ends_with(awaited), "{end}");
    }
    let name = |end: &str| end.split('`').nth(1).map(str::to_owned);
    let order = name(order).expect("the thread has a name");
    let held = site("staging/service", "let mut stock = self.stock.lock()");
    let alert = stack_of(&outcome.stdout, &order);
    let holds = format!("holds `stock` (exclusive), taken at {held}:");
    assert!(alert.contains(&holds), "{alert}");
    if STACKS {
        let stock = name(stock).expect("the thread has a name");
        for (thread, function) in [(order, "Service::order"), (stock, "Service::stock")] {
            let stack = stack_of(&outcome.stdout, &thread);
            let function = format!("staging::service::{function}");
            assert!(stack.contains(&function), "{thread}: {stack}");
        }
    }
}

#[cfg(feature = "metrics")]
#[test]
fn staging_says_how_it_is_used() {
    let outcome = run("staging", &["--port"]);
    outcome.ends_with(2);
    assert_eq!(outcome.stderr, "usage: staging [--serve ADDRESS]\n");
}
