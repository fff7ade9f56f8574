//! The cases of `lockwarden-tokio/benches/instructions.rs` that gridlock has types for, with its types and with
//! those of tokio in the same build: `peer-gridlock CASE gridlock|tokio COUNT`, and `peer-gridlock --list`.
//!
//! `count.sh` beside this counts the instructions of one operation.

use std::future::Future;
use std::hint::black_box;
use std::process::exit;

/// Runs a future as a task, as gridlock keeps what a task holds in a variable of the task.
fn on_runtime<F>(spawn: impl FnOnce(F) -> tokio::task::JoinHandle<()>, future: F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.expect("a runtime can be made");
    runtime
        .block_on(async { spawn(future).await })
        .expect("the task ends");
}

macro_rules! subject {
    ($subject:ident, $sync:path, $spawn:path) => {
        mod $subject {
            use $sync::{Mutex, RwLock};

            use super::*;

            pub fn run(case: &str, count: u64) {
                match case {
                    "mutex" => on_runtime($spawn, async move {
                        let lock = Mutex::new(0u64);
                        for _ in 0..count {
                            *black_box(&lock).lock().await += 1;
                        }
                    }),
                    "rwlock-read" => on_runtime($spawn, async move {
                        let lock = RwLock::new(0u64);
                        for _ in 0..count {
                            black_box(*black_box(&lock).read().await);
                        }
                    }),
                    "rwlock-write" => on_runtime($spawn, async move {
                        let lock = RwLock::new(0u64);
                        for _ in 0..count {
                            *black_box(&lock).write().await += 1;
                        }
                    }),
                    _ => usage(),
                }
            }
        }
    };
}

subject!(watched, gridlock::sync, gridlock::task::spawn);
subject!(plain, tokio::sync, tokio::spawn);

// Not its semaphore and channels: it counts a permit that is borrowed, and a message that was received, as held for
// ever, so each operation costs more than the one before.
const CASES: [&str; 3] = ["mutex", "rwlock-read", "rwlock-write"];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--list"] => CASES.iter().for_each(|case| println!("{case}")),
        [case, subject, count] => {
            let run = match subject {
                "gridlock" => watched::run,
                "tokio" => plain::run,
                _ => usage(),
            };
            run(case, count.parse().unwrap_or_else(|_| usage()));
        }
        _ => usage(),
    }
}

fn usage() -> ! {
    eprintln!("usage: peer-gridlock CASE gridlock|tokio COUNT");
    exit(2);
}
