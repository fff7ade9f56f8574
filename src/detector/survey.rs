//! What threads hold and wait for at this moment, whether they run or not.
//!
//! A thread that runs may be at another place before the answer is read. So nothing is claimed of
//! such an answer but that each line of it was so a moment ago.

#![allow(unsafe_code)]

use std::time::Duration;

use super::describe;
use crate::engine::awaited::Awaited;
use crate::engine::ids::{LockId, Site, ThreadId};
use crate::engine::mode::Mode;
use crate::report::LockInfo;
use crate::tracking::ident::Ident;
use crate::tracking::pin::Pin;
use crate::tracking::registry;
use crate::tracking::slot::Slot;
use crate::tracking::wait::{self, Need};

/// One thread, as it was seen.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) id: ThreadId,
    pub(crate) name: Option<String>,
    /// Whether it has ended, and left these locks behind.
    pub(crate) ended: bool,
    /// The locks that it holds, in the order in which it took them.
    pub(crate) held: Vec<SeenHold>,
    /// What it waits for, if that is something that is watched.
    pub(crate) waits: Option<SeenWait>,
}

/// A lock that a thread holds.
#[derive(Clone, Debug)]
pub(crate) struct SeenHold {
    pub(crate) lock: LockInfo,
    pub(crate) mode: Mode,
    pub(crate) site: Site,
}

/// A wait of a thread.
#[derive(Clone, Debug)]
pub(crate) struct SeenWait {
    pub(crate) lock: LockInfo,
    pub(crate) what: What,
    pub(crate) site: Site,
    pub(crate) since: Duration,
    /// Whether it ends by itself, at a deadline.
    pub(crate) timed: bool,
}

/// What a thread needs of the thing that it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// To have it in a mode.
    Lock(Mode),
    /// To be its only holder.
    Upgrade,
    /// Something that is no lock.
    Other(Awaited),
}

impl What {
    /// In words, if `name` is what the thing is called.
    pub(crate) fn of(self, name: &str) -> String {
        match self {
            What::Lock(mode) => format!("{name} ({mode})"),
            What::Upgrade => format!("{name} (the upgrade to exclusive)"),
            What::Other(awaited) => awaited.of(name),
        }
    }
}

/// The threads whose scope is `scope`, in the order in which they were first seen by the detector.
///
/// Costs some microseconds a thread.
pub(crate) fn threads(scope: u64) -> Vec<Seen> {
    let pin = Pin::new();
    let slots = registry::occupied();
    let of_scope = slots.into_iter().filter(|slot| slot.scope() == scope);
    let mut seen: Vec<Seen> = of_scope.filter_map(|slot| see(slot, &pin)).collect();
    seen.sort_by_key(|thread| thread.id);
    seen
}

/// The locks that the calling thread holds, whose slot it is, with the addresses of their idents.
pub(crate) fn own(slot: &'static Slot) -> Vec<(*const Ident, SeenHold)> {
    let held = slot.held().unwrap_or_default();
    let held = held.iter().map(|hold| {
        let seen = SeenHold {
            lock: describe::card(describe::ident_of(hold)),
            mode: hold.mode,
            site: hold.site,
        };
        (hold.ident, seen)
    });
    held.collect()
}

fn see(slot: &'static Slot, _pin: &Pin) -> Option<Seen> {
    let id = slot.thread()?;
    // SAFETY: a slot lists idents of locks that its thread holds, or waits for, and was read after
    // the pin was made; as long as that is alive no ident is freed.
    let card = |ident: *const Ident| unsafe { ident.as_ref() }.and_then(card);
    let waits = slot.wait.read().and_then(|wait| {
        Some(SeenWait {
            lock: card(wait.ident)?,
            what: match wait.need {
                Need::Lock(mode) => What::Lock(mode),
                Need::Upgrade => What::Upgrade,
                Need::Other(awaited) => What::Other(awaited),
            },
            site: wait.site,
            since: Duration::from_nanos(wait::now().saturating_sub(wait.since)),
            timed: wait.timed,
        })
    });
    let held = slot.held().unwrap_or_default();
    let held = held.iter().filter_map(|hold| {
        Some(SeenHold {
            lock: card(hold.ident)?,
            mode: hold.mode,
            site: hold.site,
        })
    });
    Some(Seen {
        id,
        name: slot.name(),
        ended: slot.has_ended(),
        held: held.collect(),
        waits,
    })
}

/// What a report says of a lock that may be dropped at any moment; `None` if it is gone.
fn card(ident: &Ident) -> Option<LockInfo> {
    let card = describe::card(ident);
    (card.id != LockId::LAST).then_some(card)
}
