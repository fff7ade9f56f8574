//! The integration tests: one binary, one file a subject.

#[cfg(any(debug_assertions, feature = "always"))]
mod next_deadlock;
mod sync_against_std;
mod sync_of_lockwarden;
mod sync_of_std;
