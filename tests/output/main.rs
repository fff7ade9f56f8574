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

/// A file of its own for a test, not there yet; the child of the test has the same.
#[cfg(any(unix, feature = "json"))]
fn file(test: &str) -> std::path::PathBuf {
    const FILE: &str = "LOCKWARDEN_TEST_FILE";
    if let Some(path) = std::env::var_os(FILE) {
        return path.into();
    }
    let name = format!("lockwarden-{}-{test}", std::process::id());
    std::env::temp_dir().join(name)
}
