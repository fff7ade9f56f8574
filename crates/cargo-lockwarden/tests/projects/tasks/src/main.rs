//! Tasks over a dependency that has locks of tokio too. `.ci/reach` runs it; it needs the registry.
//!
//! The first argument says what the tasks do. `inversion`: the lock of the program and that of the store, in
//! both orders, in a run that passes. `futurelock`: a lock is granted to a future that its task does not poll any
//! more; a thread ends the process after some seconds. `local`: so it does after a task awaits one of the set that it drives,
//! which wants its lock. `service`: a run in which nothing is wrong.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use store::Store;
use tokio::sync::{Mutex, Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, PollSemaphore};
use tokio_util::task::TaskTracker;

static LEDGER: Mutex<u32> = Mutex::const_new(0);

fn main() {
    let kind = std::env::args().nth(1);
    if matches!(kind.as_deref(), Some("futurelock" | "local")) {
        // Before any task: a thread that is started later could have been given a guard.
        std::thread::spawn(|| {
            std::thread::sleep(Duration::from_secs(15));
            std::process::exit(0);
        });
    }
    run(kind.as_deref());
}

#[tokio::main]
async fn run(kind: Option<&str>) {
    match kind {
        Some("inversion") => inversion().await,
        Some("futurelock") => futurelock().await,
        Some("local") => local().await,
        _ => service().await,
    }
}

/// One task after the other: the orders of both are known, and none had to wait.
async fn inversion() {
    let store = Arc::new(Store::open());
    // A flag, which the detector does not see, keeps the two apart, so that nothing hangs.
    let is_put = Arc::new(AtomicBool::new(false));
    let (to_put, puts) = (Arc::clone(&store), Arc::clone(&is_put));
    let first = tokio::spawn(async move {
        let mut ledger = LEDGER.lock().await;
        *ledger += 1;
        to_put.put(*ledger).await;
        drop(ledger);
        puts.store(true, Ordering::Release);
    });
    let second = tokio::spawn(async move {
        while !is_put.load(Ordering::Acquire) {
            tokio::task::yield_now().await;
        }
        store
            .flush(|entries| async move {
                *LEDGER.lock().await += entries.len() as u32;
            })
            .await;
    });
    first.await.unwrap();
    second.await.unwrap();
    println!("both tasks have ended");
}

/// `select!` leaves a future behind that is next in the queue of the lock.
async fn futurelock() {
    let queue = Arc::new(Mutex::new(0));
    let held = Arc::clone(&queue);
    let (taken, is_taken) = oneshot::channel();
    let (release, is_released) = oneshot::channel();
    tokio::spawn(async move {
        let guard = held.lock().await;
        taken.send(()).unwrap();
        is_released.await.unwrap();
        drop(guard);
    });
    is_taken.await.unwrap();
    let mut left_behind = Box::pin(async {
        *queue.lock().await += 1;
    });
    tokio::select! {
        // The future is in the queue before the branch below is run.
        biased;
        () = &mut left_behind => unreachable!("the other task holds the lock"),
        () = std::future::ready(()) => {
            release.send(()).unwrap();
            *queue.lock().await += 1;
        }
    }
}

/// A task holds a lock that the task wants which it awaits, and both are polled in one set.
async fn local() {
    let ledger = Rc::new(Mutex::new(0));
    let theirs = Rc::clone(&ledger);
    let set = tokio::task::LocalSet::new();
    set.run_until(async move {
        let held = ledger.lock().await;
        let task = tokio::task::spawn_local(async move { *theirs.lock().await += 1 });
        task.await.unwrap();
        drop(held);
    })
    .await;
}

/// Workers that share a store and a pool of permits, one of them with types of another crate.
async fn service() {
    let store = Arc::new(Store::open());
    let permits = Arc::new(Semaphore::new(2));
    let (requests, mut queue) = mpsc::channel::<(u32, oneshot::Sender<u32>)>(4);
    let stop = CancellationToken::new();
    let tracker = TaskTracker::new();
    let (put, stopped) = (Arc::clone(&store), stop.clone());
    tracker.spawn(async move {
        loop {
            tokio::select! {
                () = stopped.cancelled() => break,
                request = queue.recv() => {
                    let Some((entry, answer)) = request else { break };
                    put.put(entry).await;
                    let _ = answer.send(entry + 1);
                }
            }
        }
    });
    let mut clients = JoinSet::new();
    for entry in 0..20 {
        let (requests, permits) = (requests.clone(), Arc::clone(&permits));
        clients.spawn(async move {
            let mut permits = PollSemaphore::new(permits);
            let _permit = std::future::poll_fn(|cx| permits.poll_acquire(cx)).await;
            let (answer, answered) = oneshot::channel();
            requests.send((entry, answer)).await.unwrap();
            answered.await.unwrap()
        });
    }
    let sum: u32 = clients.join_all().await.into_iter().sum();
    store
        .flush(|entries| async move {
            *LEDGER.lock().await += entries.len() as u32;
        })
        .await;
    stop.cancel();
    tracker.close();
    tracker.wait().await;
    println!("{} entries, {sum} in sum", LEDGER.lock().await);
}
