//! What the watched types cost beside tokio's own, uncontended, in one process and one round.
//!
//!     cargo bench --features full,always --manifest-path crates/lockwarden-tokio/Cargo.toml
//!
//! Prints nanoseconds per operation, the least of many rounds, and the ratio to tokio's own.

use std::future::Future;
use std::hint::black_box;
use std::time::Instant;

use lockwarden_tokio as watched;
use tokio as plain;

const ROUNDS: usize = 60;
const PASSES: u32 = 20_000;

/// Nanoseconds per pass of `f`.
async fn time<F: Future<Output = ()>>(f: impl Fn() -> F) -> f64 {
    let start = Instant::now();
    for _ in 0..PASSES {
        f().await;
    }
    start.elapsed().as_nanos() as f64 / f64::from(PASSES)
}

fn main() {
    // `cargo test` runs benches too, to see that they work.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    println!("{:<28} {:>8} {:>8} {:>7}", "", "watched", "tokio", "ratio");
    pairs::run();
}

mod pairs {
    use super::*;

    /// One operation on both kinds of types.
    macro_rules! both {
        ($name:literal, $make:ident, $value:expr, |$it:ident| $operation:expr) => {{
            let (mut ours, mut theirs) = (f64::MAX, f64::MAX);
            let ours_runtime = watched::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime can be made");
            let theirs_runtime = plain::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime can be made");
            for _ in 0..ROUNDS {
                ours = ours.min(ours_runtime.block_on(async {
                    let made = watched::sync::$make::new($value);
                    let $it = &made;
                    time(|| async move { $operation }).await
                }));
                theirs = theirs.min(theirs_runtime.block_on(async {
                    let made = plain::sync::$make::new($value);
                    let $it = &made;
                    time(|| async move { $operation }).await
                }));
            }
            println!(
                "{:<28} {ours:>8.1} {theirs:>8.1} {:>7.2}",
                $name,
                ours / theirs
            );
        }};
    }

    pub(super) fn run() {
        both!("Mutex lock + unlock", Mutex, 0u64, |lock| {
            *lock.lock().await += black_box(1);
        });
        both!("RwLock read", RwLock, 0u64, |lock| {
            black_box(*lock.read().await);
        });
        both!("RwLock write", RwLock, 0u64, |lock| {
            *lock.write().await += black_box(1);
        });
        both!("Semaphore acquire", Semaphore, 4, |permits| {
            drop(black_box(permits.acquire().await));
        });
        spawn_and_join();
    }

    fn spawn_and_join() {
        let (mut ours, mut theirs) = (f64::MAX, f64::MAX);
        let ours_runtime = watched::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime can be made");
        let theirs_runtime = plain::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime can be made");
        for _ in 0..ROUNDS {
            ours = ours.min(ours_runtime.block_on(time(|| async {
                watched::spawn(async { black_box(1) })
                    .await
                    .expect("it ends");
            })));
            theirs = theirs.min(theirs_runtime.block_on(time(|| async {
                plain::spawn(async { black_box(1) }).await.expect("it ends");
            })));
        }
        println!(
            "{:<28} {ours:>8.1} {theirs:>8.1} {:>7.2}",
            "spawn + join",
            ours / theirs
        );
        let (mut ours, mut theirs) = (f64::MAX, f64::MAX);
        for _ in 0..ROUNDS {
            ours = ours
                .min(ours_runtime.block_on(time(|| async { watched::task::yield_now().await })));
            theirs = theirs
                .min(theirs_runtime.block_on(time(|| async { plain::task::yield_now().await })));
        }
        println!(
            "{:<28} {ours:>8.1} {theirs:>8.1} {:>7.2}",
            "yield (one poll)",
            ours / theirs
        );
    }
}
