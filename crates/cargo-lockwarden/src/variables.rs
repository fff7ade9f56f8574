//! The names of environment variables: those of the command's own, and one that it reads beside the detector.

/// Names the file with the plan, in the environment of cargo: the wrapper reads it.
pub(crate) const PLAN: &str = "LOCKWARDEN_CARGO_PLAN";

/// Names the folder with the names of locks, for the detector in a watched program.
pub(crate) const SYMBOLS: &str = "LOCKWARDEN_SYMBOLS";

/// Names the folder in which facades are kept.
pub(crate) const CACHE: &str = "LOCKWARDEN_CACHE";

/// Names the folder to which the processes of a program write their records.
pub(crate) const RECORD: &str = "LOCKWARDEN_RECORD";
