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
    let missed = "watchdog: Stall: the heartbeat `ingest` is missed for ";
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
