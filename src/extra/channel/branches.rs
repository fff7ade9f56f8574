//! Operations of a selection, and the wait for one of them.

use std::time::{Duration, Instant};

use crate::instrument::{
    Endpoints, Side, Site, deadline_after, select_on, wait_for_selection, wait_for_selection_until,
};

/// One operation of a selection.
#[derive(Clone)]
pub(super) struct Branch<'a> {
    pub(super) index: usize,
    pub(super) ends: &'a Endpoints,
    pub(super) side: Side,
    /// Whether its channel has a capacity of zero.
    pub(super) is_direct: bool,
    /// Whether the clock sends its messages.
    pub(super) is_clock: bool,
}

/// Operations of a selection.
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

    /// Waits until one of the operations is possible, without a time limit. It is made later, before
    /// `hand_over_completed` is called.
    #[cold]
    pub(super) fn wait<R>(
        &self,
        site: Site,
        mut attempt: impl FnMut(Option<Duration>) -> Option<R>,
    ) -> R {
        if self.0.iter().any(|branch| branch.is_clock) {
            // The clock is taken to end this wait, so it is published with a deadline and never
            // counts as stuck.
            loop {
                let distant = deadline_after(Duration::MAX);
                let done = self.wait_until(distant, site, |limit| attempt(Some(limit)));
                if let Some(done) = done {
                    return done;
                }
            }
        }
        let _selecting: Vec<_> = self.0.iter().map(|branch| branch.ends.select()).collect();
        let direct: Vec<&Branch<'_>> = self.0.iter().filter(|branch| branch.is_direct).collect();
        let _here: Vec<_> = direct.iter().map(|b| b.ends.register(b.side)).collect();
        let has_counterpart = || direct.iter().any(|branch| has_counterpart(branch, &direct));
        let partner = |branch: &&Branch<'_>| branch.ends.place(branch.side.opposite());
        let partners: Vec<usize> = direct.iter().map(partner).collect();
        wait_for_selection(site, |limit| {
            select_on(limit, has_counterpart, &partners, &mut attempt)
        })
    }

    /// Waits for one of the operations until `deadline` at most.
    #[cold]
    pub(super) fn wait_until<R>(
        &self,
        deadline: Instant,
        site: Site,
        attempt: impl FnMut(Duration) -> Option<R>,
    ) -> Option<R> {
        wait_for_selection_until(deadline, site, attempt)
    }
}

/// Returns whether another thread waits on the other side of a channel: a selection does not hand a
/// message over to itself.
fn has_counterpart(branch: &Branch<'_>, all: &[&Branch<'_>]) -> bool {
    let mine = all
        .iter()
        .filter(|other| other.side == branch.side.opposite() && other.ends.is_same(branch.ends));
    branch.ends.has_counterpart(branch.side, mine.count())
}
