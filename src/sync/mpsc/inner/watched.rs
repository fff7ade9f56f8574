//! Underlying channels of an instrumented build.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError};
use std::time::Duration;

use super::handoff;
use super::room::{Keeper, Room};
use crate::instrument::{Endpoints, Side, Site, WaitReason, deadline_after};

/// Sending end of a bounded channel.
pub(in super::super) enum Bounded<T> {
    /// A bound of one or more.
    Buffered(mpsc::SyncSender<T>, Arc<Room>),
    /// A bound of zero.
    Direct(handoff::Sender<T>),
}

/// Receiving end of a channel.
pub(in super::super) enum Incoming<T> {
    /// Unbounded.
    Unbounded(mpsc::Receiver<T>),
    /// A bound of one or more. The receiver is dropped before the senders are woken.
    Buffered(mpsc::Receiver<T>, Keeper),
    /// A bound of zero.
    Direct(handoff::Receiver<T>),
}

// As for std's receiver: nothing is pinned, and no message is stored in the receiver itself.
impl<T> Unpin for Incoming<T> {}

pub(in super::super) fn unbounded<T>() -> (mpsc::Sender<T>, Incoming<T>) {
    let (sender, receiver) = mpsc::channel();
    (sender, Incoming::Unbounded(receiver))
}

pub(in super::super) fn bounded<T>(bound: usize) -> (Bounded<T>, Incoming<T>) {
    if bound == 0 {
        let (sender, receiver) = handoff::handoff();
        return (Bounded::Direct(sender), Incoming::Direct(receiver));
    }
    let (sender, receiver) = mpsc::sync_channel(bound);
    let room = Room::new(bound);
    (
        Bounded::Buffered(sender, Arc::clone(&room)),
        Incoming::Buffered(receiver, Keeper::of(room)),
    )
}

impl<T> Bounded<T> {
    #[inline(always)]
    pub(in super::super) fn send(
        &self,
        message: T,
        ends: &Endpoints,
        site: Site,
    ) -> Result<(), SendError<T>> {
        match self.try_send(message) {
            Ok(()) => Ok(()),
            Err(refused) => self.wait(refused, ends, site),
        }
    }

    #[cold]
    #[inline(never)]
    fn wait(
        &self,
        refused: TrySendError<T>,
        ends: &Endpoints,
        site: Site,
    ) -> Result<(), SendError<T>> {
        let mut left = match refused {
            TrySendError::Disconnected(message) => return Err(SendError(message)),
            TrySendError::Full(message) => Some(message),
        };
        match self {
            Bounded::Buffered(sender, room) => {
                let entered = room.enter();
                ends.wait(WaitReason::Room, room.places(), site, |limit| {
                    entered.attempt(limit, || {
                        attempt(&mut left, |message| sender.try_send(message))
                    })
                })
            }
            Bounded::Direct(sender) => {
                let _here = ends.register(Side::Sending);
                ends.wait(WaitReason::Partner, 0, site, |limit| {
                    ends.block_on(Side::Sending, limit, |limit| {
                        attempt(&mut left, |message| sender.send_within(message, limit))
                    })
                })
            }
        }
    }

    #[inline(always)]
    pub(in super::super) fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        match self {
            Bounded::Buffered(sender, _) => sender.try_send(message),
            Bounded::Direct(sender) => sender.try_send(message),
        }
    }
}

/// Tries to send the message that is left, and keeps it if that fails.
fn attempt<T>(
    left: &mut Option<T>,
    send: impl FnOnce(T) -> Result<(), TrySendError<T>>,
) -> Option<Result<(), SendError<T>>> {
    match send(left.take()?) {
        Ok(()) => Some(Ok(())),
        Err(TrySendError::Disconnected(message)) => Some(Err(SendError(message))),
        Err(TrySendError::Full(message)) => {
            *left = Some(message);
            None
        }
    }
}

impl<T> Clone for Bounded<T> {
    fn clone(&self) -> Self {
        match self {
            Bounded::Buffered(sender, room) => Bounded::Buffered(sender.clone(), Arc::clone(room)),
            Bounded::Direct(sender) => Bounded::Direct(sender.clone()),
        }
    }
}

impl<T> Incoming<T> {
    #[inline(always)]
    pub(in super::super) fn recv(&self, ends: &Endpoints, site: Site) -> Result<T, RecvError> {
        match self.try_recv() {
            Ok(message) => Ok(message),
            Err(none) => self.wait(none, ends, site),
        }
    }

    #[cold]
    #[inline(never)]
    fn wait(&self, none: TryRecvError, ends: &Endpoints, site: Site) -> Result<T, RecvError> {
        if none == TryRecvError::Disconnected {
            return Err(RecvError);
        }
        match self {
            Incoming::Direct(_) => {
                let _here = ends.register(Side::Receiving);
                ends.wait(WaitReason::Message, 0, site, |limit| {
                    ends.block_on(Side::Receiving, limit, |limit| self.attempt(limit))
                })
            }
            _ => ends.wait(WaitReason::Message, 0, site, |limit| self.attempt(limit)),
        }
    }

    fn attempt(&self, limit: Option<Duration>) -> Option<Result<T, RecvError>> {
        match self.recv_within(limit) {
            Ok(message) => Some(Ok(message)),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Err(RecvError)),
        }
    }

    fn recv_within(&self, limit: Option<Duration>) -> Result<T, RecvTimeoutError> {
        match self {
            Incoming::Unbounded(receiver) => std_within(receiver, limit),
            Incoming::Buffered(receiver, keeper) => {
                std_within(receiver, limit).inspect(|_| keeper.free())
            }
            Incoming::Direct(receiver) => receiver.recv_within(limit),
        }
    }

    pub(in super::super) fn recv_timeout(
        &self,
        timeout: Duration,
        ends: &Endpoints,
        site: Site,
    ) -> Result<T, RecvTimeoutError> {
        match self.try_recv() {
            Ok(message) => return Ok(message),
            Err(TryRecvError::Disconnected) => return Err(RecvTimeoutError::Disconnected),
            Err(TryRecvError::Empty) => {}
        }
        let deadline = deadline_after(timeout);
        let record = ends.record();
        let received = record.wait_until(WaitReason::Message, deadline, site, |left| {
            self.attempt(Some(left))
        });
        match received {
            Some(received) => received.map_err(RecvTimeoutError::from),
            None => Err(RecvTimeoutError::Timeout),
        }
    }

    #[inline(always)]
    pub(in super::super) fn try_recv(&self) -> Result<T, TryRecvError> {
        match self {
            Incoming::Unbounded(receiver) => receiver.try_recv(),
            Incoming::Buffered(receiver, keeper) => receiver.try_recv().inspect(|_| keeper.free()),
            Incoming::Direct(receiver) => receiver.try_recv(),
        }
    }
}

/// Waits for at most `limit` at a std receiver.
fn std_within<T>(
    receiver: &mpsc::Receiver<T>,
    limit: Option<Duration>,
) -> Result<T, RecvTimeoutError> {
    match limit {
        Some(limit) => receiver.recv_timeout(limit),
        None => receiver.recv().map_err(RecvTimeoutError::from),
    }
}
