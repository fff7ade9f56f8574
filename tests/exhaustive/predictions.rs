//! What the detector predicts of a program, and which of it an exploration confirms.

use std::collections::{BTreeMap, BTreeSet};

use lockwarden::report::{Report, Verdict};
use lockwarden::testing::explore::{Confirmation, FindingKind};

use super::machine::Rules;
use super::ours::{self, NAMES};
use super::program::Program;
use super::truth;

/// The schedules that are run to see what is predicted, and at most for each prediction.
const SEEN: usize = 3;
const TRIED: usize = 60;

/// How many predictions there are, and how many of them are confirmed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) reachable: usize,
    pub(crate) confirmed: usize,
    pub(crate) unreachable: usize,
}

/// The links of a cycle: the lock that is held, and the one that is asked for.
type Links = BTreeSet<(u8, u8)>;

fn links(report: &Report) -> Links {
    let number = |id| {
        let name = report.lock(id).and_then(|lock| lock.name);
        let at = NAMES.iter().position(|it| Some(*it) == name);
        at.expect("each lock has a name") as u8
    };
    let edges = report.edges.iter();
    edges
        .map(|edge| (number(edge.from), number(edge.to)))
        .collect()
}

/// The cycles that some schedules show, each once.
fn predictions(program: &Program) -> BTreeMap<Links, Report> {
    let outcome = ours::explored(program)
        .schedules(SEEN)
        .keep_going(true)
        .run();
    let findings = outcome.findings().iter();
    let reports = findings.filter_map(|finding| match finding.kind() {
        FindingKind::Report(report) => Some((**report).clone()),
        _ => None,
    });
    let predicts = |report: &Report| {
        let predictions = [
            Verdict::Inversion,
            Verdict::Guarded,
            Verdict::Ordered,
            Verdict::SingleThread,
        ];
        predictions.contains(&report.verdict) && report.edges.len() > 1
    };
    reports
        .filter(predicts)
        .map(|report| (links(&report), report))
        .collect()
}

/// Tries to confirm each prediction of the program, and adds it to the tally of its verdict.
///
/// # Panics
///
/// If one is confirmed that cannot be reached.
pub(crate) fn confirm(program: &Program, seed: u64, tallies: &mut BTreeMap<&'static str, Tally>) {
    let predictions = predictions(program);
    if predictions.is_empty() {
        return;
    }
    let truth = truth::explore(program, Rules::TRUTH);
    assert!(truth.whole, "seed {seed} has too many states:\n{program}");
    let reached = truth.cycles.iter();
    let reached: BTreeSet<Links> = reached
        .map(|cycle| cycle.0.iter().map(|hop| (hop.from, hop.to)).collect())
        .collect();
    for (links, report) in predictions {
        let confirmation = ours::explored(program).schedules(TRIED).confirm(&report);
        let is_confirmed = matches!(confirmation, Confirmation::Confirmed(_));
        let is_reachable = reached.contains(&links);
        assert!(
            is_reachable || !is_confirmed,
            "seed {seed}, {links:?}:\n{program}{confirmation}"
        );
        if is_reachable && !is_confirmed {
            println!(
                "not confirmed, seed {seed}, {} over {links:?}: {confirmation}{program}",
                report.verdict
            );
        }
        let tally = tallies.entry(report.verdict.name()).or_default();
        tally.reachable += usize::from(is_reachable);
        tally.confirmed += usize::from(is_confirmed);
        tally.unreachable += usize::from(!is_reachable);
    }
}
