//! What a selection waits for.

use std::time::{Duration, Instant};

use super::watch;
use crate::instrument::{Awaited, Ends, LockKind, Resource, Side, Site, meet};

static SELECT: LockKind = LockKind::new("select");

/// One operation of a selection.
#[derive(Clone)]
pub(super) struct Branch<'a> {
    pub(super) index: usize,
    pub(super) ends: &'a Ends,
    pub(super) side: Side,
    /// Whether its channel holds no messages.
    pub(super) is_direct: bool,
    /// Whether its messages come by themselves.
    pub(super) is_clock: bool,
}

/// The operations of a selection.
#[derive(Clone, Default)]
pub(super) struct Branches<'a>(Vec<Branch<'a>>);

impl<'a> Branches<'a> {
    pub(super) fn add(&mut self, branch: Branch<'a>) {
        self.0.push(branch);
    }

    pub(super) fn remove(&mut self, index: usize) {
        self.0.retain(|branch| branch.index != index);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Waits for one of them, without a limit.
    #[cold]
    #[track_caller]
    pub(super) fn wait<R>(
        &self,
        site: Site,
        mut attempt: impl FnMut(Option<Duration>) -> Option<R>,
    ) -> R {
        // A selection is nothing that lasts: its class is the place at which it waits.
        let record = Resource::new(&SELECT);
        if self.0.iter().any(|branch| branch.is_clock) {
            let attempt = |limit| attempt(Some(limit));
            return watch::wait_for_the_clock(&record, Awaited::Selection, site, attempt);
        }
        let direct: Vec<&Branch<'_>> = self.0.iter().filter(|branch| branch.is_direct).collect();
        let _here: Vec<_> = direct.iter().map(|b| b.ends.come(b.side)).collect();
        let is_met = || direct.iter().any(|branch| is_met(branch, &direct));
        record.wait(Awaited::Selection, site, |limit| {
            meet(limit, is_met, &mut attempt)
        })
    }

    /// Waits for one of them until `deadline` at most.
    #[cold]
    #[track_caller]
    pub(super) fn wait_until<R>(
        &self,
        deadline: Instant,
        site: Site,
        attempt: impl FnMut(Duration) -> Option<R>,
    ) -> Option<R> {
        let record = Resource::new(&SELECT);
        record.wait_until(Awaited::Selection, deadline, site, attempt)
    }
}

/// Whether somebody else waits on the other side of a channel: a selection does not hand anything
/// over to itself.
fn is_met(branch: &Branch<'_>, all: &[&Branch<'_>]) -> bool {
    let mine = all
        .iter()
        .filter(|other| other.side == branch.side.opposite() && other.ends.is_same(branch.ends));
    branch.ends.is_met(branch.side, mine.count())
}
