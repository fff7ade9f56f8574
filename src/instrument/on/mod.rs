//! Records of an instrumented build.

mod agent;
mod attempt;
mod caught;
mod check_ascending;
mod check_membership;
mod clock;
mod condvar;
mod endpoints;
mod held;
mod inherited_holds;
mod init_clock;
mod join;
mod lock;
mod once_record;
mod resource;
mod scheduled;
mod thread_bit;

pub use self::agent::{
    Agent, SendableHold, held_by_caller, held_count, mark_observer, observe_all, report_stuck,
    tell_of_agents,
};
pub use self::attempt::Attempt;
pub use self::caught::caught_panic;
pub(crate) use self::check_ascending::check_ascending;
pub(crate) use self::check_membership::CheckMembership;
pub(crate) use self::clock::SharedMergedClock;
pub use self::clock::{Clock, InheritedHolds, MergedClock, ScopeGuard};
pub use self::condvar::{CondvarRecord, WaitGuard};
pub(crate) use self::endpoints::{Endpoint, Endpoints};
#[cfg(feature = "channel")]
pub(crate) use self::endpoints::{wait_for_selection, wait_for_selection_until};
pub(crate) use self::held::{assert_order, held_here};
pub(crate) use self::inherited_holds::SpawnHolds;
pub(crate) use self::init_clock::InitClock;
pub(crate) use self::join::JoinRecord;
pub use self::lock::{Hold, Lock};
pub(crate) use self::once_record::OnceRecord;
pub(crate) use self::resource::idle;
pub use self::resource::{Providers, Resource};
pub(crate) use self::scheduled::{Child, Scheduled, is_abandoned};
pub(crate) use self::thread_bit::{ensure_attached, thread_bit};
