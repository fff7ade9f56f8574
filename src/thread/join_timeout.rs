//! Join with a time limit.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::join_packet;
use super::join_packet::JoinPacket;
use super::spawn::JoinHandle;

/// Pending join of a thread.
#[derive(Debug)]
pub(crate) struct TimedJoin<T>(mpsc::Receiver<thread::Result<JoinPacket<T>>>);

impl<T: Send + 'static> TimedJoin<T> {
    /// Starts the join of this thread, which includes the destructors of its thread-locals.
    ///
    /// # Panics
    ///
    /// Panics if the operating system cannot start a thread, which makes the join because std's
    /// join has no time limit.
    pub(crate) fn of(handle: JoinHandle<T>) -> Self {
        let (send, end) = mpsc::channel();
        let handle = handle.into_inner();
        thread::Builder::new()
            .name("lockwarden join".to_owned())
            .spawn(move || {
                // The send fails if the time limit has passed and the receiver is dropped.
                let _ = send.send(handle.join());
            })
            .expect("the operating system starts a thread");
        Self(end)
    }

    /// Waits for the join for at most `limit`; returns `None` if the thread has not ended by then.
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
