//! The smallest program that still shows something.

use super::program::{Op, Program};

/// Takes statements out of a program for as long as `shows` holds of what is left.
pub(crate) fn shrink(program: &Program, shows: impl Fn(&Program) -> bool) -> Program {
    let mut smallest = program.clone();
    loop {
        let smaller = candidates(&smallest)
            .into_iter()
            .find(|candidate| candidate.len() < smallest.len() && shows(candidate));
        match smaller {
            Some(smaller) => smallest = smaller,
            None => return smallest,
        }
    }
}

/// The programs with one part less, the largest parts first.
fn candidates(program: &Program) -> Vec<Program> {
    let mut candidates = Vec::new();
    for thread in 0..program.threads.len() {
        let mut candidate = program.clone();
        candidate.threads[thread].clear();
        candidates.push(candidate.normalised());
    }
    for thread in 0..program.threads.len() {
        for at in 0..program.threads[thread].len() {
            let mut candidate = program.clone();
            let ops = &mut candidate.threads[thread];
            let gone = ops.remove(at);
            if let Op::Acquire { guard, .. } = gone {
                ops.retain(|op| !matches!(op, Op::Release { guard: g, .. } | Op::Upgrade { guard: g } | Op::Wait { guard: g } if *g == guard));
            }
            // A thread without a lock of its own is no longer waited for.
            if let Op::Spawn(child) = gone {
                ops.retain(|op| *op != Op::Join(child));
            }
            candidates.push(candidate.normalised());
        }
    }
    candidates
}
