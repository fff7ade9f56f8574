//! A pool of connections that deadlocks on itself: each job holds one and asks for another. And the
//! way out: one job takes what it needs at once.
//!
//!     cargo run --features full --example pool

use std::sync::Arc;
use std::time::Duration;

use lockwarden_tokio as tokio;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::testing::check_async;

/// How many connections there are.
const CONNECTIONS: usize = 3;

async fn query() {
    tokio::time::sleep(Duration::from_millis(5)).await;
}

async fn report_with_details(pool: Arc<Semaphore>) {
    let _connection = pool.acquire().await.expect("the pool is open");
    query().await;
    // The details need a connection too, and all of them may be in use by jobs that stand here.
    let _second = pool.acquire().await.expect("the pool is open");
    query().await;
}

async fn report_at_once(pool: Arc<Semaphore>) {
    let _connections = pool.acquire_many(2).await.expect("the pool is open");
    query().await;
    query().await;
}

async fn wrong() {
    let pool = Arc::new(Semaphore::new(CONNECTIONS));
    let mut jobs = JoinSet::new();
    for _ in 0..CONNECTIONS {
        jobs.spawn(report_with_details(Arc::clone(&pool)));
    }
    while jobs.join_next().await.is_some() {}
}

async fn right() {
    let pool = Arc::new(Semaphore::new(CONNECTIONS));
    let mut jobs = JoinSet::new();
    for _ in 0..CONNECTIONS {
        jobs.spawn(report_at_once(Arc::clone(&pool)));
    }
    while let Some(ended) = jobs.join_next().await {
        ended.expect("it does not panic");
    }
}

fn main() {
    check_async(right).assert_clean();
    let outcome = check_async(wrong);
    for finding in outcome.findings() {
        println!("{finding}");
    }
}
