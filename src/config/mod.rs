//! The actions for findings, the sinks, and the bounds of the search.
//!
//! A program configures the detector in code, with [`Config`], once; the environment variable
//! `LOCKWARDEN` overrides the code. The defaults: a deadlock is reported, then the thread that closed
//! it panics, so that the cycle unwinds instead of hanging; an inversion is reported; a cycle that
//! cannot deadlock as observed is only counted.
//!
//! # The environment variable
//!
//! `LOCKWARDEN` is a list of parts, separated by commas or semicolons and applied from left to right.
//! Case does not matter.
//!
//! | part | meaning |
//! |---|---|
//! | `off`, `on` | whether locks are watched |
//! | `Inversion=panic` | the action for a verdict: `ignore`, `report`, `panic` or `abort` |
//! | `all=ignore` | the action for every verdict |
//! | `classes=report` | the action for an inversion that only class edges show |
//! | `stderr=off` | whether reports are written to standard error |
//! | `tracing=off` | whether reports are emitted as `tracing` events |
//! | `max_reports=50` | how many reports are made; further findings are only counted |
//! | `exit=100` | the exit code of a process that had findings, 1 to 255 |
//! | `summary=1` | a summary on standard error at the end of the process |
//! | `summary=/path` | the summary as a line of JSON, appended to this file |
//! | `json=/path` | every report as a line of JSON, appended to this file (feature `json`) |
//!
//! A part that is not understood is reported on standard error, once, with the allowed ones, and has no
//! other effect. The variable is read once, at the first use of the detector.
//!
//! # Programs with more rights than their user
//!
//! In a program that is set-user-id, set-group-id, or has file capabilities, all variables of this
//! module are ignored: they name files that are read, and files that are written. The program can still
//! be configured in code.

mod action;
mod builder;
mod callback;
mod did_you_mean;
mod environment;
mod global;
mod limit;
mod misspelt;
pub(crate) mod rule_file;
mod status;
pub(crate) mod time;

pub use self::action::Action;
pub use self::builder::Config;
pub use self::global::InstallError;
pub use self::limit::Limit;
pub use self::rule_file::RuleError;
pub use self::status::{Counters, OffReason, Status, Totals};

pub(crate) use self::callback::Callback;
pub(crate) use self::global::{current, install, problems};
pub(crate) use self::misspelt::misspelt;
