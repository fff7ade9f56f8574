//! Checks of asynchronous tests.

#![cfg(all(feature = "full", feature = "test-util"))]

use std::sync::Arc;
use std::time::Duration;

use lockwarden::report::Verdict;
use lockwarden_tokio as tokio;
use tokio::testing::{AsyncCheck, check_async};

#[test]
fn a_check_finds_a_ring_and_ends_it() {
    let outcome = check_async(|| async {
        let lock = Arc::new(tokio::sync::Mutex::new(0));
        let _held = lock.lock().await;
        let theirs = Arc::clone(&lock);
        let task = tokio::spawn(async move { *theirs.lock().await += 1 });
        task.await.unwrap();
    });
    outcome.assert_finds(Verdict::Deadlock);
}

#[test]
fn a_check_finds_an_inversion_that_did_not_happen() {
    let outcome = check_async(|| async {
        let locks = Arc::new((tokio::sync::Mutex::new(0), tokio::sync::Mutex::new(0)));
        let theirs = Arc::clone(&locks);
        let one = tokio::spawn(async move {
            let _first = theirs.0.lock().await;
            let _second = theirs.1.lock().await;
        });
        let theirs = Arc::clone(&locks);
        let other = tokio::spawn(async move {
            let _first = theirs.1.lock().await;
            let _second = theirs.0.lock().await;
        });
        one.await.unwrap();
        other.await.unwrap();
    });
    outcome.assert_finds(Verdict::Inversion);
}

#[test]
fn orders_of_std_and_tokio_locks_stand_in_one_graph() {
    let outcome = check_async(|| async {
        let locks = Arc::new((tokio::sync::Mutex::new(0), lockwarden::sync::Mutex::new(0)));
        let theirs = Arc::clone(&locks);
        let one = tokio::spawn(async move {
            let _first = theirs.0.lock().await;
            *theirs.1.lock().unwrap() += 1;
        });
        let theirs = Arc::clone(&locks);
        let other = tokio::spawn(async move {
            let _first = theirs.1.lock().unwrap();
            let _second = theirs.0.try_lock();
        });
        one.await.unwrap();
        other.await.unwrap();
    });
    // An attempt does not wait, so its order is none.
    outcome.assert_clean();
}

#[test]
fn a_check_that_does_nothing_wrong_is_clean() {
    let outcome = AsyncCheck::new().paused().run(|| async {
        let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
        let task = tokio::spawn(async move {
            for n in 0..10 {
                tokio::time::sleep(Duration::from_secs(60)).await;
                sender.send(n).await.unwrap();
            }
        });
        let mut sum = 0;
        while let Some(n) = receiver.recv().await {
            sum += n;
        }
        task.await.unwrap();
        assert_eq!(sum, 45);
    });
    outcome.assert_clean();
}

#[test]
fn a_dump_says_what_each_task_waits_for() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let lock = Arc::new(tokio::sync::Mutex::new(0));
        let held = Arc::clone(&lock).lock_owned().await;
        let waiter = tokio::spawn(async move { *lock.lock().await += 1 });
        tokio::task::yield_now().await;
        let text = tokio::dump().to_string();
        assert!(text.contains("waits for tokio Mutex made at"), "{text}");
        assert!(text.contains("checks.rs"), "{text}");
        drop(held);
        waiter.await.unwrap();
    });
}
