//! Scripts of lock operations, and every order in which threads can run through them.

use std::thread;

use super::kinds::{Any, Held, How};
use super::turns::Turns;

/// One operation of a thread on lock number `0`, `1`, ...
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Take(usize, How),
    Release(usize),
}

/// What one thread does.
pub(crate) type Script = Vec<Op>;

/// Takes the locks one under the other, and releases them innermost first.
pub(crate) fn nested(locks: &[(usize, How)]) -> Script {
    let takes = locks.iter().map(|&(lock, how)| Op::Take(lock, how));
    let releases = locks.iter().rev().map(|&(lock, _)| Op::Release(lock));
    takes.chain(releases).collect()
}

/// Which thread's next operation comes, one after the other.
pub(crate) type Schedule = Vec<usize>;

/// Every order of the operations of all scripts in which no operation has to wait.
///
/// Scripts take no lock twice.
pub(crate) fn schedules(scripts: &[Script]) -> Vec<Schedule> {
    let mut all = Vec::new();
    let mut at = vec![0; scripts.len()];
    extend(scripts, &mut at, &mut Vec::new(), &mut all);
    all
}

fn extend(scripts: &[Script], at: &mut [usize], so_far: &mut Schedule, all: &mut Vec<Schedule>) {
    if (0..scripts.len()).all(|thread| at[thread] == scripts[thread].len()) {
        all.push(so_far.clone());
        return;
    }
    for thread in 0..scripts.len() {
        let Some(&op) = scripts[thread].get(at[thread]) else {
            continue;
        };
        if !goes_on(scripts, at, thread, op) {
            continue;
        }
        at[thread] += 1;
        so_far.push(thread);
        extend(scripts, at, so_far, all);
        so_far.pop();
        at[thread] -= 1;
    }
}

/// Whether `thread` can do `op` at once, given how far all have come.
fn goes_on(scripts: &[Script], at: &[usize], thread: usize, op: Op) -> bool {
    let Op::Take(lock, how) = op else { return true };
    (0..scripts.len())
        .filter(|&other| other != thread)
        .all(|other| {
            let done = &scripts[other][..at[other]];
            let taken = done.iter().rev().find_map(|op| match *op {
                Op::Take(l, how) if l == lock => Some(Some(how)),
                Op::Release(l) if l == lock => Some(None),
                _ => None,
            });
            !matches!(taken.flatten(), Some(held) if conflict(how, held))
        })
}

fn conflict(a: How, b: How) -> bool {
    a == How::Exclusive || b == How::Exclusive || (a == How::Upgradable && b == How::Upgradable)
}

/// Every order in which the scripts can run one after the other.
pub(crate) fn permutations(scripts: &[Script]) -> Vec<Schedule> {
    orders(scripts.len())
        .into_iter()
        .map(|order| {
            order
                .into_iter()
                .flat_map(|thread| vec![thread; scripts[thread].len()])
                .collect()
        })
        .collect()
}

/// Every order of the numbers below `n`.
pub(crate) fn orders(n: usize) -> Vec<Vec<usize>> {
    let mut orders = vec![Vec::new()];
    for number in 0..n {
        orders = orders
            .into_iter()
            .flat_map(|order| {
                (0..=order.len()).map(move |at| {
                    let mut longer = order.clone();
                    longer.insert(at, number);
                    longer
                })
            })
            .collect();
    }
    orders
}

/// Runs the scripts on `locks`, each in a thread of its own, in the order of the schedule.
pub(crate) fn run(locks: &[Any], scripts: &[Script], schedule: &Schedule) {
    let turns = Turns::new();
    thread::scope(|scope| {
        for (thread, script) in scripts.iter().enumerate() {
            let mine: Vec<usize> = (0..schedule.len())
                .filter(|&turn| schedule[turn] == thread)
                .collect();
            let turns = &turns;
            scope.spawn(move || {
                let mut held: Vec<(usize, Held<'_>)> = Vec::new();
                for (&turn, &op) in mine.iter().zip(script) {
                    turns.take(turn, || match op {
                        Op::Take(lock, how) => held.push((lock, locks[lock].take(how))),
                        Op::Release(lock) => {
                            let at = held.iter().rposition(|(l, _)| *l == lock);
                            drop(held.remove(at.expect("a script releases what it took")));
                        }
                    });
                }
            });
        }
    });
}

#[test]
fn schedules_are_all_the_orders_in_which_no_thread_waits() {
    let exclusive = |a, b| nested(&[(a, How::Exclusive), (b, How::Exclusive)]);
    // Without a common lock: all interleavings of four and four.
    assert_eq!(schedules(&[exclusive(0, 1), exclusive(2, 3)]).len(), 70);
    // On the same locks in the same order: one after the other, or the second thread takes the
    // first lock... never before it was released, which is the last thing the first thread does.
    assert_eq!(schedules(&[exclusive(0, 1), exclusive(0, 1)]).len(), 2);
    let shared = |a, b| nested(&[(a, How::Shared), (b, How::Shared)]);
    assert_eq!(schedules(&[shared(0, 1), shared(1, 0)]).len(), 70);
    assert_eq!(permutations(&[exclusive(0, 1), exclusive(1, 0)]).len(), 2);
    assert_eq!(orders(4).len(), 24);
}
