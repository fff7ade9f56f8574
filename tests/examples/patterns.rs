//! Patterns of programs with threads, right and with their classic bugs.

use super::*;

/// Runs an example with its bug, to the end that the report brings about; `None` where nothing is
/// watched, and so the example refuses.
fn run_with_bug(name: &str) -> Option<Exit> {
    let outcome = run(name, &["--bug"]);
    if WATCHED {
        return Some(outcome);
    }
    outcome.ends_with(2);
    assert!(outcome.stdout.is_empty(), "{}", outcome.stdout);
    let why = format!("{name}: with its bug, this program would hang for ever\n");
    assert!(outcome.stderr.ends_with(&why), "{}", outcome.stderr);
    None
}

impl Exit {
    /// The first headline begins with `verdict` and has all of `names` in it. Others can follow,
    /// about those who were left behind.
    fn reports_first(&self, verdict: &str, names: &[&str]) -> &str {
        let reports = self.reports();
        let headline = reports.first().copied().unwrap_or_default();
        let named = names.iter().all(|name| headline.contains(name));
        assert!(
            headline.starts_with(verdict) && named,
            "{verdict:?} with {names:?}, not {headline:?}: {}",
            self.stderr
        );
        headline
    }
}

#[test]
fn priority_queue_does_the_most_urgent_first() {
    run("priority_queue", &[])
        .ends_with(0)
        .is_silent()
        .prints("first of all: put out the fire")
        .prints("then: feed the cat, sweep the floor");
}

#[test]
fn priority_queue_that_is_closed_in_silence_is_found() {
    let Some(outcome) = run_with_bug("priority_queue") else {
        return;
    };
    outcome.ends_with(101).prints("all is done");
    let verdict = "Deadlock: all 4 threads wait: ";
    let headline = outcome.reports_first(verdict, &["a notification of `more`"]);
    outcome.shows(
        headline,
        "waits for",
        "a notification of `more`",
        "priority_queue",
        "self.more.wait(state)",
    );
}

#[test]
#[cfg(feature = "queue")]
fn producer_consumer_adds_up_what_can_be_read() {
    run("producer_consumer", &[])
        .ends_with(0)
        .is_silent()
        .prints("all of them were dealt with")
        .prints("the sum is 499834, and 1 could not be read");
}

#[test]
#[cfg(feature = "queue")]
fn producer_consumer_that_forgets_a_task_is_found() {
    let Some(outcome) = run_with_bug("producer_consumer") else {
        return;
    };
    outcome.ends_with(101).prints("1000 lines were put");
    assert!(!outcome.stdout.contains("dealt with"), "{}", outcome.stdout);
    let headline = outcome.reports_first("Deadlock: all 4 threads wait: ", &["`lines`"]);
    let example = "producer_consumer";
    outcome
        .shows(
            headline,
            "waits for",
            "the tasks of `lines`",
            example,
            "LINES_TO_READ.join()",
        )
        .shows(
            headline,
            "waits for",
            "of `lines`",
            example,
            "LINES_TO_READ.get()",
        );
}

#[test]
fn shared_counter_counts_with_a_reentrant_lock() {
    run("shared_counter", &[])
        .ends_with(0)
        .is_silent()
        .prints("4 of 4 threads came to their end")
        .prints("the counter is at 12000");
}

#[test]
fn shared_counter_with_a_plain_lock_is_found() {
    let Some(outcome) = run_with_bug("shared_counter") else {
        return;
    };
    outcome
        .ends_with(1)
        .prints("0 of 4 threads came to their end");
    let headline = outcome.reports_first("SelfDeadlock: thread `counter ", &["`counter`"]);
    let example = "shared_counter";
    outcome
        .shows(
            headline,
            "asks for",
            "`counter`",
            example,
            "let mut total = self.0.lock()",
        )
        .shows(
            headline,
            "holding",
            "`counter`",
            example,
            "let _together = self.0.lock().unwrap_or_else",
        );
}

#[test]
#[cfg(feature = "pool")]
fn thread_pool_server_answers() {
    run("thread_pool_server", &[])
        .ends_with(0)
        .is_silent()
        .prints("hello, I AM CLIENT 1, GOOD BYE")
        .prints("3 connections of 3 were served, 3 answered");
}

#[test]
#[cfg(feature = "pool")]
fn thread_pool_server_that_waits_for_its_own_pool_is_found() {
    let Some(outcome) = run_with_bug("thread_pool_server") else {
        return;
    };
    outcome.ends_with(1);
    let awaited = "the result of a job of `server`";
    outcome.reports_first("Stall: ", &[awaited]);
}

#[test]
#[cfg(feature = "pool")]
fn log_robots_counts_the_hits() {
    run("log_robots", &[])
        .ends_with(0)
        .is_silent()
        .prints("4 of 4 logs were counted")
        .prints("   80 crawler.example")
        .prints("  120 spider.example");
}

#[test]
#[cfg(feature = "pool")]
fn log_robots_that_maps_within_a_map_is_found() {
    let Some(outcome) = run_with_bug("log_robots") else {
        return;
    };
    outcome.ends_with(1).prints("3 of 4 logs were counted");
    let awaited = "the result of a job of `reader`";
    let headline = outcome.reports_first("Deadlock: all 5 threads wait: ", &[awaited]);
    outcome.shows(
        headline,
        "waits for",
        awaited,
        "log_robots",
        "POOL.map([first, second]",
    );
}

#[test]
fn start_event_waits_until_the_service_has_started() {
    run("start_event", &[])
        .ends_with(0)
        .is_silent()
        .prints("it has started")
        .prints("it has answered 100 times");
}

#[test]
fn start_event_that_is_never_set_is_found() {
    let Some(outcome) = run_with_bug("start_event") else {
        return;
    };
    outcome.ends_with(101).prints("the service is starting");
    let headline =
        "Deadlock: thread `main` (#1) waits for `started` to be set, and no thread can end that";
    assert_eq!(outcome.reports()[0], headline);
    outcome.shows(
        headline,
        "waits for",
        "`started` to be set",
        "start_event",
        "STARTED.wait()",
    );
    let dead = "\nthread `service` (#2), which has ended by a panic\n";
    assert!(outcome.stderr.contains(dead), "{}", outcome.stderr);
}

#[test]
fn semaphore_workers_stay_within_the_limit() {
    run("semaphore_workers", &[])
        .ends_with(0)
        .is_silent()
        .prints("6 of 6 workers came to their end")
        .prints("never more than 3 files were open: true");
}

#[test]
fn semaphore_workers_that_keep_a_permit_are_found() {
    let Some(outcome) = run_with_bug("semaphore_workers") else {
        return;
    };
    outcome
        .ends_with(1)
        .prints("never more than 3 files were open: true");
    let verdict = "Deadlock: all 7 threads wait: ";
    let headline = outcome.reports_first(verdict, &["a permit of `open files`"]);
    outcome.shows(
        headline,
        "waits for",
        "a permit of `open files`",
        "semaphore_workers",
        "let _second_permit = OPEN_FILES.acquire();",
    );
}
