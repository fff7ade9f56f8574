//! Waiting for the end of a thread, with a limit.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::ended;
use super::spawn::JoinHandle;

/// Waits for the end of a thread, also of the destructors of its thread-locals, for at most
/// `limit`; `None` if it has not ended by then, and goes on by itself.
///
/// # Panics
///
/// If the operating system does not start a thread: std's join knows no limit, so that another
/// thread has to make it.
pub(crate) fn join_within<T: Send + 'static>(
    handle: JoinHandle<T>,
    limit: Duration,
) -> Option<thread::Result<T>> {
    let (send, end) = mpsc::channel();
    let handle = handle.into_inner();
    thread::Builder::new()
        .name("lockwarden join".to_owned())
        .spawn(move || {
            // Nobody listens any more if the limit is over.
            let _ = send.send(handle.join());
        })
        .expect("the operating system starts a thread");
    end.recv_timeout(limit).ok().map(ended::joined)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_comes_if_the_thread_ends_and_none_if_it_does_not() {
        let (go, wait) = mpsc::channel::<u8>();
        let handle = super::super::spawn(move || wait.recv());
        assert!(join_within(handle, Duration::from_millis(1)).is_none());
        drop(go);
        let handle = super::super::spawn(|| 5);
        let joined = join_within(handle, Duration::from_secs(60)).expect("it ends");
        assert_eq!(joined.unwrap(), 5);
    }
}
