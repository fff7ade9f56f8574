//! The threads that requested a lock exclusively.
//!
//! A reader waits for a reader only behind a writer that is queued between them, which is a further thread.
//! So a cycle with a reader that waits for a reader is a deadlock only if some writer can be there at the
//! same time as all threads of the cycle.

use std::sync::Arc;

use super::context::Context;
use super::gates::{Gate, GateSet, within};
use crate::engine::clock::vector_clock::Segment;
use crate::engine::ids::{LockId, ThreadId};

/// The most distinguished writers of one lock.
const DISTINGUISHED: usize = 16;

/// One way in which a lock was requested exclusively: thread, segment, and locks held.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    pub(super) segment: Segment,
    /// All locks held; the requested lock is among them if the writer upgrades a hold.
    pub(super) gates: Option<Arc<GateSet>>,
}

/// All writers of a lock.
#[derive(Debug)]
pub(super) enum Writers {
    /// These writers, none of which subsumes another.
    These(Vec<Writer>),
    /// More writers than are distinguished: any thread at any time counts as one.
    AnyThread,
}

impl Writers {
    /// Inserts a writer; returns whether it is news.
    pub(super) fn offer(&mut self, new: Writer) -> bool {
        let Writers::These(known) = self else {
            return false;
        };
        if known.iter().any(|writer| writer.says(&new)) {
            return false;
        }
        known.retain(|writer| !new.says(writer));
        if known.len() < DISTINGUISHED {
            known.push(new);
        } else {
            *self = Writers::AnyThread;
        }
        true
    }
}

impl Writer {
    pub(super) fn thread(&self) -> ThreadId {
        self.segment.thread()
    }

    /// Returns whether this writer can be queued whenever `other` can.
    fn says(&self, other: &Writer) -> bool {
        self.thread() == other.thread()
            && self.segment.number() == other.segment.number()
            && within(self.gates.as_ref(), other.gates.as_ref(), None)
    }

    /// Returns whether one of the two ended before the other began.
    pub(super) fn is_ordered(&self, other: &Segment) -> bool {
        self.segment.before(other) || other.before(&self.segment)
    }

    /// Returns whether `is` holds for one of the locks that this writer and the holder in a context of an edge from
    /// `from` cannot both hold.
    pub(super) fn any_gate_against(
        &self,
        context: &Context,
        from: LockId,
        is: &mut dyn FnMut(LockId) -> bool,
    ) -> bool {
        let Some(gates) = &self.gates else {
            return false;
        };
        context.held(from).any(|theirs| {
            let is_against = gates.get(theirs.lock).is_some_and(|mine| {
                mine.mode.excludes(theirs.mode) && self.holder(&mine) != context.holder(&theirs)
            });
            is_against && is(theirs.lock)
        })
    }

    /// Returns whether there is a lock that this writer and another one cannot both hold.
    pub(super) fn excludes(&self, other: &Writer) -> bool {
        let (Some(mine), Some(theirs)) = (&self.gates, &other.gates) else {
            return false;
        };
        mine.gates().iter().any(|gate| {
            theirs.get(gate.lock).is_some_and(|theirs| {
                gate.mode.excludes(theirs.mode) && self.holder(gate) != other.holder(&theirs)
            })
        })
    }

    /// Returns the thread that holds a lock of this writer's gates.
    fn holder(&self, gate: &Gate) -> ThreadId {
        gate.holder.unwrap_or(self.thread())
    }
}
