//! Waits of every kind, and random waits compared with every order in which they can end.

use super::{Chain, Thread, UNKNOWN, WaitFor, chain, stuck};
use crate::engine::random::Random;

fn runs() -> Thread {
    None
}

fn all_of(members: Vec<usize>) -> Thread {
    Some(WaitFor::all_of(members))
}

fn any_of(members: Vec<usize>) -> Thread {
    Some(WaitFor::any_of(members))
}

#[test]
fn two_that_wait_for_each_other_are_stuck_and_a_third_behind_them_is_too() {
    let threads = [
        all_of(vec![1]),
        all_of(vec![0]),
        all_of(vec![0]),
        runs(),
        all_of(vec![3]),
    ];
    assert_eq!(stuck(&threads), [true, true, true, false, false]);
    let stuck = stuck(&threads);
    assert_eq!(
        chain(&threads, &stuck, 1),
        Chain {
            threads: vec![1, 0],
            closes_at: Some(0)
        }
    );
    assert_eq!(
        chain(&threads, &stuck, 2),
        Chain {
            threads: vec![2, 0, 1],
            closes_at: Some(1)
        }
    );
}

#[test]
fn a_thread_that_waits_for_itself_is_stuck() {
    let threads = [all_of(vec![0])];
    assert_eq!(stuck(&threads), [true]);
    assert_eq!(
        chain(&threads, &[true], 0),
        Chain {
            threads: vec![0],
            closes_at: Some(0)
        }
    );
}

#[test]
fn any_of_needs_one_and_all_of_needs_each() {
    let any = [any_of(vec![1, 2]), all_of(vec![0]), runs()];
    assert_eq!(stuck(&any), [false, false, false]);
    let all = [all_of(vec![1, 2]), all_of(vec![0]), runs()];
    assert_eq!(stuck(&all), [true, true, false]);
}

#[test]
fn an_unknown_thread_counts_as_able_to_run() {
    let threads = [
        any_of(vec![1, UNKNOWN]),
        all_of(vec![0, UNKNOWN]),
        all_of(vec![99]),
    ];
    assert_eq!(stuck(&threads), [false, false, false]);
    let threads = [all_of(vec![1, UNKNOWN]), all_of(vec![0])];
    assert_eq!(stuck(&threads), [true, true]);
}

#[test]
fn any_of_no_thread_is_stuck_and_all_of_no_thread_is_not() {
    let threads = [any_of(vec![]), all_of(vec![]), all_of(vec![0])];
    assert_eq!(stuck(&threads), [true, false, true]);
    let stuck = stuck(&threads);
    assert_eq!(
        chain(&threads, &stuck, 2),
        Chain {
            threads: vec![2, 0],
            closes_at: None
        }
    );
}

#[test]
fn a_condvar_needs_a_notifier_and_then_its_mutex() {
    let wait = |notifier, owner| {
        Some(WaitFor {
            any_of: Some(vec![notifier]),
            all_of: vec![owner],
        })
    };
    assert_eq!(stuck(&[wait(1, 2), runs(), runs()]), [false, false, false]);
    let threads = [wait(1, 2), all_of(vec![0]), runs()];
    assert_eq!(stuck(&threads), [true, true, false]);
}

#[test]
fn the_chain_is_the_shortest_cycle() {
    let threads = [
        any_of(vec![1, 3]),
        all_of(vec![2]),
        all_of(vec![0]),
        all_of(vec![0]),
    ];
    let all = [true; 4];
    assert_eq!(stuck(&threads), all);
    assert_eq!(
        chain(&threads, &all, 0),
        Chain {
            threads: vec![0, 3],
            closes_at: Some(0)
        }
    );
}

#[test]
fn a_chain_of_a_hundred_thousand_threads_is_reduced_in_one_pass() {
    let count = 100_000;
    let mut threads: Vec<Thread> = (1..count).map(|n| all_of(vec![n])).collect();
    threads.push(runs());
    assert!(!stuck(&threads).contains(&true));
    threads[count - 1] = all_of(vec![0]);
    let stuck = stuck(&threads);
    assert!(!stuck.contains(&false));
    assert_eq!(chain(&threads, &stuck, 0).threads.len(), count);
}

/// Returns whether the threads that can run end a wait.
fn met(need: &WaitFor, moving: u32) -> bool {
    let moves = |n: usize| n >= 6 || moving & (1 << n) != 0;
    let any = need.any_of.as_ref();
    any.is_none_or(|of| of.iter().any(|n| moves(*n))) && need.all_of.iter().all(|n| moves(*n))
}

/// Returns all threads that run in some sequence of moves, by trying every sequence.
fn all_moves(threads: &[Thread], moving: u32, seen: &mut [bool; 64]) -> u32 {
    if std::mem::replace(&mut seen[moving as usize], true) {
        return moving;
    }
    let mut ever = moving;
    for (at, thread) in threads.iter().enumerate() {
        if thread.as_ref().is_none_or(|need| met(need, moving)) {
            ever |= all_moves(threads, moving | 1 << at, seen);
        }
    }
    ever
}

fn random_need(random: &mut Random, threads: usize) -> WaitFor {
    let members = |random: &mut Random| {
        let count = random.below(4);
        let member = |_| match random.one_in(12) {
            true => UNKNOWN,
            false => random.below(threads),
        };
        (0..count).map(member).collect::<Vec<_>>()
    };
    match random.below(3) {
        0 => WaitFor::all_of(members(random)),
        1 => WaitFor::any_of(members(random)),
        _ => WaitFor {
            any_of: Some(members(random)),
            all_of: members(random),
        },
    }
}

#[test]
fn random_needs_agree_with_every_order_in_which_they_are_met() {
    let mut stuck_ones = 0;
    for seed in 0..5_000 {
        let mut random = Random::new(seed);
        let count = 1 + random.below(6);
        let threads: Vec<Thread> = (0..count)
            .map(|_| match random.below(5) {
                0 => runs(),
                _ => Some(random_need(&mut random, count)),
            })
            .collect();
        let stuck = stuck(&threads);
        let ever = all_moves(&threads, 0, &mut [false; 64]);
        for at in 0..count {
            assert_eq!(
                stuck[at],
                ever & (1 << at) == 0,
                "seed {seed}, thread {at}: {threads:?}"
            );
            if !stuck[at] {
                continue;
            }
            stuck_ones += 1;
            let chain = chain(&threads, &stuck, at);
            assert_eq!(chain.threads[0], at, "seed {seed}");
            assert!(chain.threads.iter().all(|n| stuck[*n]), "seed {seed}");
            let waits = |a: usize, b: usize| super::waits_for(&threads, &stuck, a).contains(&b);
            assert!(
                chain.threads.windows(2).all(|two| waits(two[0], two[1])),
                "seed {seed}"
            );
            let last = chain.threads[chain.threads.len() - 1];
            match chain.closes_at {
                Some(to) => assert!(waits(last, chain.threads[to]), "seed {seed}"),
                None => assert!(
                    super::waits_for(&threads, &stuck, last).is_empty(),
                    "seed {seed}"
                ),
            }
        }
    }
    assert!(
        stuck_ones > 1_000,
        "systems without deadlocks prove nothing"
    );
}
