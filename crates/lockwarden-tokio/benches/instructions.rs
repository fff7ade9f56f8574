//! Runs one case a given number of times, for its instructions to be counted from outside: see
//! `benches/instructions.sh` beside it.
//!
//! `instructions CASE SUBJECT COUNT`, where the subject is `watched` or `tokio`. With `--list` it names
//! the cases; `idle SUBJECT COUNT` prints the bytes that each of so many idle tasks
//! takes, with its handle.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::process::exit;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The allocator of the system, which counts the bytes that are in use.
struct Counting;

static USED: AtomicUsize = AtomicUsize::new(0);

#[allow(unsafe_code)]
// SAFETY: each call is handed to the allocator of the system as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        USED.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The cases with one kind of types.
macro_rules! subject {
    ($subject:ident, $name:ident) => {
        mod $subject {
            use ::$name as tokio;

            use super::*;

            fn on_runtime<F: Future>(future: F) -> F::Output {
                let runtime = tokio::runtime::Builder::new_current_thread().build();
                runtime.expect("a runtime can be made").block_on(future)
            }

            pub fn mutex(count: u64) {
                on_runtime(async {
                    let lock = tokio::sync::Mutex::new(0u64);
                    for _ in 0..count {
                        *black_box(&lock).lock().await += 1;
                    }
                });
            }

            pub fn read(count: u64) {
                on_runtime(async {
                    let lock = tokio::sync::RwLock::new(0u64);
                    for _ in 0..count {
                        black_box(*black_box(&lock).read().await);
                    }
                });
            }

            pub fn write(count: u64) {
                on_runtime(async {
                    let lock = tokio::sync::RwLock::new(0u64);
                    for _ in 0..count {
                        *black_box(&lock).write().await += 1;
                    }
                });
            }

            pub fn owned(count: u64) {
                on_runtime(async {
                    let lock = std::sync::Arc::new(tokio::sync::Mutex::new(0u64));
                    for _ in 0..count {
                        *std::sync::Arc::clone(black_box(&lock)).lock_owned().await += 1;
                    }
                });
            }

            pub fn semaphore(count: u64) {
                on_runtime(async {
                    let permits = tokio::sync::Semaphore::new(4);
                    for _ in 0..count {
                        drop(black_box(black_box(&permits).acquire().await));
                    }
                });
            }

            pub fn message(count: u64) {
                on_runtime(async {
                    let (sender, mut receiver) = tokio::sync::mpsc::channel(4);
                    for n in 0..count {
                        let _ = sender.send(black_box(n)).await;
                        black_box(receiver.recv().await);
                    }
                });
            }

            pub fn poll(count: u64) {
                on_runtime(async {
                    for _ in 0..count {
                        tokio::task::yield_now().await;
                    }
                });
            }

            /// Polls of a spawned task that holds nothing.
            pub fn poll_spawned(count: u64) {
                on_runtime(async {
                    let task = tokio::spawn(async move {
                        for _ in 0..count {
                            tokio::task::yield_now().await;
                        }
                    });
                    task.await.expect("it ends");
                });
            }

            pub fn spawn(count: u64) {
                on_runtime(async {
                    for _ in 0..count {
                        let task = tokio::spawn(async { black_box(1) });
                        task.await.expect("it ends");
                    }
                });
            }

            /// The bytes of an idle task whose future has `SIZE` bytes more than it needs, with its handle.
            fn idle_of<const SIZE: usize>(count: u64) -> f64 {
                on_runtime(async {
                    let notify = std::sync::Arc::new(::tokio::sync::Notify::new());
                    let before = USED.load(Ordering::Relaxed);
                    let mut tasks = Vec::with_capacity(count as usize);
                    for _ in 0..count {
                        let notify = std::sync::Arc::clone(&notify);
                        let padding = [1u8; SIZE];
                        tasks.push(tokio::spawn(async move {
                            notify.notified().await;
                            black_box(padding);
                        }));
                    }
                    tokio::task::yield_now().await;
                    tokio::task::yield_now().await;
                    let used = USED.load(Ordering::Relaxed) - before;
                    notify.notify_waiters();
                    used as f64 / count as f64
                })
            }

            /// tokio rounds the size of a task up to 128 bytes: so the mean over all sizes of that range.
            pub fn idle(count: u64) {
                let sizes = [
                    idle_of::<0>,
                    idle_of::<8>,
                    idle_of::<16>,
                    idle_of::<24>,
                    idle_of::<32>,
                    idle_of::<40>,
                    idle_of::<48>,
                    idle_of::<56>,
                    idle_of::<64>,
                    idle_of::<72>,
                    idle_of::<80>,
                    idle_of::<88>,
                    idle_of::<96>,
                    idle_of::<104>,
                    idle_of::<112>,
                    idle_of::<120>,
                ];
                let sum: f64 = sizes.iter().map(|bytes| bytes(count)).sum();
                println!("{:.1}", sum / sizes.len() as f64);
            }

            pub fn find(case: &str) -> Option<fn(u64)> {
                Some(match case {
                    "mutex" => mutex,
                    "mutex-owned" => owned,
                    "rwlock-read" => read,
                    "rwlock-write" => write,
                    "semaphore" => semaphore,
                    "mpsc" => message,
                    "poll" => poll,
                    "poll-spawned" => poll_spawned,
                    "spawn-join" => spawn,
                    "idle" => idle,
                    _ => return None,
                })
            }
        }
    };
}

subject!(watched, lockwarden_tokio);
subject!(plain, tokio);

const CASES: [&str; 9] = [
    "mutex",
    "mutex-owned",
    "rwlock-read",
    "rwlock-write",
    "semaphore",
    "mpsc",
    "poll",
    "poll-spawned",
    "spawn-join",
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--list"] => CASES.iter().for_each(|case| println!("{case}")),
        [case, subject, count] => {
            let run = match subject {
                "watched" => watched::find(case),
                "tokio" => plain::find(case),
                _ => usage(),
            };
            let (Some(run), Ok(count)) = (run, count.parse()) else {
                usage()
            };
            run(count);
        }
        // What `cargo bench` and `cargo test` pass: there is nothing to time here.
        ["--bench" | "--test", ..] | [] => println!("run `benches/instructions.sh`"),
        _ => usage(),
    }
}

fn usage() -> ! {
    eprintln!("usage: instructions CASE watched|tokio COUNT");
    exit(2);
}
