//! A borrowed value of a `watch` channel is a lock of threads: held across an `.await`, it blocks the
//! thread of the sender; here the only one.
//!
//!     cargo run --features full --example borrowed_value

use std::time::Duration;

use lockwarden_tokio as tokio;
use tokio::sync::watch;
use tokio::testing::check_async;

async fn act_on(_height: u32) {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

async fn run(follow: impl AsyncFn(watch::Receiver<u32>) + 'static) {
    let set = tokio::task::LocalSet::new();
    let (sender, receiver) = watch::channel(1);
    set.run_until(async move {
        let follower = tokio::task::spawn_local(async move { follow(receiver).await });
        tokio::time::sleep(Duration::from_millis(5)).await;
        // Waits for the value to be given back.
        sender.send(2).expect("there is a receiver");
        follower.await.expect("it does not panic");
    })
    .await;
}

fn main() {
    let right = || {
        run(async |receiver| {
            let height = *receiver.borrow();
            act_on(height).await;
        })
    };
    check_async(right).assert_clean();
    let wrong = || {
        run(async |receiver| {
            let height = receiver.borrow();
            act_on(*height).await;
        })
    };
    let outcome = tokio::testing::AsyncCheck::new()
        .timeout(Duration::from_secs(2))
        .run(wrong);
    for finding in outcome.findings() {
        println!("{finding}");
    }
    // A thread that is blocked in a lock of `std` cannot be woken.
    std::process::exit(0);
}
