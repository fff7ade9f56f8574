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

#[lockwarden::test]
async fn an_asynchronous_test_is_a_check() {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    tokio::spawn(async move { sender.send(1).unwrap() });
    assert_eq!(receiver.await, Ok(1));
}

#[lockwarden::test(workers = 2, expect = "SelfDeadlock", timeout = "20s")]
async fn an_asynchronous_test_may_expect_a_deadlock() {
    let lock = tokio::sync::Mutex::new(0);
    let _held = lock.lock().await;
    *lock.lock().await += 1;
}

#[lockwarden::test(paused = true)]
async fn an_asynchronous_test_may_have_a_paused_clock() -> Result<(), std::num::ParseIntError> {
    tokio::time::sleep(Duration::from_secs(3600)).await;
    let _: i32 = "42".parse()?;
    Ok(())
}

#[test]
fn a_check_that_hangs_shows_each_task_and_where_it_waits() {
    let outcome = AsyncCheck::new()
        .timeout(Duration::from_millis(700))
        .run(|| async {
            // A task of tokio's own could bring the notification, so nothing is certain.
            ::tokio::spawn(std::future::pending::<()>());
            let notify = tokio::sync::Notify::new();
            waits_in_a_helper(&notify).await;
        });
    let hang = outcome.hung().expect("it hangs").to_string();
    for words in ["waits for a notification", "waits_in_a_helper", "checks.rs"] {
        assert!(hang.contains(words), "no {words:?} in\n{hang}");
    }
}

#[test]
fn a_notification_that_comes_too_early_is_advised_in_the_words_of_tokio() {
    let outcome = check_async(|| async {
        let notify = tokio::sync::Notify::new();
        notify.notify_waiters();
        notify.notified().await;
    });
    outcome.assert_finds(Verdict::SelfDeadlock);
    let text = outcome.to_string();
    assert!(text.contains("`notify_one`"), "{text}");
    assert!(!text.contains("notify_all"), "{text}");
}

async fn waits_in_a_helper(notify: &tokio::sync::Notify) {
    notify.notified().await;
}

#[test]
fn messages_of_a_broadcast_and_a_value_that_is_set_once_arrive() {
    let outcome = check_async(|| async {
        let (sender, mut first) = tokio::sync::broadcast::channel(4);
        let mut second = sender.subscribe();
        let once = Arc::new(tokio::sync::SetOnce::new());
        let theirs = Arc::clone(&once);
        tokio::spawn(async move {
            sender.send(1).unwrap();
            theirs.set(2).unwrap();
        });
        assert_eq!(first.recv().await, Ok(1));
        assert_eq!(second.recv().await, Ok(1));
        assert_eq!(*once.wait().await, 2);
        assert!(first.recv().await.is_err());
    });
    outcome.assert_clean();
}

#[test]
fn nothing_is_left_to_send_on_a_broadcast_channel() {
    let outcome = check_async(|| async {
        let (_sender, mut receiver) = tokio::sync::broadcast::channel::<i32>(4);
        let _ = receiver.recv().await;
    });
    outcome.assert_finds(Verdict::SelfDeadlock);
}

#[test]
fn a_runtime_that_is_local_runs_tasks_that_stay_there() {
    let runtime = match tokio::runtime::LocalRuntime::new() {
        // A version of tokio that has none.
        Err(error) if error.kind() == std::io::ErrorKind::Unsupported => return,
        runtime => runtime.unwrap(),
    };
    let value = runtime.block_on(async {
        let shared = std::rc::Rc::new(1);
        tokio::task::spawn_local(async move { *shared }).await
    });
    assert_eq!(value.unwrap(), 1);
}

/// Readers wait behind a writer, and that behind a reader that will come back: no deadlock, but a stall.
#[cfg(any(debug_assertions, feature = "always"))]
#[test]
fn the_watchdog_names_the_reader_that_others_wait_behind() {
    use lockwarden::watchdog::Watchdog;

    let (alerts, mut received) = tokio::sync::mpsc::unbounded_channel();
    let watchdog = Watchdog::builder()
        .wait_limit(None)
        .hold_limit(Duration::from_millis(50))
        .without_signals()
        .on_alert(move |alert| {
            let _ = alerts.send(alert.to_string());
        })
        .spawn()
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let rates = Arc::new(tokio::sync::RwLock::new(0));
        rates.set_label("rates of the day");
        let read = rates.read().await;
        let theirs = Arc::clone(&rates);
        let writer = tokio::spawn(async move { *theirs.write().await += 1 });
        tokio::task::yield_now().await;
        let theirs = Arc::clone(&rates);
        let reader = tokio::spawn(async move { *theirs.read().await });
        let alert = async {
            loop {
                // Other tests of this program hold locks for long, too.
                let alert: String = received.recv().await.unwrap();
                if alert.contains("rates of the day") {
                    break alert;
                }
            }
        };
        let alert = tokio::time::timeout(Duration::from_secs(120), alert);
        let alert = alert
            .await
            .expect("a hold that exceeds its limit is a stall");
        drop(read);
        writer.await.unwrap();
        assert_eq!(reader.await.unwrap(), 1);
        assert!(alert.contains("Stall: task `"), "{alert}");
        // The tasks that wait, with what for and where.
        assert!(alert.contains("(exclusive) at tests/checks.rs"), "{alert}");
        assert!(alert.contains("(shared) at tests/checks.rs"), "{alert}");
    });
    drop(watchdog);
}
