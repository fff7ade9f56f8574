//! Random programs, beside a naive search of all their states.

use std::collections::{BTreeSet, HashSet};
use std::sync::PoisonError;

use lockwarden::report::Verdict;
use lockwarden::sync::{Arc, Mutex};
use lockwarden::testing::check;
use lockwarden::testing::explore::{Confirmation, Strategy};
use lockwarden::thread;

use super::{explore, reports};

/// A program of threads that acquire and release mutexes, the last one first.
#[derive(Clone, Debug)]
struct Program(Vec<Vec<Op>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Acquire(usize),
    Release,
}

/// How many programs are drawn.
const PROGRAMS: usize = 48;

const NAMES: [&str; 3] = ["m0", "m1", "m2"];

impl Program {
    fn draw(random: &mut impl FnMut(usize) -> usize, threads: usize, acquisitions: usize) -> Self {
        let mut thread = || {
            let (mut ops, mut held, mut left) = (Vec::new(), Vec::new(), 1 + random(acquisitions));
            while left > 0 || !held.is_empty() {
                let free: Vec<usize> = (0..NAMES.len()).filter(|at| !held.contains(at)).collect();
                let acquires = left > 0 && !free.is_empty() && (held.is_empty() || random(3) > 0);
                if acquires {
                    let lock = free[random(free.len())];
                    held.push(lock);
                    ops.push(Op::Acquire(lock));
                    left -= 1;
                } else {
                    held.pop();
                    ops.push(Op::Release);
                }
            }
            ops
        };
        Self((0..threads).map(|_| thread()).collect())
    }

    fn run(&self) {
        let locks = Arc::new(NAMES.map(|name| Mutex::named(name, ())));
        let threads = self.0.iter().cloned().map(|ops| {
            let locks = Arc::clone(&locks);
            thread::spawn(move || {
                let mut held = Vec::new();
                for op in ops {
                    match op {
                        Op::Acquire(lock) => {
                            held.push(locks[lock].lock().unwrap_or_else(PoisonError::into_inner))
                        }
                        Op::Release => drop(held.pop()),
                    }
                }
            })
        });
        for thread in threads.collect::<Vec<_>>() {
            let _ = thread.join();
        }
    }

    /// The sets of locks over which threads wait for each other in a ring, in any state that can be
    /// reached.
    fn deadlocks(&self) -> BTreeSet<BTreeSet<&'static str>> {
        let rings = self.rings();
        rings
            .iter()
            .map(|ring| ring.iter().map(|(held, _)| *held).collect())
            .collect()
    }

    /// The rings of threads that wait for each other, in any state that can be reached: the lock that each
    /// thread holds, and the one that it asks for.
    fn rings(&self) -> BTreeSet<BTreeSet<(&'static str, &'static str)>> {
        let mut found = BTreeSet::new();
        let start = vec![0; self.0.len()];
        let (mut open, mut seen) = (vec![start.clone()], HashSet::from([start]));
        while let Some(state) = open.pop() {
            let held: Vec<Vec<usize>> = (0..state.len())
                .map(|at| self.held(at, state[at]))
                .collect();
            let owner = |lock: usize| held.iter().position(|held| held.contains(&lock));
            let wants = |at: usize| match self.0[at].get(state[at]) {
                Some(Op::Acquire(lock)) => owner(*lock).map(|owner| (*lock, owner)),
                _ => None,
            };
            for at in 0..state.len() {
                let (mut locks, mut thread) = (Vec::new(), at);
                while let Some((lock, owner)) = wants(thread)
                    && !locks.contains(&NAMES[lock])
                {
                    locks.push(NAMES[lock]);
                    thread = owner;
                    if thread == at {
                        let asked = locks.iter().cycle().skip(1).copied();
                        found.insert(locks.iter().copied().zip(asked).collect());
                        break;
                    }
                }
                if state[at] < self.0[at].len() && wants(at).is_none() {
                    let mut next = state.clone();
                    next[at] += 1;
                    if seen.insert(next.clone()) {
                        open.push(next);
                    }
                }
            }
        }
        found
    }

    fn held(&self, thread: usize, made: usize) -> Vec<usize> {
        let mut held = Vec::new();
        for op in &self.0[thread][..made] {
            match op {
                Op::Acquire(lock) => held.push(*lock),
                Op::Release => drop(held.pop()),
            }
        }
        held
    }
}

/// A generator of numbers below a bound.
fn random(mut state: u64) -> impl FnMut(usize) -> usize {
    move |bound| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % bound
    }
}

#[test]
fn the_walks_of_all_choices_find_exactly_the_deadlocks_that_there_are() {
    let mut random = random(17);
    let (mut with, mut schedules) = (0, 0);
    for number in 0..PROGRAMS {
        let (threads, acquisitions) = if number % 12 == 0 { (3, 2) } else { (2, 4) };
        let program = Program::draw(&mut random, threads, acquisitions);
        let there = program.deadlocks();
        let runs = program.clone();
        // Every order there is, of few: their number grows exponentially.
        let strategy = match number % 4 {
            0 => Strategy::DepthFirst {
                preemptions: usize::MAX,
            },
            _ => Strategy::PartialOrder,
        };
        let outcome = explore(move || runs.run())
            .strategy(strategy)
            .schedules(100_000)
            .keep_going(true)
            .shrink(false)
            .run();
        assert!(outcome.is_exhausted(), "{program:?}\n{outcome}");
        assert_eq!(outcome.inexact(), 0, "{program:?}");
        let found: BTreeSet<BTreeSet<&str>> = reports(&outcome)
            .into_iter()
            .filter(|report| report.verdict == Verdict::Deadlock)
            .map(|report| {
                let edges = report.edges.iter().flat_map(|edge| [edge.from, edge.to]);
                edges.filter_map(|id| report.lock(id)?.name).collect()
            })
            .collect();
        assert_eq!(found, there, "program {number}: {program:?}\n{outcome}");
        with += usize::from(!there.is_empty());
        schedules += outcome.schedules();
    }
    println!("{with} of {PROGRAMS} programs can deadlock; {schedules} schedules");
    assert!(with >= 4, "{with} programs can deadlock");
}

/// How many programs have their predictions confirmed.
const CONFIRMED: usize = 40;

#[test]
fn predictions_that_can_be_reached_are_confirmed_and_no_others() {
    confirm_predictions(CONFIRMED, 23);
}

#[test]
#[ignore = "takes minutes"]
fn predictions_of_many_programs() {
    confirm_predictions(2_000, 99);
}

fn confirm_predictions(programs: usize, seed: u64) {
    let mut random = random(seed);
    let (mut reachable, mut confirmed, mut unreachable) = (0, 0, 0);
    for number in 0..programs {
        let threads = 2 + number % 2;
        let program = Program::draw(&mut random, threads, 4);
        let rings = program.rings();
        let runs = program.clone();
        let one_run = check(move || runs.run());
        let cycles = one_run.findings().iter().chain(one_run.counted());
        for report in cycles.filter(|report| report.edges.len() > 1) {
            let name = |id| report.lock(id).and_then(|lock| lock.name).unwrap();
            let edges = report
                .edges
                .iter()
                .map(|edge| (name(edge.from), name(edge.to)));
            let is_reachable = rings.contains(&edges.collect());
            let runs = program.clone();
            let confirmation = explore(move || runs.run())
                .schedules(60)
                .shrink(false)
                .confirm(report);
            let is_confirmed = matches!(confirmation, Confirmation::Confirmed(_));
            assert!(is_reachable || !is_confirmed, "{program:?}: {confirmation}");
            reachable += usize::from(is_reachable);
            confirmed += usize::from(is_confirmed);
            unreachable += usize::from(!is_reachable);
            if is_reachable && !is_confirmed {
                println!("not confirmed: {program:?}: {confirmation}");
            }
        }
    }
    println!(
        "{confirmed} of {reachable} predictions that can be reached are confirmed, and none of \
         {unreachable} others"
    );
    assert!(
        confirmed * 100 >= reachable * 95,
        "{confirmed} of {reachable}"
    );
}
