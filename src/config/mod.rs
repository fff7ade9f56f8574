//! What the detector does with what it finds, and how far it goes to find it.
//!
//! A program says it in code, with [`Config`], once; whoever runs the program says it in the
//! environment variable `LOCKWARDEN`, which overrides the code. A program that says nothing gets
//! the defaults: a real deadlock is reported and then panics in the thread that closed it, so
//! that the cycle unwinds instead of hanging; a prediction is reported; a cycle that something
//! excludes is kept to itself.
//!
//! # The environment variable
//!
//! `LOCKWARDEN` is a list of parts, separated by commas or semicolons and read from left to
//! right. Case does not matter.
//!
//! | part | meaning |
//! |---|---|
//! | `off`, `on` | the switch for everything |
//! | `Inversion=panic` | what this verdict does: `ignore`, `report`, `panic` or `abort` |
//! | `all=ignore` | the same for every verdict |
//! | `classes=report` | the same for what only the classes of locks show |
//! | `stderr=off` | whether the text goes to standard error |
//! | `tracing=off` | whether a `tracing` event is emitted |
//! | `max_reports=50` | how many reports are made before the rest is only counted |
//! | `exit=100` | the code with which the process ends if there were findings, 1 to 255 |
//! | `summary=1` | a summary on standard error at the end of the process |
//! | `summary=/path` | the same as a line of JSON, at the end of this file |
//! | `json=/path` | every report as a line of JSON, at the end of this file (feature `json`) |
//!
//! A part that is not understood is named on standard error, once, with what is allowed, and is
//! otherwise ignored. The variable is read once, at the first use of the detector.
//!
//! # Programs with more rights than their user
//!
//! In a program that is set-user-id, set-group-id, or has file capabilities, all variables of this crate
//! are ignored: they name files that are read, and files that are written. Its code can configure it as
//! always.

mod action;
mod builder;
mod did_you_mean;
mod environment;
mod global;
mod limit;
pub(crate) mod rule_file;
mod status;
pub(crate) mod time;
mod variables;

pub use self::action::Action;
pub use self::builder::Config;
pub use self::global::InstallError;
pub use self::limit::Limit;
pub use self::rule_file::RuleError;
pub use self::status::{Counters, OffReason, Status, Totals};

pub(crate) use self::global::current;
pub(crate) use self::variables::Variable;
