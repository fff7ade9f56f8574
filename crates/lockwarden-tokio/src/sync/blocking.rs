//! Waiting for a future on a thread that is not polled.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use tokio::sync::oneshot;

use crate::agent::frame;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Blocks the calling thread until `future` is ready.
///
/// # Panics
///
/// If the thread drives tasks: the same panic, at the same place, as of tokio's blocking functions.
#[track_caller]
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    // The question whether a thread may block is asked by all of them, of a closed channel too.
    let (sender, receiver) = oneshot::channel::<()>();
    drop(sender);
    let _closed = receiver.blocking_recv();
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    // A blocked thread is no task that is polled.
    frame::without(|| {
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                return output;
            }
            thread::park();
        }
    })
}
