//! The suite on the threads of this crate. What it says holds for std's too: see `thread_of_std`.

use lockwarden::thread;

#[path = "thread_suite/ends.rs"]
mod ends;
#[path = "thread_suite/scopes.rs"]
mod scopes;
#[path = "thread_suite/surface.rs"]
mod surface;
