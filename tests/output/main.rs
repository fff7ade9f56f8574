//! What lies between a finding and a person: each test owns its process.

#![cfg(any(debug_assertions, feature = "always"))]

#[path = "../watchdog/child.rs"]
#[allow(dead_code)]
mod child;
mod delivery;
mod environment;
#[cfg(feature = "json")]
mod json;
mod kernels;
#[cfg(feature = "json")]
#[path = "../support/schema.rs"]
mod schema;
mod source;
#[cfg(target_os = "linux")]
mod stripped;
mod summary;
