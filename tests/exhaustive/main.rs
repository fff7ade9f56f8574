//! The exploration of threads against a search of all states: over the random programs of the oracle, both
//! reach the same states in which threads are stuck, and no other.
//!
//! `EXPLORE_PROGRAMS` sets how many programs are run, `EXPLORE_FIRST` the seed of the first.

#![cfg(all(any(debug_assertions, feature = "always"), not(feature = "send_guard")))]

#[path = "../oracle/cycle.rs"]
#[expect(dead_code, reason = "the oracle explains what it finds, too")]
mod cycle;
#[path = "../oracle/generate.rs"]
mod generate;
#[path = "../oracle/locks.rs"]
#[expect(dead_code, reason = "the oracle observes runs, too")]
mod locks;
#[path = "../oracle/machine.rs"]
#[expect(dead_code, reason = "the oracle explains what it finds, too")]
mod machine;
mod ours;
mod predictions;
#[path = "../oracle/program.rs"]
#[expect(dead_code, reason = "the oracle explains what it finds, too")]
mod program;
#[path = "../oracle/random.rs"]
mod random;
mod stuck;
#[path = "../oracle/explore.rs"]
#[expect(dead_code, reason = "the oracle compares cycles in another form")]
mod truth;

use std::collections::BTreeMap;
use std::sync::Once;

use lockwarden::config::{Action, Config};
use lockwarden::report::Verdict;

use stuck::{Search, Stuck};

/// The programs that are run where `EXPLORE_PROGRAMS` says nothing: a schedule starts threads.
const FEW: usize = 40;
/// The largest programs, by the number of their states.
const MOST_STATES: usize = 60;
/// More schedules than any of these programs has.
const MOST_SCHEDULES: usize = 1_000_000;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is a number")),
    )
}

/// Deadlocks are reported and stay, as they do in the search.
fn install() {
    Config::new()
        .stderr(false)
        .tracing(false)
        .max_reports(u64::MAX)
        .on(Verdict::Deadlock, Action::Report)
        .on(Verdict::SelfDeadlock, Action::Report)
        .on(Verdict::Guarded, Action::Report)
        .on(Verdict::Ordered, Action::Report)
        .on(Verdict::SingleThread, Action::Report)
        .install()
        .expect("nothing else configures this process");
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        // The thread of a scope in which another thread unwinds that was stuck.
        if info.payload_as_str() != Some("a scoped thread panicked") {
            print(info);
        }
    }));
}

/// How many of a hundred predictions that can be reached are to be confirmed.
const LEAST_CONFIRMED: usize = 95;
/// The programs whose predictions are confirmed where `EXPLORE_PROGRAMS` says nothing.
const FEW_PREDICTED: u64 = 60;

/// Tries to confirm what the detector predicts of so many programs from this seed on.
fn confirm(first: u64, programs: u64) {
    install_once();
    let mut tallies = BTreeMap::new();
    for seed in first..first + programs {
        predictions::confirm(&generate::generate(seed), seed, &mut tallies);
    }
    let (mut reachable, mut confirmed) = (0, 0);
    for (verdict, tally) in &tallies {
        println!(
            "{verdict}: {} of {} predictions that can be reached are confirmed, and none of {} others",
            tally.confirmed, tally.reachable, tally.unreachable
        );
        reachable += tally.reachable;
        confirmed += tally.confirmed;
    }
    println!("{programs} programs: {confirmed} of {reachable} are confirmed");
    assert!(reachable > 0 && confirmed * 100 >= reachable * LEAST_CONFIRMED);
}

fn install_once() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(install);
}

/// Explores so many programs from this seed on, of those that are small enough.
fn compare(first: u64, programs: usize) {
    install_once();
    let (mut compared, mut with, mut states, mut schedules, mut most) = (0, 0, 0, 0, 0);
    for seed in first.. {
        if compared == programs {
            println!("the last seed is {}", seed - 1);
            break;
        }
        let program = generate::generate(seed);
        let Some(truth) = Stuck::search(&program, MOST_STATES) else {
            continue;
        };
        let found = ours::explore(&program, MOST_SCHEDULES);
        assert!(
            found.whole,
            "seed {seed} has too many schedules:\n{program}"
        );
        assert_eq!(found.stuck, truth, "ours first; seed {seed}:\n{program}");
        assert_eq!(
            found.told,
            !truth.is_empty(),
            "a finding for a state; seed {seed}:\n{program}"
        );
        compared += 1;
        with += usize::from(!truth.is_empty());
        states += truth.len();
        schedules += found.schedules;
        most = most.max(found.schedules);
    }
    println!(
        "{compared} programs, {with} of which reach {states} states with threads that are stuck: the \
         exploration reaches the same, in {schedules} schedules, and at most {most} for one program"
    );
    assert!(with * 20 >= compared, "few programs can deadlock");
}

#[test]
fn an_exploration_reaches_exactly_the_deadlocks_that_a_search_of_all_states_reaches() {
    let programs = number("EXPLORE_PROGRAMS").map_or(FEW, |programs| programs as usize);
    compare(number("EXPLORE_FIRST").unwrap_or(0), programs);
}

/// A reader that comes after another one has left is in no order with what that one did meanwhile.
#[test]
fn the_release_of_a_reader_orders_no_other_reader() {
    compare(28_537, 1);
}

#[test]
fn predictions_that_can_be_reached_are_confirmed_and_no_others() {
    let programs = number("EXPLORE_PROGRAMS").unwrap_or(FEW_PREDICTED);
    confirm(number("EXPLORE_FIRST").unwrap_or(0), programs);
}

#[test]
#[ignore = "takes minutes"]
fn predictions_of_many_programs() {
    confirm(number("EXPLORE_FIRST").unwrap_or(0), 2_000);
}

#[test]
#[ignore = "takes minutes"]
fn an_exploration_reaches_exactly_the_deadlocks_of_ten_thousand_programs() {
    compare(number("EXPLORE_FIRST").unwrap_or(0), 10_000);
}
