//! Starts the threads of the library.

use std::io;
use std::thread;

/// Starts a thread with this name. The caller holds no lock: the allocator and the hooks of the program may run in
/// there.
///
/// A box, since each type of closure would get a copy of a thousand lines of LLVM IR.
pub(crate) fn spawn(name: &str, body: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    let thread = thread::Builder::new().name(name.to_owned());
    thread.spawn(body).map(drop)
}
