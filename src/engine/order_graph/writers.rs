//! Who was seen to ask for a lock exclusively.
//!
//! A reader waits for a reader only behind a writer that is queued between them, which is a thread
//! of its own. So a cycle that passes from reader to reader is a deadlock only if some writer can be
//! there at the same time as all threads of the cycle.

use std::sync::Arc;

use super::context::Context;
use super::gates::{Gate, GateSet, excludes, within};
use crate::engine::clock::vector_clock::Segment;
use crate::engine::ids::{LockId, ThreadId};

/// How many ways in which a lock was written are told apart.
const TOLD_APART: usize = 16;

/// One way in which a lock was asked for exclusively: by whom, when, and under which locks.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    pub(super) segment: Segment,
    /// All that is held; the lock itself is among it if the writer upgrades a hold.
    pub(super) gates: Option<Arc<GateSet>>,
}

/// All ways in which a lock was asked for exclusively.
#[derive(Debug)]
pub(super) enum Writers {
    /// These, none of which says what another one says too.
    These(Vec<Writer>),
    /// More than are told apart: any thread at any time, for all that is known.
    Anyone,
}

impl Writers {
    /// Takes in a writer; returns whether that is news.
    pub(super) fn offer(&mut self, new: Writer) -> bool {
        let Writers::These(known) = self else {
            return false;
        };
        if known.iter().any(|writer| writer.says(&new)) {
            return false;
        }
        known.retain(|writer| !new.says(writer));
        if known.len() < TOLD_APART {
            known.push(new);
        } else {
            *self = Writers::Anyone;
        }
        true
    }

    pub(super) fn is_anyone(&self) -> bool {
        matches!(self, Writers::Anyone)
    }
}

impl Writer {
    pub(super) fn thread(&self) -> ThreadId {
        self.segment.thread()
    }

    /// Whether this one can be queued whenever `other` can.
    fn says(&self, other: &Writer) -> bool {
        self.thread() == other.thread()
            && self.segment.number() == other.segment.number()
            && within(self.gates.as_ref(), other.gates.as_ref(), None)
    }

    /// Whether one of the two was over before the other began.
    pub(super) fn is_ordered(&self, other: &Segment) -> bool {
        self.segment.before(other) || other.before(&self.segment)
    }

    /// The locks that this one and the holder in a context of an edge cannot both hold.
    pub(super) fn gates_against<'a>(
        &'a self,
        context: &'a Context,
        ends: (LockId, LockId),
    ) -> impl Iterator<Item = LockId> + 'a {
        let gates = self.gates.iter().flat_map(move |mine| {
            context.held(ends).filter(move |theirs| {
                mine.get(theirs.lock).is_some_and(|gate| {
                    excludes(gate.mode, theirs.mode) && self.holder(&gate) != context.holder(theirs)
                })
            })
        });
        gates.map(|gate| gate.lock)
    }

    /// Whether there is a lock that this one and another writer cannot both hold.
    pub(super) fn excludes(&self, other: &Writer) -> bool {
        let (Some(mine), Some(theirs)) = (&self.gates, &other.gates) else {
            return false;
        };
        mine.iter().any(|gate| {
            theirs.get(gate.lock).is_some_and(|theirs| {
                excludes(gate.mode, theirs.mode) && self.holder(gate) != other.holder(&theirs)
            })
        })
    }

    /// Who holds a lock that is held around it.
    fn holder(&self, gate: &Gate) -> ThreadId {
        gate.holder.unwrap_or(self.thread())
    }
}
