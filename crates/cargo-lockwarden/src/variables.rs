//! The names of environment variables that are the command's own.

/// Names the file with the plan, in the environment of cargo: the wrapper reads it.
pub(crate) const PLAN: &str = "LOCKWARDEN_CARGO_PLAN";

/// Names the folder with the names of locks, for the detector in a watched program.
pub(crate) const SYMBOLS: &str = "LOCKWARDEN_SYMBOLS";

/// Names the folder in which facades are kept.
pub(crate) const CACHE: &str = "LOCKWARDEN_CACHE";
