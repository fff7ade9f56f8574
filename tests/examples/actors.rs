//! Patterns of programs whose threads pass messages, right and with their classic bugs.

use super::*;

impl Exit {
    /// Whether it was a finding that ended the program: by an error of its own, or, if the main
    /// thread was the one to break a deadlock, by a panic there.
    fn fails(&self) -> &Self {
        let failed = matches!(self.code(), Some(1 | 101));
        assert!(failed, "{:?}\n{}{}", self.code(), self.stdout, self.stderr);
        self
    }

    /// Whether the first report says that this many threads wait, and for all of `waits`: they come
    /// to wait in any order.
    fn tells(&self, threads: usize, waits: &[&str]) -> &Self {
        let first = *self.reports().first().expect("there is a report");
        let count = match threads {
            2 => "Deadlock: both threads wait: ".to_owned(),
            _ => format!("Deadlock: all {threads} threads wait: "),
        };
        assert!(first.starts_with(&count), "{first}");
        for wait in waits {
            assert!(first.contains(wait), "no {wait:?} in {first}");
        }
        self
    }
}

/// Runs an example with its bug, where that ends.
fn run_with_bug(name: &str) -> Option<Exit> {
    let outcome = run(name, &["--bug"]);
    if WATCHED {
        return Some(outcome);
    }
    outcome.ends_with(2);
    let refused = "with its bug, this program would hang for ever\n";
    assert!(outcome.stderr.ends_with(refused), "{}", outcome.stderr);
    assert!(outcome.stdout.is_empty(), "{}", outcome.stdout);
    None
}

#[test]
fn actors_answer_each_other() {
    let outcome = run("actor", &[]);
    outcome.ends_with(0).is_silent();
    assert_eq!(
        outcome.stdout,
        "there are 10 pieces\n6 pieces: taken\n5 pieces: refused\n4 pieces: taken\n"
    );
}

#[test]
fn two_actors_that_ask_each_other_are_reported() {
    let Some(outcome) = run_with_bug("actor") else {
        return;
    };
    outcome
        .fails()
        .prints("there are 10 pieces")
        .tells(
            3,
            &[
                "thread `main` (#1) for a message of `answer of the shop`",
                "for a message of `answer of the stock`",
                "for a message of `promises of the shop`",
            ],
        )
        .shows(
            "Deadlock: ",
            "waits for",
            "`answer of the stock`",
            "actor",
            "ask(\"answer of the stock\"",
        )
        .shows(
            "Deadlock: ",
            "waits for",
            "`promises of the shop`",
            "actor",
            "ask(\"promises of the shop\"",
        );
}

#[cfg(feature = "channel")]
#[test]
fn an_exchange_passes_warnings_on() {
    let outcome = run("exchange", &[]);
    outcome.ends_with(0).is_silent();
    assert_eq!(
        outcome.stdout,
        "stop the pump: 120\nopen the valve: 120\nall was heard\n"
    );
}

#[cfg(feature = "channel")]
#[test]
fn a_subscriber_that_publishes_to_itself_is_reported() {
    let Some(outcome) = run_with_bug("exchange") else {
        return;
    };
    outcome
        .fails()
        .prints("stop the pump: 120")
        .tells(
            3,
            &[
                "thread `main` (#1) for the end of thread `watcher`",
                "for a message of `mailbox of the operator`",
                "for room in `mailbox of the watcher`",
            ],
        )
        .shows(
            "Deadlock: ",
            "waits for",
            "room in `mailbox of the watcher`",
            "exchange",
            "format!(\"open the valve: {value}\")",
        );
}

#[cfg(feature = "queue")]
#[test]
fn an_external_interface_serves_its_callers() {
    let outcome = run("external_interface", &[]);
    outcome.ends_with(0).is_silent();
    assert_eq!(
        outcome.stdout,
        "two squares are to be drawn\nsquares drawn: 10 true, 20 true\n"
    );
}

#[cfg(feature = "queue")]
#[test]
fn an_owner_that_calls_itself_is_reported() {
    let Some(outcome) = run_with_bug("external_interface") else {
        return;
    };
    outcome
        .fails()
        .prints("two squares are to be drawn")
        .tells(
            4,
            &[
                "thread `main` (#1) for the end of thread `caller 10`",
                "thread `owner` (",
                "thread `caller 20` (",
                "for a message of `result`",
            ],
        )
        .shows(
            "Deadlock: ",
            "waits for",
            "`result`",
            "external_interface",
            "let line = again.call(",
        );
}

#[cfg(feature = "channel")]
#[test]
fn a_consumer_selects_among_queues_and_a_socket() {
    let outcome = run("select_queues", &[]);
    outcome.ends_with(0).is_silent();
    assert_eq!(
        outcome.stdout,
        "the peer has hung up\nbooked: 3 orders, 3 returns, 3 lines\n"
    );
}

#[cfg(feature = "channel")]
#[test]
fn a_selection_that_no_branch_can_end_is_reported() {
    let Some(outcome) = run_with_bug("select_queues") else {
        return;
    };
    outcome
        .fails()
        .prints("the peer has hung up")
        .tells(
            3,
            &[
                "thread `main` (#1) for the end of thread `clerk`",
                "for one of the branches of its select",
                "for a message of `credits`",
            ],
        )
        .shows(
            "Deadlock: ",
            "waits for",
            "`credits`",
            "select_queues",
            "credits.recv()",
        )
        .shows(
            "Deadlock: ",
            "waits for",
            "one of the branches",
            "select_queues",
            "        select! {",
        );
}

#[test]
fn a_listener_sees_all_periods() {
    let outcome = run("periodic_timer", &[]);
    outcome.ends_with(0).is_silent();
    assert_eq!(
        outcome.stdout,
        "the first period is over\nthe listener has seen all 5 periods\nthe timer has counted 5 periods\n"
    );
}

#[test]
fn a_tick_that_is_lost_is_reported() {
    let Some(outcome) = run_with_bug("periodic_timer") else {
        return;
    };
    outcome
        .fails()
        .prints("the first period is over")
        .tells(
            2,
            &[
                "thread `main` (#1) for the end of thread `listener`",
                "for a notification of `tick`",
            ],
        )
        .shows(
            "Deadlock: ",
            "waits for",
            "`tick`",
            "periodic_timer",
            "timer.wait_for_notification();",
        );
}
