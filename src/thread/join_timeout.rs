//! Waiting for the end of a thread, with a limit.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::join_packet;
use super::join_packet::JoinPacket;
use super::spawn::JoinHandle;

/// The end of a thread, which may come in time or not.
#[derive(Debug)]
pub(crate) struct TimedJoin<T>(mpsc::Receiver<thread::Result<JoinPacket<T>>>);

impl<T: Send + 'static> TimedJoin<T> {
    /// That of this thread, with the destructors of its thread-locals.
    ///
    /// # Panics
    ///
    /// If the operating system does not start a thread: std's join knows no limit, so that another
    /// thread has to make it.
    pub(crate) fn of(handle: JoinHandle<T>) -> Self {
        let (send, end) = mpsc::channel();
        let handle = handle.into_inner();
        thread::Builder::new()
            .name("lockwarden join".to_owned())
            .spawn(move || {
                // Nobody listens any more if the limit is over.
                let _ = send.send(handle.join());
            })
            .expect("the operating system starts a thread");
        Self(end)
    }

    /// Waits for it for at most `limit`; `None` if it has not come by then, and is still to come.
    pub(crate) fn within(&self, limit: Duration) -> Option<thread::Result<T>> {
        self.0.recv_timeout(limit).ok().map(join_packet::joined)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn the_result_comes_when_the_thread_ends_and_none_before() {
        let (go, wait) = mpsc::channel::<u8>();
        let joining = TimedJoin::of(super::super::spawn(move || wait.recv()));
        assert!(joining.within(Duration::from_millis(1)).is_none());
        go.send(5).unwrap();
        let joined = joining.within(LONG).expect("it ends");
        assert_eq!(joined.unwrap(), Ok(5));
    }
}
