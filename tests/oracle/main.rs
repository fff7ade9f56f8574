//! The detector against the truth: random lock programs, run once under the detector, and explored
//! state by state.
//!
//! A program is interpreted by three backends. One runs it on threads of its own, in one order of
//! events in which nobody waits, under the detector. One looks at every state that it can reach and
//! collects the deadlocks, each with its locks and threads. One runs it in every order under
//! [`shuttle`], whose word on who is blocked nobody here wrote; where its locks are the same as
//! ours, the two must agree on whether the program can deadlock. (A fourth is in `tests/exhaustive`.)
//!
//! - A reachable deadlock is *shown* if each of its links occurred in the one run: the same thread
//!   asked for the same lock, in the same statement, and held what it holds in the deadlock, or less
//!   of it. A writer behind which a reader waits for another is a link too. Recall is the share of these that was reported.
//! - A reported inversion is *reachable* if there is a deadlock on its locks in its order. Precision is the
//!   share of these. For each of the others the rule is named without which it could be reached.
//!
//! `ORACLE_PROGRAMS` sets how many programs are run, `ORACLE_FIRST` the seed of the first, and
//! `ORACLE_SEED` runs only the program of that seed and prints all that is known of it.

// With guards that may be sent, a lock that is taken twice hangs as it does without a detector.
#![cfg(not(feature = "send_guard"))]

mod compare;
mod crosscheck;
mod cycle;
mod explore;
mod generate;
mod locks;
mod machine;
mod observe;
mod program;
mod random;
mod reason;
mod schedule;
mod shrink;
mod tally;

use compare::{Fate, Kind, Outcome};
use machine::Rules;
use observe::Said;
use program::Program;
use schedule::Schedule;
use tally::Tally;

/// How many programs there are in an optimised build.
const MANY: u64 = 10_000;
/// How many there are in any other.
const FEW: u64 = 500;
/// How many discrepancies are printed, each with its smallest program.
const PRINTED: usize = 12;

/// The kinds of deadlock that the detector claims to tell from one run that shows their links.
const CLAIMED: [Kind; 6] = [
    Kind::Order,
    Kind::Initialiser,
    Kind::AroundScope,
    Kind::AroundThread,
    Kind::Itself,
    Kind::RecursiveRead,
];

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is a number")),
    )
}

fn seeds() -> std::ops::Range<u64> {
    if let Some(seed) = number("ORACLE_SEED") {
        return seed..seed + 1;
    }
    let first = number("ORACLE_FIRST").unwrap_or(0);
    let few = cfg!(debug_assertions) || !cfg!(feature = "always");
    first..first + number("ORACLE_PROGRAMS").unwrap_or(if few { FEW } else { MANY })
}

/// Runs programs under the detector, each in places of its own where that matters.
#[derive(Default)]
struct Runner {
    recursive: std::cell::Cell<usize>,
}

/// All about one program.
struct Seen {
    schedule: Schedule,
    said: Vec<Said>,
    outcome: Outcome,
}

impl Runner {
    /// `None` if the program is too large.
    fn see(&self, program: &Program, seed: u64) -> Option<Seen> {
        let truth = explore::explore(program, Rules::TRUTH);
        if !truth.whole {
            return None;
        }
        let schedule = schedule::choose(program, seed);
        let shown = schedule::shown(program, &schedule);
        let nth = self.recursive.get();
        if !shown.recursive_reads.is_empty() {
            self.recursive.set((nth + 1) % locks::Places::ALL);
        }
        let said = observe::observe(program, &schedule, locks::Places::nth(nth));
        let outcome = compare::compare(program, &schedule, &shown, &truth, &said);
        Some(Seen {
            schedule,
            said,
            outcome,
        })
    }

    /// The smallest program of which `shows` holds, and what was said of it.
    fn minimise(&self, program: &Program, seed: u64, shows: impl Fn(&Outcome) -> bool) -> Program {
        let still = |p: &Program| self.see(p, seed).is_some_and(|seen| shows(&seen.outcome));
        shrink::shrink(program, still)
    }
}

fn missed(outcome: &Outcome) -> bool {
    let claimed = |kind| CLAIMED.contains(&kind);
    outcome
        .reachable
        .iter()
        .any(|r| r.fate == Fate::Missed && claimed(r.kind))
}

fn print(program: &Program, seen: &Seen) {
    println!("{program}");
    for r in &seen.outcome.reachable {
        println!("  {:?}, {:?}: {}", r.kind, r.fate, r.cycle);
    }
    for said in &seen.said {
        println!(
            "  reported: {}: {} ({})",
            said.verdict, said.cycle, said.reason
        );
    }
    for reported in seen.outcome.reported.iter() {
        if let Some(reason) = reported.reason {
            println!("  out of reach: {}: {reason}", reported.cycle);
        }
    }
}

#[test]
fn what_the_detector_tells_of_one_run_is_what_the_program_can_do() {
    let instrumented = cfg!(any(debug_assertions, feature = "always"));
    assert_eq!(
        lockwarden::status().is_on(),
        instrumented,
        "{}",
        lockwarden::status()
    );
    if !instrumented {
        println!(
            "nothing to look at: the detector is {}",
            lockwarden::status()
        );
        return;
    }
    observe::install();
    let runner = Runner::default();
    let mut tally = Tally::default();
    let (mut misses, mut alarms) = (0, 0);
    for seed in seeds() {
        let program = generate::generate(seed);
        let seen = runner.see(&program, seed);
        let seen = seen.unwrap_or_else(|| panic!("seed {seed} is too large:\n{program}"));
        tally.add(&program, &seen.schedule, &seen.outcome);
        if number("ORACLE_SEED").is_some() {
            print(&program, &seen);
        }
        if !program.has_tries() && !program.has_initialisers() && seen.schedule.whole {
            // What a thread does while another one joins it under a lock depends on when that took the lock.
            let elsewhere = |r: &compare::Reachable| {
                r.fate == Fate::Elsewhere && r.kind != compare::Kind::AroundJoin
            };
            let explained = !seen.outcome.reachable.iter().any(elsewhere);
            assert!(
                explained,
                "seed {seed}: nothing can have gone another way:\n{program}"
            );
        }
        if missed(&seen.outcome) {
            misses += 1;
            if misses <= PRINTED {
                let least = runner.minimise(&program, seed, missed);
                println!("MISSED, seed {seed}, in its smallest form:");
                print(&least, &runner.see(&least, seed).expect("it is smaller"));
            }
        }
        for reported in &seen.outcome.reported {
            let Some(reason) = reported.reason else {
                continue;
            };
            println!("out of reach, seed {seed}: {}: {reason}", reported.cycle);
            alarms += 1;
            if alarms <= PRINTED {
                let same = |o: &Outcome| o.reported.iter().any(|t| t.reason == Some(reason));
                let least = runner.minimise(&program, seed, same);
                println!("in its smallest form:");
                print(&least, &runner.see(&least, seed).expect("it is smaller"));
            }
        }
    }
    println!("\n{tally}");
    for kind in CLAIMED {
        assert_eq!(
            tally.recall(kind),
            1.0,
            "{misses} programs have a miss, printed above"
        );
    }
    let precision = tally.all_plain.rate();
    assert!(
        precision >= 0.98,
        "precision is {precision} where no data orders the threads"
    );
}

#[test]
fn shuttle_and_the_explorer_agree_on_which_programs_can_deadlock() {
    let (mut agreed, mut deadlocks, mut open, mut left_out) = (0, 0, 0, 0);
    for seed in seeds() {
        let program = generate::generate(seed);
        if !crosscheck::can_tell(&program) {
            left_out += 1;
            continue;
        }
        let can = explore::explore(&program, Rules::READERS_PASS).deadlocks;
        match crosscheck::check(&program) {
            crosscheck::Verdict::Open => open += 1,
            verdict => {
                let deadlocks_there = verdict == crosscheck::Verdict::Deadlocks;
                assert_eq!(
                    deadlocks_there, can,
                    "shuttle first; seed {seed}:\n{program}"
                );
                agreed += 1;
                deadlocks += usize::from(can);
            }
        }
    }
    println!(
        "shuttle agrees on {agreed} programs, of which {deadlocks} can deadlock; {open} need too many \
         runs; {left_out} have a thread ask for its own lock"
    );
    assert!(open * 100 <= agreed, "too many programs are open");
}

#[test]
fn leaving_out_orders_that_make_no_difference_changes_no_verdict_of_shuttle() {
    let (mut agreed, mut deadlocks) = (0, 0);
    for seed in seeds().take(2_000) {
        let program = generate::generate(seed);
        if program.len() > 12 || !crosscheck::can_tell(&program) {
            continue;
        }
        let plainly = crosscheck::check_plainly(&program);
        if plainly == crosscheck::Verdict::Open {
            continue;
        }
        assert_eq!(
            crosscheck::check(&program),
            plainly,
            "seed {seed}:\n{program}"
        );
        agreed += 1;
        deadlocks += usize::from(plainly == crosscheck::Verdict::Deadlocks);
    }
    println!(
        "{agreed} small programs run in every order there is, {deadlocks} of which can deadlock"
    );
}
