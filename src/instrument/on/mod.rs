//! The records of an instrumented build.

mod admit;
mod agent;
mod attempt;
mod caught;
mod cohort;
mod ends;
mod held;
mod life;
mod lock;
mod mark;
mod origin;
mod past;
mod resource;
mod section;
mod signal;
mod turns;

pub(crate) use self::admit::admit;
pub use self::agent::{
    Agent, SendableHold, held_by_caller, held_count, mark_observer, observe_all, report_stuck,
};
pub use self::attempt::Attempt;
pub use self::caught::caught_panic;
pub(crate) use self::cohort::Cohort;
pub(crate) use self::ends::{End, Ends};
#[cfg(feature = "channel")]
pub(crate) use self::ends::{wait_for_selection, wait_for_selection_until};
pub(crate) use self::held::{assert_order, held_here};
pub(crate) use self::life::Life;
pub use self::lock::{Hold, Lock};
pub(crate) use self::mark::{introduce, mark};
pub(crate) use self::origin::Origin;
pub(crate) use self::past::Meeting;
pub use self::past::{Past, Pasts, Surroundings, Within};
pub(crate) use self::resource::idle;
pub use self::resource::{Providers, Resource};
pub(crate) use self::section::Section;
pub use self::signal::{Signal, Waiting};
pub(crate) use self::turns::Turns;
