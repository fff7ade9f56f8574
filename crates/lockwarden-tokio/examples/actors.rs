//! Two actors that ask each other and wait for the answers; and two that hand the question on.
//!
//!     cargo run --features full --example actors

use lockwarden_tokio as tokio;
use tokio::sync::{mpsc, oneshot};
use tokio::testing::check_async;

/// A question: where the answer goes.
type Ask = oneshot::Sender<u32>;

/// Asks the other actor, and does nothing else until the answer comes.
async fn asks(mut own: mpsc::Receiver<Ask>, other: mpsc::Sender<Ask>) {
    while let Some(question) = own.recv().await {
        let (ask, answer) = oneshot::channel();
        if other.send(ask).await.is_err() {
            return;
        }
        let answer = answer.await.unwrap_or(0);
        // Whoever asked may be gone.
        let _ = question.send(answer + 1);
    }
}

/// Answers by itself.
async fn answers(mut own: mpsc::Receiver<Ask>) {
    while let Some(question) = own.recv().await {
        let _ = question.send(1);
    }
}

async fn wrong() {
    let (to_first, first) = mpsc::channel(4);
    let (to_second, second) = mpsc::channel(4);
    let one = tokio::spawn(asks(first, to_second.clone()));
    let other = tokio::spawn(asks(second, to_first.clone()));
    for actor in [to_first, to_second] {
        let (ask, _) = oneshot::channel();
        actor.send(ask).await.expect("the actor runs");
    }
    one.await.expect("it does not panic");
    other.await.expect("it does not panic");
}

async fn right() {
    let (to_first, first) = mpsc::channel(4);
    let (to_second, second) = mpsc::channel(4);
    let one = tokio::spawn(asks(first, to_second));
    let other = tokio::spawn(answers(second));
    let (ask, answer) = oneshot::channel();
    to_first.send(ask).await.expect("the actor runs");
    assert_eq!(answer.await, Ok(2));
    drop(to_first);
    one.await.expect("it does not panic");
    other.await.expect("it does not panic");
}

fn main() {
    check_async(right).assert_clean();
    let outcome = check_async(wrong);
    for finding in outcome.findings() {
        println!("{finding}");
    }
}
