//! Direct hand-over without a buffer, with a limit for the wait on each side: std's has none for a send.
//!
//! A sender that waits has its message in the queue, and it has to be there when the message is taken; a
//! receiver that waits takes the first message of the queue. Many senders, one receiver.
//!
//! A send ends after the receive that takes its message has begun, so the sender acquires the clock that the receiver
//! releases at the begin of that receive: not a later one, since what the receiver does next is concurrent.

use std::collections::VecDeque;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, TryRecvError, TrySendError};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::instrument::{Clock, deadline_after};

/// Creates the two ends.
pub(super) fn handoff<T>() -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            offered: VecDeque::new(),
            next: 0,
            taken: Vec::new(),
            senders: 1,
            receiving: None,
            has_receiver: true,
        }),
        offer: Condvar::new(),
        answer: Condvar::new(),
    });
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

pub(in super::super) struct Sender<T>(Arc<Shared<T>>);

pub(in super::super) struct Receiver<T>(Arc<Shared<T>>);

struct Shared<T> {
    state: Mutex<State<T>>,
    /// The receiver waits here for an offer.
    offer: Condvar,
    /// The senders wait here until their message is taken.
    answer: Condvar,
}

struct State<T> {
    /// The messages; that of a sender that waits has a number, which is never used again.
    offered: VecDeque<(Option<u64>, T)>,
    next: u64,
    /// The numbers of the messages that were taken and whose senders have not woken yet, each with the clock of the
    /// receiver at the begin of the receive.
    taken: Vec<(u64, Clock)>,
    senders: usize,
    /// The clock of the receiver at the begin of its receive, while it waits: an offer is then certain to be taken.
    receiving: Option<Clock>,
    has_receiver: bool,
}

// No code of the program runs under the lock, so the state is consistent after a panic.
impl<T> UnwindSafe for Shared<T> {}
impl<T> RefUnwindSafe for Shared<T> {}

impl<T> State<T> {
    fn offer(&mut self, message: T) -> u64 {
        self.next += 1;
        self.offered.push_back((Some(self.next), message));
        self.next
    }

    fn place_of(&self, number: u64) -> Option<usize> {
        self.offered
            .iter()
            .position(|offer| offer.0 == Some(number))
    }

    /// Takes back an offer, or the clock of the receive that took it.
    fn withdraw(&mut self, number: u64) -> Result<T, Option<Clock>> {
        let offer = self.place_of(number).and_then(|at| self.offered.remove(at));
        offer.map(|offer| offer.1).ok_or_else(|| {
            let at = self.taken.iter().position(|taken| taken.0 == number)?;
            Some(self.taken.swap_remove(at).1)
        })
    }

    /// Takes the first message in a receive that began at `begin`.
    fn take(&mut self, begin: &Clock) -> Option<T> {
        let (number, message) = self.offered.pop_front()?;
        if let Some(number) = number {
            self.taken.push((number, begin.clone()));
        }
        Some(message)
    }
}

impl<T> Sender<T> {
    /// Sends if the receiver waits and no other message is before this one.
    pub(super) fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        let mut state = self.0.state.lock();
        if !state.has_receiver {
            return Err(TrySendError::Disconnected(message));
        }
        let Some(begin) = state.receiving.clone() else {
            return Err(TrySendError::Full(message));
        };
        if !state.offered.is_empty() {
            return Err(TrySendError::Full(message));
        }
        // The receiver looks at the queue once more before it gives up.
        state.offered.push_back((None, message));
        self.0.offer.notify_one();
        drop(state);
        begin.acquire_last();
        Ok(())
    }

    /// Waits until the receiver takes the message, for at most `limit`.
    pub(super) fn send_within(
        &self,
        message: T,
        limit: Option<Duration>,
    ) -> Result<(), TrySendError<T>> {
        let deadline = limit.map(deadline_after);
        let mut state = self.0.state.lock();
        if !state.has_receiver {
            return Err(TrySendError::Disconnected(message));
        }
        let number = state.offer(message);
        self.0.offer.notify_one();
        loop {
            let has_time = wait(&self.0.answer, &mut state, deadline);
            if state.place_of(number).is_some() && has_time && state.has_receiver {
                continue;
            }
            return match state.withdraw(number) {
                Err(begin) => {
                    drop(state);
                    if let Some(begin) = begin {
                        begin.acquire_last();
                    }
                    Ok(())
                }
                Ok(message) if state.has_receiver => Err(TrySendError::Full(message)),
                Ok(message) => Err(TrySendError::Disconnected(message)),
            };
        }
    }
}

impl<T> Receiver<T> {
    /// Takes the message of a sender that waits.
    pub(super) fn try_recv(&self) -> Result<T, TryRecvError> {
        let begin = Clock::release();
        let mut state = self.0.state.lock();
        match state.take(&begin) {
            Some(message) => {
                self.0.answer.notify_all();
                Ok(message)
            }
            None if state.senders == 0 => Err(TryRecvError::Disconnected),
            None => Err(TryRecvError::Empty),
        }
    }

    /// Waits for a message, for at most `limit`.
    pub(super) fn recv_within(&self, limit: Option<Duration>) -> Result<T, RecvTimeoutError> {
        let deadline = limit.map(deadline_after);
        let begin = Clock::release();
        let mut state = self.0.state.lock();
        let mut has_time = true;
        loop {
            if let Some(message) = state.take(&begin) {
                self.0.answer.notify_all();
                return Ok(message);
            }
            if state.senders == 0 {
                return Err(RecvTimeoutError::Disconnected);
            }
            if !has_time {
                return Err(RecvTimeoutError::Timeout);
            }
            state.receiving = Some(begin.clone());
            has_time = wait(&self.0.offer, &mut state, deadline);
            state.receiving = None;
        }
    }
}

/// Waits for a notification; returns whether there is time left.
fn wait<T>(
    changed: &Condvar,
    state: &mut MutexGuard<'_, State<T>>,
    deadline: Option<Instant>,
) -> bool {
    match deadline {
        Some(deadline) => !changed.wait_until(state, deadline).timed_out(),
        None => {
            changed.wait(state);
            true
        }
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.state.lock().senders += 1;
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.senders -= 1;
        if state.senders == 0 {
            self.0.offer.notify_one();
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.has_receiver = false;
        self.0.answer.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_send_waits_until_its_message_is_taken() {
        let (sender, receiver) = handoff();
        let limit = Some(Duration::ZERO);
        assert!(matches!(sender.try_send(1), Err(TrySendError::Full(1))));
        assert!(matches!(
            sender.send_within(2, limit),
            Err(TrySendError::Full(2))
        ));
        assert!(matches!(
            receiver.recv_within(limit),
            Err(RecvTimeoutError::Timeout)
        ));
        thread::scope(|scope| {
            for message in 0..8 {
                let sender = sender.clone();
                scope.spawn(move || assert!(sender.send_within(message, None).is_ok()));
            }
            let mut messages: Vec<i32> = (0..8)
                .map(|_| receiver.recv_within(None).unwrap())
                .collect();
            messages.sort_unstable();
            assert_eq!(messages, [0, 1, 2, 3, 4, 5, 6, 7]);
        });
        assert!(matches!(receiver.try_recv(), Err(TryRecvError::Empty)));
        drop(sender);
        assert!(matches!(
            receiver.recv_within(None),
            Err(RecvTimeoutError::Disconnected)
        ));
    }

    #[test]
    fn a_send_gets_its_message_back_if_the_receiver_is_dropped() {
        let (sender, receiver) = handoff();
        thread::scope(|scope| {
            let sent = scope.spawn(|| sender.send_within("message", None));
            while receiver.0.state.lock().offered.is_empty() {
                thread::yield_now();
            }
            drop(receiver);
            assert!(matches!(
                sent.join().unwrap(),
                Err(TrySendError::Disconnected("message"))
            ));
        });
        assert!(matches!(
            sender.try_send("message"),
            Err(TrySendError::Disconnected(_))
        ));
    }
}
