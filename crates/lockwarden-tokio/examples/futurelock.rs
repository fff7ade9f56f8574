//! A lock that is handed to a future which its task does not poll any more (Oxide's RFD 609), and
//! what to do instead.
//!
//!     cargo run --features full --example futurelock

use std::sync::Arc;
use std::time::Duration;

use lockwarden_tokio as tokio;
use tokio::sync::Mutex;
use tokio::testing::check_async;

async fn do_async_thing(lock: Arc<Mutex<u32>>) {
    *lock.lock().await += 1;
}

/// A task that holds the lock for a while.
async fn start_background_task(lock: &Arc<Mutex<u32>>) {
    let lock = Arc::clone(lock);
    let (started, start) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let _held = lock.lock().await;
        started.send(()).expect("the other side waits");
        tokio::time::sleep(Duration::from_millis(50)).await;
    });
    start.await.expect("the task has started");
}

/// The lock is given to `future1`, which is first in the queue, and which nothing polls while the
/// arm of the `select!` waits behind it.
async fn wrong() {
    let lock = Arc::new(Mutex::new(0));
    start_background_task(&lock).await;
    let mut future1 = Box::pin(do_async_thing(Arc::clone(&lock)));
    tokio::select! {
        () = &mut future1 => println!("first"),
        () = tokio::time::sleep(Duration::from_millis(5)) => {
            do_async_thing(lock).await;
        }
    }
}

/// A task of its own is polled, whatever the others wait for.
async fn right() {
    let lock = Arc::new(Mutex::new(0));
    start_background_task(&lock).await;
    let mut task1 = tokio::spawn(do_async_thing(Arc::clone(&lock)));
    tokio::select! {
        ended = &mut task1 => ended.expect("it does not panic"),
        () = tokio::time::sleep(Duration::from_millis(5)) => {
            do_async_thing(lock).await;
            task1.await.expect("it does not panic");
        }
    }
}

fn main() {
    check_async(right).assert_clean();
    let outcome = check_async(wrong);
    for finding in outcome.findings() {
        println!("{finding}");
    }
}
