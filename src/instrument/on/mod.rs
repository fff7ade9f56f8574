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
mod idle;
mod inherited_holds;
mod init_clock;
mod join;
mod lock;
mod once_record;
mod point;
mod providers;
mod resource;
mod scheduled;
mod scheduled_lock;
mod scheduled_sleep;
mod shown;
mod thread_bit;

pub use self::agent::{
    Acting, Agent, SendableHold, agent_blocks_with, alerts_call_program, arrive_with,
    describe_agents_with, hand_over_with, hands_over, held_by_caller, held_count, interrupt_stuck,
    is_unattached, mark_observer, moment, observe_all, report_stuck, runs_test,
};
pub use self::attempt::Attempt;
pub use self::caught::caught_panic;
pub use self::check_ascending::check_ascending;
pub use self::check_membership::CheckMembership;
pub use self::clock::{Clock, InheritedHolds, MergedClock, ScopeGuard, SharedMergedClock};
pub use self::condvar::{CondvarRecord, WaitGuard};
pub use self::endpoints::{
    Endpoint, EndpointWait, Endpoints, wait_for_selection, wait_for_selection_until,
};
pub(super) use self::held::add_orders;
pub(crate) use self::held::{assert_order, held_here};
pub use self::idle::idle;
pub use self::inherited_holds::SpawnHolds;
pub use self::init_clock::InitClock;
pub use self::join::{JoinRecord, RunningThread};
pub use self::lock::{Hold, Lock};
pub use self::once_record::OnceRecord;
pub use self::point::{point, point_unnamed};
pub use self::providers::Providers;
pub use self::resource::Resource;
pub use self::scheduled::{Begun, Child, Drain, Scheduled, is_abandoned};
pub use self::thread_bit::{ensure_attached, thread_bit};
