//! Standard error, without the lock of the standard library.
//!
//! A `Display` that takes a lock while `eprintln!` formats it holds the library's lock of standard
//! error meanwhile. If a report about that very lock waited for standard error, the detector would
//! make the deadlock that it is there to name. So the descriptor is written to directly, and the
//! lock that keeps two reports apart is one of ours, which nobody waits for without a limit.
//!
//! Where there are no file descriptors the library's lock has to do, and a report can be held up
//! by a thread that prints.

use std::io::{self, Write as _};
use std::time::Duration;

use parking_lot::Mutex;

/// Keeps the reports of two threads apart.
static WRITER: Mutex<()> = Mutex::new(());

/// For how long a report waits for another one to be written. A reader of standard error that
/// has stopped reading, and a child that was forked while a report was written, cost this much
/// and at worst two reports run into each other.
const PATIENCE: Duration = Duration::from_secs(1);

/// Writes the whole text. What cannot be written is lost: there is nobody left to tell.
pub(crate) fn write(text: &str) {
    let _apart = WRITER.try_lock_for(PATIENCE);
    let _ = write_unlocked(text.as_bytes());
}

/// Writes one line, marked as ours.
pub(crate) fn say(line: &str) {
    write(&format!("lockwarden: {line}\n"));
}

#[cfg(unix)]
fn write_unlocked(text: &[u8]) -> io::Result<()> {
    use std::fs::File;
    use std::os::fd::AsFd as _;

    File::from(io::stderr().as_fd().try_clone_to_owned()?).write_all(text)
}

#[cfg(not(unix))]
fn write_unlocked(text: &[u8]) -> io::Result<()> {
    io::stderr().write_all(text)
}

#[cfg(all(test, unix))]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    #[test]
    fn a_thread_that_prints_does_not_hold_up_a_report() {
        let printing = io::stderr().lock();
        let (done, written) = mpsc::channel();
        let reporter = thread::spawn(move || {
            write("");
            done.send(()).expect("the test waits");
        });
        let in_time = written.recv_timeout(Duration::from_secs(30));
        drop(printing);
        reporter.join().expect("nothing panics there");
        assert!(in_time.is_ok(), "the report waited for standard error");
    }
}
