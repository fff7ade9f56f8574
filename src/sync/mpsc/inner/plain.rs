//! Underlying channels of a build without instrumentation: std's.

use std::sync::mpsc::{self, RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError};
use std::time::Duration;

use crate::instrument::{Endpoints, Site};

/// Sending end of a bounded channel.
pub(in super::super) struct Bounded<T>(mpsc::SyncSender<T>);

/// Receiving end of a channel.
pub(in super::super) struct Incoming<T>(mpsc::Receiver<T>);

pub(in super::super) fn unbounded<T>() -> (mpsc::Sender<T>, Incoming<T>) {
    let (sender, receiver) = mpsc::channel();
    (sender, Incoming(receiver))
}

pub(in super::super) fn bounded<T>(bound: usize) -> (Bounded<T>, Incoming<T>) {
    let (sender, receiver) = mpsc::sync_channel(bound);
    (Bounded(sender), Incoming(receiver))
}

impl<T> Bounded<T> {
    #[inline]
    pub(in super::super) fn send(
        &self,
        message: T,
        _ends: &Endpoints,
        _site: Site,
    ) -> Result<(), SendError<T>> {
        self.0.send(message)
    }

    #[inline]
    pub(in super::super) fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        self.0.try_send(message)
    }
}

impl<T> Clone for Bounded<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Incoming<T> {
    #[inline]
    pub(in super::super) fn recv(&self, _ends: &Endpoints, _site: Site) -> Result<T, RecvError> {
        self.0.recv()
    }

    #[inline]
    pub(in super::super) fn recv_timeout(
        &self,
        timeout: Duration,
        _ends: &Endpoints,
        _site: Site,
    ) -> Result<T, RecvTimeoutError> {
        self.0.recv_timeout(timeout)
    }

    #[inline]
    pub(in super::super) fn try_recv(&self) -> Result<T, TryRecvError> {
        self.0.try_recv()
    }
}
