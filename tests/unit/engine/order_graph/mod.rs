//! The order graph against naive models, against the scenarios, and at scale.

mod helper;
mod naive;
mod paths;
mod repeats;
mod scale;
mod scenarios;
mod verdicts;
mod walk;
