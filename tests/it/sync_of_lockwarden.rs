//! The suite on the locks of this crate. What it says holds for std's too: see `sync_of_std`.

use lockwarden::sync;

#[path = "sync_suite/barrier.rs"]
mod barrier;
#[path = "sync_suite/channels.rs"]
mod channels;
#[path = "sync_suite/condvar.rs"]
mod condvar;
#[path = "sync_suite/init.rs"]
mod init;
#[path = "sync_suite/mutex.rs"]
mod mutex;
#[path = "sync_suite/poison.rs"]
mod poison;
#[path = "sync_suite/rwlock.rs"]
mod rwlock;
#[path = "sync_suite/support.rs"]
mod support;
#[path = "sync_suite/surface.rs"]
mod surface;
