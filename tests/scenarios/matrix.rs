//! The lock order matrix: for every kind of lock in every mode, the orders AA, ABBA, ABBCCA,
//! ABCABC, ABBCCDDA and ABCDBCDA.
//!
//! The last four are cycles over three and four locks whose edges are seen in one order or
//! another; here all orders are run.

use super::harness::{Case, case, check};
use super::kinds::{Any, Conduct, How, Sort};
use super::schedule::{self, Schedule, Script, nested, permutations, schedules};
use super::turns::{elsewhere, panics};

const NAMES: [&str; 4] = ["A", "B", "C", "D"];

/// Which of the locks of a cycle had a writer, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    Never,
    Before,
    After,
    /// All but the first, before.
    NotAll,
    /// All, before, by one thread: it can be queued at one of them only.
    ByOne,
}

/// Each by a thread of its own.
fn write(locks: &[Any]) {
    for lock in locks {
        elsewhere(|| drop(lock.take(How::Exclusive)));
    }
}

/// Runs one cycle, in one schedule.
fn run(sort: Sort, scripts: &[Script], schedule: &Schedule, written: Written) {
    let locks: Vec<Any> = (0..scripts.len()).map(|n| sort.make(NAMES[n])).collect();
    match written {
        Written::Before => write(&locks),
        Written::NotAll => write(&locks[1..]),
        Written::ByOne => elsewhere(|| {
            for lock in &locks {
                drop(lock.take(How::Exclusive));
            }
        }),
        Written::Never | Written::After => {}
    }
    schedule::run(&locks, scripts, schedule);
    if written == Written::After {
        write(&locks);
    }
}

/// The cycle over `count` locks, in every schedule there is.
fn cycle(sort: Sort, how: How, count: usize) -> Vec<Case> {
    let scripts: Vec<Script> = (0..count)
        .map(|n| nested(&[(n, how), ((n + 1) % count, how)]))
        .collect();
    // Of two threads every interleaving, but only where something excludes: 70 ways to share tell
    // no more than those in which the threads come one after the other.
    let all = if count == 2 && how != How::Shared {
        schedules(&scripts)
    } else {
        permutations(&scripts)
    };
    let whens: &[Written] = match how {
        How::Shared => &[
            Written::Never,
            Written::Before,
            Written::After,
            Written::NotAll,
            Written::ByOne,
        ],
        _ => &[Written::Never],
    };
    let mut cases = Vec::new();
    for schedule in all {
        for &written in whens {
            let found = match sort.conduct(how) {
                Conduct::Conflicts | Conduct::Reentrant => true,
                Conduct::WriterBlocksReaders => {
                    matches!(written, Written::Before | Written::After)
                }
                Conduct::ReadersPass => false,
            };
            let (scripts, schedule) = (scripts.clone(), schedule.clone());
            let name = format!("{sort:?} {how:?} {schedule:?} {written:?}");
            let case = case(name, move || run(sort, &scripts, &schedule, written));
            cases.push(if found {
                case.finds(format!("Inversion {}", NAMES[..count].join(" ")))
            } else {
                case
            });
        }
    }
    cases
}

#[test]
fn aa_is_reported_before_it_blocks_but_for_what_may_be_taken_twice() {
    check!(Sort::ALL.map(|(sort, how)| {
        let conduct = sort.conduct(how);
        let case = case(format!("{sort:?} {how:?}"), move || {
            let a = sort.make("A");
            let first = a.take(how);
            if conduct == Conduct::Conflicts {
                let said = panics(|| a.take(how));
                assert!(said.starts_with("lockwarden: SelfDeadlock"), "{said}");
            } else {
                let _second = a.take(how);
            }
            drop(first);
            // What comes out of it is a lock as good as before.
            drop(a.take(How::Exclusive));
        });
        match conduct {
            Conduct::Conflicts => case.finds("SelfDeadlock A"),
            Conduct::WriterBlocksReaders => case.finds("RecursiveRead A"),
            Conduct::ReadersPass | Conduct::Reentrant => case,
        }
    }));
}

#[test]
fn abba_of_mutexes() {
    check!(
        Sort::ALL
            .into_iter()
            .filter(|(_, how)| *how == How::Exclusive)
            .flat_map(|(sort, how)| cycle(sort, how, 2))
    );
}

#[test]
fn abba_of_readers() {
    check!(
        Sort::ALL
            .into_iter()
            .filter(|(_, how)| *how != How::Exclusive)
            .flat_map(|(sort, how)| cycle(sort, how, 2))
    );
}

#[test]
fn abbcca_and_abcabc_of_mutexes() {
    check!(
        Sort::ALL
            .into_iter()
            .filter(|(_, how)| *how == How::Exclusive)
            .flat_map(|(sort, how)| cycle(sort, how, 3))
    );
}

#[test]
fn abbcca_and_abcabc_of_readers() {
    check!(
        Sort::ALL
            .into_iter()
            .filter(|(_, how)| *how != How::Exclusive)
            .flat_map(|(sort, how)| cycle(sort, how, 3))
    );
}

#[test]
fn abbccdda_and_abcdbcda_of_mutexes() {
    check!(
        Sort::ALL
            .into_iter()
            .filter(|(_, how)| *how == How::Exclusive)
            .flat_map(|(sort, how)| cycle(sort, how, 4))
    );
}

#[test]
fn abbccdda_and_abcdbcda_of_readers() {
    check!(
        Sort::ALL
            .into_iter()
            .filter(|(_, how)| *how != How::Exclusive)
            .flat_map(|(sort, how)| cycle(sort, how, 4))
    );
}
