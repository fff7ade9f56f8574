//! Waiting for a future on a thread that is not polled.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use lockwarden::instrument::Site;
use tokio::sync::oneshot;

use crate::agent::nested;
use crate::agent::task::Kind;
use crate::task::root;
use crate::world;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Blocks the calling thread, which may block, until `future` is ready, which holds nothing then. The wait is that of
/// a task of its own, made at `site`, which the calling task or closure drives.
pub(crate) fn drive<F: Future>(site: Site, future: F) -> F::Output {
    let (root, _) = root(future, Kind::Driven, site, None);
    let nested = nested::drive(&root);
    let _alone = nested.is_none().then(|| world::blocks(root.task()));
    park_until(root).driven()
}

/// Panics if the thread drives tasks: the same panic, at the same place, as of tokio's blocking functions.
#[track_caller]
pub(crate) fn ask_whether_to_block() {
    // All blocking functions ask, that of a closed channel too.
    let (sender, receiver) = oneshot::channel::<()>();
    drop(sender);
    let _closed = receiver.blocking_recv();
}

fn park_until<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        thread::park();
    }
}
