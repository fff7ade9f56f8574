//! A plug-in with a lock, and with a standard library of its own.

use std::sync::Mutex;

static CALLS: Mutex<u32> = Mutex::new(0);

/// Counts the calls.
#[unsafe(no_mangle)]
pub extern "C" fn extension_call() -> u32 {
    let mut calls = CALLS.lock().unwrap();
    *calls += 1;
    *calls
}
