//! What the detector found: data first, text second.
//!
//! A [`Report`] holds everything that is known of one finding: its verdict, the locks and the
//! threads that take part, each edge with the places of both its sides, the stacks, why the
//! verdict is what it is, and what to do about it. Its `Display` is the text that goes to
//! standard error; whoever wants another form reads the fields.
//!
//! The text begins with `lockwarden: ` and the name of the verdict. Then it reads in the order in
//! which a person asks: what is being taken, what is held meanwhile, who takes the same locks the
//! other way round and where that was first seen, how the two meet, why this verdict, what to
//! change; then the locks that every thread of the report holds, and the stacks. A number behind a
//! name, `(#3)`, is the id of the thread or of the lock: it tells apart what has the same name.
//!
//! Making the text reads the source files that the report names, where they are at hand, and
//! resolves the stacks. Nothing of that is done before the text is asked for, but for the lines between
//! two calls which the advice might tell to swap; and no lock of the detector is held while it is made. What goes to standard error goes there in two writes: the
//! stacks, which can take long to resolve, come after everything else.

mod activity;
mod data;
mod headline;
mod interleaving;
mod lock;
mod module;
mod names;
mod snippet;
mod source;
mod stack;
mod stall;
mod suggestion;
mod symbols;
mod text;
mod thread;
mod wrap;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod snapshots;

pub use self::activity::Activity;
pub use self::data::{Basis, Edge, Report};
pub use self::lock::LockInfo;
pub use self::stack::{Stack, StackFrame};
pub use self::stall::{Holder, Stall, StallCause};
pub use self::thread::{FreedBy, HeldInfo, ThreadInfo, WaitInfo, WaitsFor};
pub use crate::engine::counts::Counts;
pub use crate::engine::ids::{LockId, Site, ThreadId};
pub use crate::engine::mode::Mode;
pub use crate::engine::reacquisition::Reacquisition;
pub use crate::engine::verdict::Verdict;
pub use crate::engine::wait_reason::WaitReason;

pub(crate) use self::data::Facts;
pub(crate) use self::lock::comma;
#[cfg(feature = "json")]
pub(crate) use self::names::cut;
pub(crate) use self::names::{Escaped, duration, place};
