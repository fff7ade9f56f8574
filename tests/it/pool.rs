//! Pools of threads.

#[path = "pool_suite/ends.rs"]
mod ends;
#[path = "pool_suite/jobs.rs"]
mod jobs;
#[path = "pool_suite/several.rs"]
mod several;
#[path = "pool_suite/support.rs"]
mod support;
