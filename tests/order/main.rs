//! What spawn, join, scopes and hand-overs make of lock orders. Each case runs in a process of its own.

// A build without instrumentation finds nothing.
#![cfg(any(debug_assertions, feature = "always"))]

mod barriers;
#[cfg(feature = "channel")]
mod channels;
#[path = "../support/child.rs"]
mod child;
mod events;
mod fresh;
mod harness;
mod initialised;
mod messages;
mod notifications;
#[cfg(feature = "pool")]
mod pools;
#[cfg(feature = "queue")]
mod queues;
mod sections;
mod semaphores;
mod spawned;
mod surrounded;
#[cfg(feature = "timer")]
mod timers;
#[path = "../support/verdicts.rs"]
mod verdicts;
