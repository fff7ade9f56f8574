//! Notifications, each of which orders what its notifier did before what the notified task does, where
//! it is certain which one that was.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use lockwarden::instrument::{Site, WaitReason};
use pin_project_lite::pin_project;

use super::notifications::{Notice, Notifications};
use crate::agent::leaf::{Leaf, Target, Thing, Waiting};

/// [`tokio::sync::Notify`], watched. What was done before a notification comes before what is done after the
/// wait that it ends, where no other notification could have ended it.
pub struct Notify {
    inner: tokio::sync::Notify,
    notifications: Notifications,
    made: Site,
}

impl Notify {
    /// As [`tokio::sync::Notify::new`].
    #[track_caller]
    pub fn new() -> Notify {
        Self::const_new()
    }

    /// As [`tokio::sync::Notify::const_new`].
    #[track_caller]
    pub const fn const_new() -> Notify {
        Self {
            inner: tokio::sync::Notify::const_new(),
            notifications: Notifications::new(),
            made: Location::caller(),
        }
    }

    /// As [`tokio::sync::Notify::notified`].
    #[track_caller]
    pub fn notified(&self) -> Notified<'_> {
        Notified {
            made: self.made,
            created: Location::caller(),
            leaf: Leaf::new(),
            notice: self.notifications.begin_wait(),
            inner: self.inner.notified(),
        }
    }

    /// As [`tokio::sync::Notify::notified_owned`].
    #[track_caller]
    #[allow(unsafe_code)]
    pub fn notified_owned(self: Arc<Self>) -> OwnedNotified {
        let inner = self.notified();
        // SAFETY: what it borrows lies in the `Arc`, which does not move it and is dropped later
        // (the fields of `OwnedNotified` are dropped in their order).
        let inner = unsafe { std::mem::transmute::<Notified<'_>, Notified<'static>>(inner) };
        OwnedNotified {
            inner,
            notify: self,
        }
    }

    /// As [`tokio::sync::Notify::notify_one`].
    pub fn notify_one(&self) {
        self.notifications.notify(|| self.inner.notify_one());
    }

    /// As [`tokio::sync::Notify::notify_last`].
    pub fn notify_last(&self) {
        self.notifications.notify(|| self.inner.notify_last());
    }

    /// As [`tokio::sync::Notify::notify_waiters`].
    pub fn notify_waiters(&self) {
        self.notifications.notify(|| self.inner.notify_waiters());
    }
}

impl Default for Notify {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

pin_project! {
    /// [`tokio::sync::futures::Notified`] of a [`Notify`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Notified<'a> {
        made: Site,
        created: Site,
        leaf: Leaf,
        #[pin]
        inner: tokio::sync::futures::Notified<'a>,
        // Dropped after the future.
        notice: Notice<'a>,
    }

    impl PinnedDrop for Notified<'_> {
        fn drop(this: Pin<&mut Self>) {
            this.project().notice.drop_begins();
        }
    }
}

impl Notified<'_> {
    /// As [`tokio::sync::futures::Notified::enable`].
    pub fn enable(self: Pin<&mut Self>) -> bool {
        let this = self.project();
        let is_ready = this.inner.enable();
        let _ = this.notice.polled(is_ready);
        is_ready
    }
}

impl Future for Notified<'_> {
    type Output = ();

    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let place = std::ptr::from_ref(&*self).addr();
        let site = Location::caller();
        let this = self.project();
        let made = *this.made;
        let waiting = Waiting {
            created: this.created,
            site,
            place,
            target: || Target::AnyAgent(Thing::new("Notify", WaitReason::Notification, made)),
        };
        let poll = this.leaf.poll(cx, waiting, |cx| this.inner.poll(cx));
        let _ = this.notice.polled(poll.is_ready());
        poll
    }
}

pin_project! {
    /// [`tokio::sync::futures::OwnedNotified`] of a [`Notify`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct OwnedNotified {
        #[pin]
        inner: Notified<'static>,
        // Dropped after what borrows of it.
        notify: Arc<Notify>,
    }
}

impl OwnedNotified {
    /// As [`tokio::sync::futures::OwnedNotified::enable`].
    pub fn enable(self: Pin<&mut Self>) -> bool {
        self.project().inner.enable()
    }
}

impl Future for OwnedNotified {
    type Output = ();

    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().inner.poll(cx)
    }
}
