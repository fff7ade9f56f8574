//! Standard error, without the lock of the standard library.
//!
//! A `Display` that takes a lock while `eprintln!` formats it holds the standard library's lock of
//! standard error meanwhile. If a report about that very lock waited for standard error, the detector
//! would close the deadlock that it is to report. So the thread of [`delivery`](super::delivery), which may block,
//! writes to the descriptor directly.
//!
//! Where there are no file descriptors, the standard library's lock is used, and a thread that prints
//! can delay a report.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long a thread of the program waits for standard error where there is no delivery thread.
const PATIENCE: Duration = Duration::from_millis(100);

/// How long the end of the process waits for a write that does not return.
pub(super) const STALLED: Duration = Duration::from_secs(2);
/// When the present write began, in nanoseconds; zero if there is none.
static WRITING_SINCE: AtomicU64 = AtomicU64::new(0);

/// Writes the whole text, however long that takes. What cannot be written is lost.
pub(super) fn write(text: &str) {
    // Relaxed: the number publishes no other memory.
    WRITING_SINCE.store(now(), Ordering::Relaxed);
    let _ = write_all(text.as_bytes(), None);
    WRITING_SINCE.store(0, Ordering::Relaxed);
}

/// Writes what standard error accepts within a tenth of a second: for a thread of the program.
pub(super) fn write_in_time(text: &str) {
    let _ = write_all(text.as_bytes(), Some(PATIENCE));
}

/// Returns whether the present write has not returned for [`STALLED`].
pub(super) fn is_stalled() -> bool {
    match WRITING_SINCE.load(Ordering::Relaxed) {
        0 => false,
        since => Duration::from_nanos(now().saturating_sub(since)) > STALLED,
    }
}

/// Returns nanoseconds on the detector's clock; never zero.
fn now() -> u64 {
    crate::tracking::thread::wait::now().max(1)
}

/// Forgets the write of the parent in the child of a fork.
#[cfg(unix)]
pub(super) fn forget_write() {
    WRITING_SINCE.store(0, Ordering::Relaxed);
}

/// Returns what file standard error is, as `device:inode`: a process that has the same one shows it in the same place.
#[cfg(unix)]
pub(super) fn identity() -> Option<String> {
    use std::fs::File;
    use std::os::fd::AsFd as _;
    use std::os::unix::fs::MetadataExt as _;

    let file = File::from(io::stderr().as_fd().try_clone_to_owned().ok()?);
    let about = file.metadata().ok()?;
    Some(format!("{}:{}", about.dev(), about.ino()))
}

/// Returns `None`: files have no identity that is simple to get on this system.
#[cfg(not(unix))]
pub(super) fn identity() -> Option<String> {
    None
}

/// Writes the text, with a limit or without.
#[cfg(unix)]
fn write_all(mut text: &[u8], patience: Option<Duration>) -> io::Result<()> {
    use std::fs::File;
    use std::os::fd::AsFd as _;

    let mut file = File::from(io::stderr().as_fd().try_clone_to_owned()?);
    let deadline = patience.map(|patience| Instant::now() + patience);
    while !text.is_empty() {
        let part = match deadline {
            None => text,
            Some(deadline) => {
                if !is_writable(&file, deadline)? {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                // A writable pipe accepts this much without blocking.
                &text[..text.len().min(PIPE)]
            }
        };
        match file.write(part) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => text = &text[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // The program, or another process on its terminal, has made the descriptor non-blocking.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let end = deadline.unwrap_or_else(|| Instant::now() + FULL);
                if !is_writable(&file, end)? {
                    return Err(io::ErrorKind::TimedOut.into());
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// How much a writable pipe accepts without blocking: the minimum of POSIX.
#[cfg(unix)]
const PIPE: usize = 512;
/// How long a text waits for a non-blocking descriptor that is full.
#[cfg(unix)]
const FULL: Duration = Duration::from_secs(60);

/// Returns whether the file becomes writable before the deadline.
#[cfg(unix)]
#[allow(unsafe_code)]
fn is_writable(file: &std::fs::File, deadline: Instant) -> io::Result<bool> {
    use std::os::fd::AsRawFd as _;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let mut asked = libc::pollfd {
            fd: file.as_raw_fd(),
            events: libc::POLLOUT,
            revents: 0,
        };
        let millis = i32::try_from(left.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: `asked` is one valid entry, and the descriptor is open.
        match unsafe { libc::poll(&mut asked, 1, millis) } {
            0 => return Ok(false),
            -1 => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
            _ => return Ok(true),
        }
    }
}

#[cfg(not(unix))]
fn write_all(text: &[u8], _patience: Option<Duration>) -> io::Result<()> {
    io::stderr().write_all(text)
}

#[cfg(all(test, unix))]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    #[test]
    fn a_thread_that_prints_does_not_delay_a_report() {
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
