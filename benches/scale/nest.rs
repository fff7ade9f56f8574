//! One thread carries a plan out.

use std::time::{Duration, Instant};

use crate::allocator;
use crate::common::rounds::Spread;
use crate::common::subject::Subject;
use crate::figures::Figures;
use crate::plan::Plan;
use crate::{Bare, Ours};

/// Acquisitions of known edges that make a sample.
const ACQUISITIONS: usize = 300_000;
/// Samples of known acquisitions. The smallest counts: the question is what grows with the size, and
/// what else the machine does only ever adds.
const SAMPLES: usize = 9;
/// A plan with fewer new edges, or first acquisitions, than this is carried out more than once,
/// each time with fresh locks.
const NEWS: usize = 2_000;

/// What a plan costs.
pub(crate) fn measure(plan: &Plan) -> Figures {
    // The first time two places nest, a stack is captured; and threads and lists get their first
    // room. That is there once, whatever the size.
    once::<Ours>(&warm_up(plan));
    let news = plan.edges.max(plan.sequence.len() / plan.width);
    let times = (NEWS / news).clamp(1, 200);
    let (mut new, mut bytes, mut kept) = (Vec::new(), 0, 0);
    for time in 0..times {
        let before = allocator::in_use();
        let locks: Vec<_> = (0..plan.locks).map(|_| Ours::mutex()).collect();
        let made = allocator::in_use();
        new.push(nanoseconds(carry_out::<Ours>(plan, &locks, 1), news));
        let known = allocator::in_use();
        drop(locks);
        // Later on, room that was kept is used again.
        if time == 0 {
            bytes = known - made;
            kept = allocator::in_use() - before;
        }
    }
    let (known, bare) = known(plan);
    Figures {
        locks: plan.locks,
        edges: plan.edges,
        threads: 1,
        depth: plan.width,
        new: Spread::of(&new).least,
        known,
        bare,
        bytes,
        kept,
    }
}

/// The known acquisitions of watched locks and of bare ones, in nanoseconds each.
fn known(plan: &Plan) -> (f64, f64) {
    let ours: Vec<_> = (0..plan.locks).map(|_| Ours::mutex()).collect();
    let bare: Vec<_> = (0..plan.locks).map(|_| Bare::mutex()).collect();
    carry_out::<Ours>(plan, &ours, 1);
    carry_out::<Bare>(plan, &bare, 1);
    let passes = (ACQUISITIONS / plan.sequence.len()).max(1);
    let count = passes * plan.sequence.len();
    let mut samples = [Vec::new(), Vec::new()];
    for _ in 0..SAMPLES {
        samples[0].push(nanoseconds(carry_out::<Ours>(plan, &ours, passes), count));
        samples[1].push(nanoseconds(carry_out::<Bare>(plan, &bare, passes), count));
    }
    let [ours, bare] = samples.map(|samples| Spread::of(&samples).least);
    (ours, bare)
}

fn nanoseconds(time: Duration, count: usize) -> f64 {
    time.as_secs_f64() * 1e9 / count as f64
}

/// A few nests of the same width, of other locks.
fn warm_up(plan: &Plan) -> Plan {
    Plan {
        locks: plan.width,
        edges: 0,
        width: plan.width,
        sequence: (0..plan.width as u32).collect(),
    }
}

fn once<S: Subject>(plan: &Plan) {
    let locks: Vec<_> = (0..plan.locks).map(|_| S::mutex()).collect();
    carry_out::<S>(plan, &locks, 1);
}

#[inline(never)]
fn carry_out<S: Subject>(plan: &Plan, locks: &[S::Mutex], passes: usize) -> Duration {
    let mut held: Vec<S::Guard<'_>> = Vec::with_capacity(plan.width);
    let start = Instant::now();
    for _ in 0..passes {
        for nest in plan.sequence.chunks_exact(plan.width) {
            for &lock in nest {
                let mut guard = S::lock(&locks[lock as usize]);
                *guard += 1;
                held.push(guard);
            }
            while let Some(guard) = held.pop() {
                drop(guard);
            }
        }
    }
    start.elapsed()
}
