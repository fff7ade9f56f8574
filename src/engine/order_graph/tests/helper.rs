//! Short words for acquisitions and findings.

use std::panic::Location;

use crate::engine::acquisition::{Acquisition, Finding, Held};
use crate::engine::clock::vector_clock::Segment;
use crate::engine::ids::{LockId, ThreadId};
use crate::engine::mode::Mode;
use crate::engine::order_graph::OrderGraph;
use crate::engine::verdict::Verdict;

pub(super) fn lock(n: usize) -> LockId {
    LockId::new(n as u64).expect("tests number locks from 1")
}

#[track_caller]
pub(super) fn held(n: usize, mode: Mode) -> Held {
    Held {
        lock: lock(n),
        mode,
        site: Location::caller(),
    }
}

/// The first segment of a thread that nothing orders.
pub(super) fn thread(n: u64) -> Segment {
    Segment::first(ThreadId::new(n))
}

/// `segment` asks for `to` while it holds `from`, in the modes given.
#[track_caller]
pub(super) fn take_as(
    graph: &mut OrderGraph,
    segment: &Segment,
    from: &[(usize, Mode)],
    to: (usize, Mode),
) -> Vec<Finding> {
    let held: Vec<Held> = from.iter().map(|(n, mode)| self::held(*n, *mode)).collect();
    graph.acquire(&Acquisition {
        thread: segment.thread(),
        segment,
        held: &held,
        inherited: &[],
        gone: &[],
        lock: lock(to.0),
        mode: to.1,
        site: Location::caller(),
    })
}

/// As `take_as`, all exclusive.
#[track_caller]
pub(super) fn take(
    graph: &mut OrderGraph,
    segment: &Segment,
    from: &[usize],
    to: usize,
) -> Vec<Finding> {
    let from: Vec<_> = from.iter().map(|n| (*n, Mode::Exclusive)).collect();
    take_as(graph, segment, &from, (to, Mode::Exclusive))
}

/// The verdicts and the locks of some findings, each in canonical rotation.
pub(super) fn told(findings: &[Finding]) -> Vec<(Verdict, Vec<u64>)> {
    let locks = |f: &Finding| f.links.iter().map(|link| link.from.get()).collect();
    findings.iter().map(|f| (f.verdict, locks(f))).collect()
}
