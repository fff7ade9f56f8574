//! The integration tests: one binary, one file a subject.

mod acquire;
mod sync_against_std;
mod sync_of_lockwarden;
mod sync_of_std;
