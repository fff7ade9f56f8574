//! Short constructors for acquisitions, and a short form of findings.

use std::panic::Location;

use crate::engine::acquisition::{Acquisition, Finding, HeldInfo};
use crate::engine::clock::vector_clock::Segment;
use crate::engine::ids::{LockId, ThreadId};
use crate::engine::mode::Mode;
use crate::engine::order_graph::OrderGraph;
use crate::engine::verdict::Verdict;

pub(super) fn lock(n: usize) -> LockId {
    LockId::new(n as u64).expect("tests number locks from 1")
}

#[track_caller]
pub(super) fn held(n: usize, mode: Mode) -> HeldInfo {
    HeldInfo {
        lock: lock(n),
        mode,
        site: Location::caller(),
    }
}

/// Returns the first segment of a thread that is ordered with no other.
pub(super) fn thread(n: u64) -> Segment {
    Segment::first(ThreadId::new(n))
}

/// Records that `segment` requests `to` while it holds `from`, in the modes given.
#[track_caller]
pub(super) fn take_as(
    graph: &mut OrderGraph,
    segment: &Segment,
    from: &[(usize, Mode)],
    to: (usize, Mode),
) -> Vec<Finding> {
    let held: Vec<HeldInfo> = from.iter().map(|(n, mode)| self::held(*n, *mode)).collect();
    graph.acquire(&Acquisition {
        segment,
        held: &held,
        inherited: &[],
        gone: &[],
        lock: lock(to.0),
        mode: to.1,
        site: Location::caller(),
    })
}

/// Calls `take_as` with exclusive modes.
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

/// Returns the verdicts and the locks of some findings, each in canonical rotation.
pub(super) fn reported(findings: &[Finding]) -> Vec<(Verdict, Vec<u64>)> {
    let locks = |f: &Finding| f.links.iter().map(|link| link.from.get()).collect();
    findings.iter().map(|f| (f.verdict, locks(f))).collect()
}
