//! The findings of the detector, as data with a text.
//!
//! A [`Report`] holds all data of one finding: its verdict, the locks and the threads that take part,
//! each edge with both its places, the stacks, the reason of the verdict, and a suggestion. Its
//! `Display` is the text that goes to standard error; any other form can be made from the fields.
//!
//! The text begins with `lockwarden: ` and the name of the verdict. Then come the lock that is asked
//! for, the locks held meanwhile, the threads that take the same locks in another order and where that
//! was first seen, the interleaving, the reason of the verdict, and the suggestion; then the locks that
//! every thread of the report holds, and the stacks. A number behind a name, `(#3)`, is the id of the
//! thread or of the lock: it distinguishes equal names.
//!
//! `Display` reads the source files that the report names, where they exist, and resolves the stacks.
//! Only the lines between two calls that the suggestion might swap are read before. No lock of the
//! detector is held meanwhile. Standard error receives the text in two writes: the stacks, which can
//! take long to resolve, come last.

mod activity;
mod agents;
mod complete;
mod count;
mod data;
mod duration;
mod escape;
mod headline;
mod interleaving;
mod lock;
mod module;
mod names;
mod owner;
mod place;
mod regular_file;
mod snippet;
mod source;
mod stack;
mod stall;
mod stall_text;
mod suggestion;
mod symbols;
mod text;
mod thread;
mod width;
mod wrap;

#[cfg(test)]
mod fixture;
#[cfg(test)]
#[path = "../../tests/unit/report/snapshots.rs"]
mod snapshots;

pub use self::activity::Activity;
pub use self::data::{Basis, Edge, Report};
pub use self::lock::LockInfo;
#[cfg(unix)]
pub(crate) use self::module::LOOKUP;
pub use self::stack::{Stack, StackFrame};
pub use self::stall::{Holder, Stall, StallCause};
pub(crate) use self::symbols::is_in_unsafe_dependency;
pub use self::thread::{FreedBy, HeldInfo, ThreadInfo, WaitInfo, WaitsFor};
pub use crate::engine::counts::Counts;
pub use crate::engine::ids::{LockId, Site, ThreadId};
pub use crate::engine::mode::Mode;
pub use crate::engine::reacquisition::Reacquisition;
pub use crate::engine::verdict::Verdict;
pub use crate::engine::wait_reason::WaitReason;

pub(crate) use self::count::counted;
pub(crate) use self::data::Facts;
pub(crate) use self::duration::{duration, milliseconds, nanoseconds};
pub(crate) use self::escape::Escaped;
#[cfg(feature = "json")]
pub(crate) use self::escape::cut;
pub(crate) use self::interleaving::{Step, schedule_table};
pub(crate) use self::lock::wait_line;
pub(crate) use self::names::push_new;
pub(crate) use self::place::place;
pub(crate) use self::regular_file::read_regular;
