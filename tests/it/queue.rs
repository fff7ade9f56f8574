//! Queues.

#[path = "queue_suite/ends.rs"]
mod ends;
#[path = "queue_suite/errors.rs"]
mod errors;
#[path = "queue_suite/stress.rs"]
mod stress;
#[path = "queue_suite/walk.rs"]
mod walk;
