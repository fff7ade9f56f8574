//! Tests that hang in tasks, and those that only look so: what libtest runs.
//!
//! The kernels are ignored tests of this binary, which run in processes of their own.

#![cfg(all(target_os = "linux", feature = "full"))]
#![cfg(any(debug_assertions, feature = "always"))]

#[path = "../../../tests/support/child.rs"]
mod child;

use std::time::Duration;

use child::{Child, Exit};

/// Runs these kernels side by side.
fn run(kernels: &[&str]) -> Exit {
    Child::of_this_program()
        .args(&["--ignored", "--exact", "--test-threads=4"])
        .args(kernels)
        .run()
}

/// Runs these kernels, of which the first one hangs and fails for that.
fn found(kernels: &[&str]) -> Exit {
    let exit = run(kernels);
    assert_eq!(exit.code(), Some(101), "{exit}");
    let passed = kernels.len() - 1;
    let result = format!("{passed} passed; 1 failed;");
    assert!(exit.stdout.contains(&result), "{exit}");
    assert_eq!(exit.headlines().len(), 1, "{exit}");
    exit
}

/// Runs a kernel in two processes at a time, none of which reports anything.
fn silent(kernel: &str) {
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let exit = run(&[kernel]);
                assert!(exit.succeeded() && exit.headlines().is_empty(), "{exit}");
            });
        }
    });
}

#[test]
fn a_message_whose_sender_the_receiver_keeps() {
    let exit = found(&["hangs::a_oneshot_whose_sender_is_kept"]);
    exit.says("SelfDeadlock: task `");
    exit.says("waits for a message of the oneshot channel made at");
    exit.says("waits in libtest::hangs::a_oneshot_whose_sender_is_kept");
}

#[test]
fn a_message_of_another_crate_whose_sender_the_receiver_keeps() {
    let exit = found(&["hangs::a_oneshot_of_another_crate"]);
    exit.says("SelfDeadlock: task `");
    exit.says("waits for something that is not watched, which nothing else could bring about");
    exit.says("waits in futures_channel::oneshot::");
}

#[test]
fn the_end_of_a_channel_whose_sender_lives() {
    let exit = found(&["hangs::a_channel_whose_sender_lives"]);
    exit.says("Deadlock: ");
    exit.says("waits for a message of the mpsc channel made at");
}

#[test]
fn a_notification_that_was_lost() {
    let exit = found(&["hangs::a_notification_that_was_lost"]);
    exit.says("waits for a notification of the Notify made at");
}

#[test]
fn a_permit_that_is_taken_twice() {
    found(&["hangs::a_permit_that_is_taken_twice"]).says("SelfDeadlock: task `");
}

#[test]
fn locks_in_both_orders() {
    let exit = run(&["hangs::locks_in_both_orders"]);
    assert_eq!(exit.code(), Some(101), "{exit}");
    exit.says("lockwarden: Deadlock: 2 tasks wait for each other");
}

#[test]
fn a_lock_that_is_held_while_a_task_is_joined() {
    let exit = found(&["hangs::a_lock_that_is_held_while_a_task_is_joined"]);
    exit.says("holds tokio Mutex made at");
}

#[test]
fn a_message_on_several_workers() {
    found(&["hangs::a_message_on_several_workers"])
        .says("waits for a message of the oneshot channel");
}

#[test]
fn a_message_without_drivers() {
    found(&["hangs::a_message_without_drivers"]).says("waits for a message of the oneshot channel");
}

#[test]
fn a_message_beside_a_thread_that_waits() {
    // The thread has the sender.
    let exit = found(&["hangs::a_message_beside_a_thread_that_waits"]);
    exit.says("Deadlock: task `");
    exit.says(", and no task or thread can end that");
}

#[test]
fn a_message_beside_a_watched_thread_that_waits() {
    // Its wait wakes up now and then.
    let exit = found(&["hangs::a_message_beside_a_watched_thread_that_waits"]);
    exit.says("Deadlock: task `");
    exit.says(", and no task or thread can end that");
}

#[test]
fn a_test_that_hangs_beside_one_that_goes_on() {
    found(&["hangs::a_oneshot_whose_sender_is_kept", "right::a_timer"]);
}

#[test]
fn each_of_two_tests_that_hang_fails_for_its_own_wait() {
    let exit = run(&[
        "hangs::a_oneshot_whose_sender_is_kept",
        "hangs::a_notification_that_was_lost",
    ]);
    assert!(exit.stdout.contains("0 passed; 2 failed;"), "{exit}");
    let headlines = exit.headlines();
    assert_eq!(headlines.len(), 2, "{exit}");
    assert!(
        headlines
            .iter()
            .all(|line| line.contains("SelfDeadlock: task `")),
        "{exit}"
    );
}

macro_rules! silent {
    ($($kernel:ident)*) => {$(
        #[test]
        fn $kernel() {
            silent(concat!("right::", stringify!($kernel)));
        }
    )*};
}

silent!(
    a_timer
    a_watched_thread_that_waits_for_a_time
    a_timer_of_a_task_that_has_the_sender
    a_timer_of_a_task_that_answers_a_closure_in_a_watched_wait
    a_closure_of_the_blocking_pool
    a_thread_of_the_standard_library
    a_thread_that_reads
    a_connection
    a_connection_that_a_waker_of_its_own_waits_for
    a_child_process
    a_signal
    an_epoll_of_a_task
    a_thread_that_drives_another_future
    an_epoll_of_a_closure_beside_workers_without_drivers
    a_paused_clock_beside_a_closure
);

#[test]
fn a_callback_of_a_watchdog() {
    let exit = run(&["right::a_callback_of_a_watchdog"]);
    assert!(exit.succeeded(), "{exit}");
    assert!(!exit.stderr.contains("Deadlock: "), "{exit}");
}

#[test]
fn a_test_that_waits_for_a_permit_of_one_that_hangs_goes_on() {
    let exit = found(&[
        "hangs::a_message_under_a_permit_of_all_tests",
        "right::a_permit_of_all_tests",
    ]);
    exit.says("waits for a message of the oneshot channel made at");
}

#[test]
fn a_message_beside_a_closure_that_waits() {
    // The closure has the sender.
    let exit = found(&["hangs::a_message_beside_a_closure_that_waits"]);
    exit.says("Deadlock: task `");
    exit.says(", and no task or thread can end that");
}

#[test]
fn a_message_for_a_closure_in_a_watched_wait() {
    // What would send it is queued behind the closure.
    let exit = found(&["hangs::a_message_for_a_closure_in_a_watched_wait"]);
    exit.says("Deadlock: ");
    exit.says("waits for a message of the channel made at");
}

#[test]
fn a_message_beside_a_thread_that_serves() {
    let exit = found(&["hangs::a_message_beside_a_thread_that_serves"]);
    exit.says("Deadlock: both tasks wait: task `");
}

#[test]
fn a_thread_that_drives_a_future_is_joined_under_the_lock_that_the_future_wants() {
    let exit = found(&["hangs::a_thread_in_a_block_on_is_joined_under_a_lock"]);
    exit.says("Deadlock: 2 tasks and threads wait for each other");
    exit.says("for the end of thread `sync api`");
}

#[test]
fn a_task_joins_a_thread_that_drives_a_future_which_wants_a_lock_of_the_task() {
    let exit = found(&["hangs::a_task_joins_a_thread_in_a_block_on_under_a_lock"]);
    exit.says("waits for the end of thread `sync api`");
}

#[test]
fn a_task_blocks_the_only_thread_in_a_channel_of_threads() {
    let exit = found(&["hangs::a_task_blocks_the_only_thread"]);
    exit.says("waits for a message of the channel");
}

#[test]
fn a_task_blocks_the_only_thread_at_a_condition_variable() {
    let exit = found(&["hangs::a_task_waits_for_a_notification_of_threads"]);
    exit.says("waits for a notification of the Condvar");
}

#[test]
fn a_task_blocks_the_only_thread_before_any_task_waits() {
    let exit = found(&["hangs::a_task_blocks_the_only_thread_at_once"]);
    exit.says("waits for a message of the channel");
}

#[test]
fn a_task_blocks_the_only_worker_at_a_condition_variable() {
    let exit = found(&["hangs::a_task_blocks_the_only_worker"]);
    exit.says("waits for a notification of the Condvar");
}

#[test]
fn a_task_blocks_the_only_worker_at_a_barrier() {
    let exit = found(&["hangs::a_task_comes_to_a_barrier_of_threads"]);
    exit.says("waits for the others at the Barrier");
}

#[test]
fn a_guard_of_threads_is_kept_across_an_await_on_the_only_thread() {
    let exit = Child::of_this_program()
        .args(&["--ignored", "--exact"])
        .args(&["hangs::a_guard_of_threads_is_kept_across_an_await"])
        .limit(Duration::from_secs(10))
        .run();
    // No panic can be raised out of the wait for a lock of threads.
    assert!(exit.timed_out, "{exit}");
    exit.says("Deadlock: ");
    exit.says("nothing will break this deadlock");
}

/// Tests that hang.
mod hangs {
    use std::sync::Arc;

    use lockwarden_tokio as tokio;
    use tokio::sync::{Mutex, Notify, Semaphore, mpsc, oneshot};

    /// Joins a thread, under a lock, that takes it in a future; no task waits in a function of tokio.
    fn join_under_lock() {
        let total = Arc::new(lockwarden::sync::Mutex::new(0));
        let held = total.lock().unwrap();
        let inner = Arc::clone(&total);
        let update = move || {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            let runtime = builder.build().unwrap();
            runtime.block_on(async { *inner.lock().unwrap() += 1 });
        };
        let api = lockwarden::thread::Builder::new().name("sync api".to_owned());
        api.spawn(update).unwrap().join().unwrap();
        drop(held);
    }

    #[test]
    #[ignore = "it hangs"]
    fn a_thread_in_a_block_on_is_joined_under_a_lock() {
        join_under_lock();
    }

    #[tokio::test]
    #[ignore = "it hangs"]
    async fn a_task_joins_a_thread_in_a_block_on_under_a_lock() {
        join_under_lock();
    }

    #[tokio::test]
    #[ignore = "it hangs"]
    async fn a_oneshot_of_another_crate() {
        // By its use of a lock it is known.
        drop(Mutex::new(()).lock().await);
        let (_sender, receiver) = futures::channel::oneshot::channel::<()>();
        receiver.await.unwrap();
    }

    #[tokio::test]
    #[ignore = "it hangs"]
    async fn a_task_blocks_the_only_thread() {
        let (sender, receiver) = lockwarden::sync::mpsc::channel::<u8>();
        let waits = tokio::spawn(async move { receiver.recv() });
        tokio::spawn(async move { sender.send(1) });
        waits.await.unwrap().unwrap();
    }

    #[tokio::test]
    #[ignore = "it hangs"]
    async fn a_task_blocks_the_only_thread_at_once() {
        let (sender, receiver) = lockwarden::sync::mpsc::channel::<u8>();
        tokio::spawn(async move { sender.send(1) });
        receiver.recv().unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    #[ignore = "it hangs"]
    async fn a_task_comes_to_a_barrier_of_threads() {
        let barrier = Arc::new(lockwarden::sync::Barrier::new(2));
        let tasks = [(); 2].map(|()| {
            let barrier = Arc::clone(&barrier);
            tokio::spawn(async move { barrier.wait().is_leader() })
        });
        for task in tasks {
            task.await.unwrap();
        }
    }

    #[tokio::test]
    #[ignore = "it hangs"]
    async fn a_task_waits_for_a_notification_of_threads() {
        wait_for_notification().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    #[ignore = "it hangs"]
    async fn a_task_blocks_the_only_worker() {
        wait_for_notification().await;
    }

    /// A task waits for a notification of another one that would have to be polled by the same thread.
    async fn wait_for_notification() {
        use lockwarden::sync::{Condvar, Mutex};
        let ready = Arc::new((Mutex::new(false), Condvar::new()));
        let theirs = Arc::clone(&ready);
        let waits = tokio::spawn(async move {
            drop(
                theirs
                    .1
                    .wait_while(theirs.0.lock().unwrap(), |ready| !*ready),
            );
        });
        let notifies = tokio::spawn(async move {
            *ready.0.lock().unwrap() = true;
            ready.1.notify_all();
        });
        notifies.await.unwrap();
        waits.await.unwrap();
    }

    #[tokio::test]
    #[ignore = "it hangs"]
    #[allow(clippy::await_holding_lock)]
    async fn a_guard_of_threads_is_kept_across_an_await() {
        let total = Arc::new(lockwarden::sync::Mutex::new(0));
        let theirs = Arc::clone(&total);
        tokio::spawn(async move { *theirs.lock().unwrap() += 1 });
        let held = total.lock().unwrap();
        tokio::task::yield_now().await;
        drop(held);
    }

    #[tokio::test]
    #[ignore = "it hangs"]
    async fn a_oneshot_whose_sender_is_kept() {
        let (_sender, receiver) = oneshot::channel::<u8>();
        receiver.await.unwrap();
    }

    #[tokio::test]
    #[ignore = "it hangs"]
    async fn a_channel_whose_sender_lives() {
        let (sender, mut receiver) = mpsc::channel(4);
        let theirs = sender.clone();
        let sum = tokio::spawn(async move {
            let mut sum = 0;
            while let Some(number) = receiver.recv().await {
                sum += number;
            }
            sum
        });
        theirs.send(1).await.unwrap();
        drop(theirs);
        assert_eq!(sum.await.unwrap(), 1);
        drop(sender);
    }

    #[tokio::test]
    #[ignore = "it hangs"]
    async fn a_notification_that_was_lost() {
        let ready = Notify::new();
        ready.notify_waiters();
        ready.notified().await;
    }

    #[tokio::test]
    #[ignore = "it hangs"]
    async fn a_permit_that_is_taken_twice() {
        let places = Semaphore::new(1);
        let _first = places.acquire().await.unwrap();
        let _second = places.acquire().await.unwrap();
    }

    #[tokio::test]
    #[ignore = "it hangs"]
    async fn locks_in_both_orders() {
        let ledger = Arc::new(Mutex::new(0));
        let audit = Arc::new(Mutex::new(0));
        let take = |first: &Arc<Mutex<i32>>, second: &Arc<Mutex<i32>>| {
            let (first, second) = (Arc::clone(first), Arc::clone(second));
            tokio::spawn(async move {
                let mut first = first.lock().await;
                tokio::task::yield_now().await;
                *first += *second.lock().await;
            })
        };
        let one = take(&ledger, &audit);
        let other = take(&audit, &ledger);
        one.await.unwrap();
        other.await.unwrap();
    }

    #[tokio::test]
    #[ignore = "it hangs"]
    async fn a_lock_that_is_held_while_a_task_is_joined() {
        let ledger = Arc::new(Mutex::new(0));
        let held = ledger.lock().await;
        let theirs = Arc::clone(&ledger);
        let task = tokio::spawn(async move { *theirs.lock().await += 1 });
        task.await.unwrap();
        drop(held);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "it hangs"]
    async fn a_message_on_several_workers() {
        let (_sender, receiver) = oneshot::channel::<u8>();
        tokio::spawn(async { receiver.await.unwrap() })
            .await
            .unwrap();
    }

    #[test]
    #[ignore = "it hangs"]
    fn a_message_without_drivers() {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let (_sender, receiver) = oneshot::channel::<u8>();
        runtime.unwrap().block_on(receiver).unwrap();
    }

    pub(super) static PLACE: Semaphore = Semaphore::const_new(1);

    #[tokio::test]
    #[ignore = "it hangs"]
    async fn a_message_under_a_permit_of_all_tests() {
        let _place = PLACE.acquire().await.unwrap();
        let (_sender, receiver) = oneshot::channel::<u8>();
        receiver.await.unwrap();
    }

    #[tokio::test]
    #[ignore = "it hangs"]
    async fn a_message_beside_a_closure_that_waits() {
        let (to_closure, from_us) = std::sync::mpsc::channel();
        let (to_us, from_closure) = oneshot::channel::<u8>();
        // By tokio's own function, as a crate would call it that is not watched.
        ::tokio::task::spawn_blocking(move || to_us.send(from_us.recv().unwrap()));
        // A panic drops this sender first, so that the closure ends and the runtime does not wait for it.
        let _to_closure = to_closure;
        assert_eq!(from_closure.await.unwrap(), 1);
    }

    /// The only thread of the blocking pool waits for a message that the next closure would send.
    #[test]
    #[ignore = "it hangs"]
    fn a_message_for_a_closure_in_a_watched_wait() {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder
            .worker_threads(2)
            .max_blocking_threads(1)
            .enable_all();
        let runtime = builder.build().unwrap();
        runtime.block_on(async {
            let handle = tokio::runtime::Handle::current();
            let asks = tokio::task::spawn_blocking(move || {
                let (answer, answers) = lockwarden::sync::mpsc::channel();
                handle.spawn(async {
                    let sends = tokio::task::spawn_blocking(move || answer.send(1));
                    sends.await.unwrap().unwrap();
                });
                answers.recv()
            });
            assert_eq!(asks.await.unwrap(), Ok(1));
        });
    }

    #[test]
    #[ignore = "it hangs"]
    fn a_message_beside_a_thread_that_serves() {
        let runtime = || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
        };
        let (requests, mut served) = mpsc::channel::<u8>(4);
        std::thread::spawn(move || {
            runtime()
                .unwrap()
                .block_on(async { while served.recv().await.is_some() {} });
        });
        let (_sender, receiver) = oneshot::channel::<u8>();
        runtime().unwrap().block_on(async {
            requests.send(1).await.unwrap();
            receiver.await.unwrap();
        });
    }

    #[tokio::test]
    #[ignore = "it hangs"]
    async fn a_message_beside_a_thread_that_waits() {
        let (to_thread, from_us) = std::sync::mpsc::channel();
        let (to_us, from_thread) = oneshot::channel::<u8>();
        std::thread::spawn(move || to_us.send(from_us.recv().unwrap()));
        assert_eq!(from_thread.await.unwrap(), 1);
        to_thread.send(1).unwrap();
    }

    #[tokio::test]
    #[ignore = "it hangs"]
    async fn a_message_beside_a_watched_thread_that_waits() {
        let (to_thread, from_us) = lockwarden::sync::mpsc::channel();
        let (to_us, from_thread) = oneshot::channel::<u8>();
        lockwarden::thread::spawn(move || to_us.send(from_us.recv().unwrap()));
        assert_eq!(from_thread.await.unwrap(), 1);
        to_thread.send(1).unwrap();
    }
}

/// Tests that wait for what does not come from a task, for longer than it takes until they are looked at.
mod right {
    use std::future::Future;
    use std::io::{Read, Write};
    use std::pin::pin;
    use std::sync::Arc;
    use std::task::{Context, Wake};
    use std::thread;
    use std::time::Duration;

    use lockwarden_tokio as tokio;
    use tokio::io::AsyncReadExt;
    use tokio::net::UnixStream;
    use tokio::sync::oneshot;

    /// Two looks come before it is over.
    const LONG: Duration = Duration::from_secs(4);

    #[tokio::test]
    #[ignore = "it takes its time"]
    async fn a_watched_thread_that_waits_for_a_time() {
        let (to_thread, from_us) = lockwarden::sync::mpsc::channel::<u8>();
        let (to_us, from_thread) = oneshot::channel::<u8>();
        lockwarden::thread::spawn(move || {
            from_us.recv_timeout(LONG).unwrap_err();
            to_us.send(1)
        });
        assert_eq!(from_thread.await.unwrap(), 1);
        drop(to_thread);
    }

    #[tokio::test]
    #[ignore = "it is run by another test"]
    async fn a_timer_of_a_task_that_answers_a_closure_in_a_watched_wait() {
        let handle = tokio::runtime::Handle::current();
        let asks = tokio::task::spawn_blocking(move || {
            let (answer, answers) = lockwarden::sync::mpsc::channel();
            handle.spawn(async move {
                tokio::time::sleep(LONG).await;
                answer.send(1).unwrap();
            });
            answers.recv()
        });
        assert_eq!(asks.await.unwrap(), Ok(1));
    }

    #[tokio::test]
    #[ignore = "it is run by another test"]
    async fn a_timer() {
        let (_sender, receiver) = oneshot::channel::<u8>();
        assert!(tokio::time::timeout(LONG, receiver).await.is_err());
    }

    #[tokio::test]
    #[ignore = "it is run by another test"]
    async fn a_timer_of_a_task_that_has_the_sender() {
        let (sender, receiver) = oneshot::channel();
        tokio::spawn(async {
            tokio::time::sleep(LONG).await;
            sender.send(1).unwrap();
        });
        assert_eq!(receiver.await, Ok(1));
    }

    #[tokio::test]
    #[ignore = "it is run by another test"]
    async fn a_closure_of_the_blocking_pool() {
        let (sender, receiver) = oneshot::channel();
        // By tokio's own function, as a crate would call it that is not watched.
        ::tokio::task::spawn_blocking(|| {
            let (_kept, nothing) = std::sync::mpsc::channel::<u8>();
            assert!(nothing.recv_timeout(LONG).is_err());
            sender.send(1).unwrap();
        });
        assert_eq!(receiver.await, Ok(1));
    }

    #[tokio::test]
    #[ignore = "it is run by another test"]
    async fn a_thread_of_the_standard_library() {
        let (sender, receiver) = oneshot::channel();
        thread::spawn(|| {
            thread::sleep(LONG);
            sender.send(1).unwrap();
        });
        assert_eq!(receiver.await, Ok(1));
    }

    #[tokio::test]
    #[ignore = "it is run by another test"]
    async fn a_thread_that_reads() {
        let (mut ours, mut theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        let (sender, receiver) = oneshot::channel();
        thread::spawn(move || {
            let mut byte = [0];
            ours.read_exact(&mut byte).unwrap();
            sender.send(byte[0]).unwrap();
        });
        // A child process writes, so that no thread of this one sleeps for a time.
        let mut child = writes_later(&theirs);
        assert_eq!(receiver.await, Ok(b'1'));
        child.wait().unwrap();
        theirs.flush().unwrap();
    }

    /// A process that writes to the stream after a while.
    fn writes_later(stream: &std::os::unix::net::UnixStream) -> std::process::Child {
        let stream = std::os::fd::OwnedFd::from(stream.try_clone().unwrap());
        std::process::Command::new("sh")
            .args(["-c", "sleep 4; printf 1"])
            .stdout(stream)
            .spawn()
            .unwrap()
    }

    /// Waits in an `epoll` until a process has written to `theirs`, the other end of `ours`.
    fn waits_for_child(
        poll: &mut mio::Poll,
        ours: &std::os::unix::net::UnixStream,
        token: mio::Token,
        theirs: &std::os::unix::net::UnixStream,
    ) {
        use std::os::fd::AsRawFd;
        let (fd, readable) = (ours.as_raw_fd(), mio::Interest::READABLE);
        let mut source = mio::unix::SourceFd(&fd);
        poll.registry()
            .register(&mut source, token, readable)
            .unwrap();
        let mut child = writes_later(theirs);
        poll.poll(&mut mio::Events::with_capacity(1), None).unwrap();
        child.wait().unwrap();
    }

    #[tokio::test]
    #[ignore = "it is run by another test"]
    async fn a_connection() {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let mut ours = UnixStream::from_std(ours).unwrap();
        let (sender, receiver) = oneshot::channel();
        tokio::spawn(async move { sender.send(ours.read_u8().await.unwrap()).unwrap() });
        let mut child = writes_later(&theirs);
        assert_eq!(receiver.await, Ok(b'1'));
        child.wait().unwrap();
    }

    /// Sends when it is woken.
    struct Sends(std::sync::Mutex<Option<oneshot::Sender<u8>>>);

    impl Wake for Sends {
        fn wake(self: Arc<Self>) {
            let sender = self.0.lock().unwrap().take();
            sender.unwrap().send(1).unwrap();
        }
    }

    #[tokio::test]
    #[ignore = "it is run by another test"]
    async fn a_connection_that_a_waker_of_its_own_waits_for() {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let mut ours = UnixStream::from_std(ours).unwrap();
        let (sender, receiver) = oneshot::channel();
        let waker = Arc::new(Sends(std::sync::Mutex::new(Some(sender)))).into();
        let mut byte = pin!(ours.read_u8());
        assert!(
            byte.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        let mut child = writes_later(&theirs);
        assert_eq!(receiver.await, Ok(1));
        child.wait().unwrap();
    }

    #[tokio::test]
    #[ignore = "it is run by another test"]
    async fn a_child_process() {
        let (sender, receiver) = oneshot::channel();
        tokio::spawn(async {
            let mut sleep = tokio::process::Command::new("sleep");
            assert!(sleep.arg("4").status().await.unwrap().success());
            sender.send(1).unwrap();
        });
        assert_eq!(receiver.await, Ok(1));
    }

    #[tokio::test]
    #[ignore = "it is run by another test"]
    async fn a_signal() {
        use tokio::signal::unix::{SignalKind, signal};
        let (sender, receiver) = oneshot::channel();
        let mut signals = signal(SignalKind::user_defined1()).unwrap();
        tokio::spawn(async move {
            signals.recv().await.unwrap();
            sender.send(1).unwrap();
        });
        let kill = format!("sleep 4; kill -USR1 {}", std::process::id());
        let mut child = std::process::Command::new("sh").args(["-c", &kill]).spawn();
        assert_eq!(receiver.await, Ok(1));
        child.as_mut().unwrap().wait().unwrap();
    }

    /// It blocks its thread; the numbers are those that the driver of a runtime has for itself.
    #[tokio::test]
    #[ignore = "it is run by another test"]
    async fn an_epoll_of_a_task() {
        use mio::{Poll, Token, Waker};
        let (sender, receiver) = oneshot::channel();
        tokio::spawn(async {
            let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
            let mut poll = Poll::new().unwrap();
            let _waker = Waker::new(poll.registry(), Token(0)).unwrap();
            waits_for_child(&mut poll, &ours, Token(1), &theirs);
            sender.send(1).unwrap();
        });
        assert_eq!(receiver.await, Ok(1));
    }

    #[tokio::test]
    #[ignore = "it is run by another test"]
    async fn a_thread_that_drives_another_future() {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let mut ours = UnixStream::from_std(ours).unwrap();
        let (sender, receiver) = oneshot::channel();
        // It parks, and the driver of this runtime wakes it.
        thread::spawn(move || {
            let byte = futures::executor::block_on(ours.read_u8()).unwrap();
            sender.send(byte).unwrap();
        });
        let mut child = writes_later(&theirs);
        assert_eq!(receiver.await, Ok(b'1'));
        child.wait().unwrap();
    }

    #[tokio::test]
    #[ignore = "it is run by another test"]
    async fn a_callback_of_a_watchdog() {
        let (sender, receiver) = oneshot::channel();
        let sender = std::sync::Mutex::new(Some(sender));
        let builder = lockwarden::watchdog::Watchdog::builder().on_alert(move |_| {
            let sender = sender.lock().unwrap().take();
            sender
                .into_iter()
                .for_each(|sender| sender.send(1).unwrap());
        });
        let watchdog = builder.spawn().unwrap();
        let _beats = watchdog.heartbeat("beats", LONG);
        assert_eq!(receiver.await, Ok(1));
    }

    #[test]
    #[ignore = "it is run by another test"]
    fn an_epoll_of_a_closure_beside_workers_without_drivers() {
        use mio::{Poll, Token};
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).build().unwrap();
        let (sender, receiver) = oneshot::channel();
        runtime.block_on(async {
            // By tokio's own function, as a crate would call it that is not watched.
            ::tokio::task::spawn_blocking(|| {
                let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
                let mut poll = Poll::new().unwrap();
                waits_for_child(&mut poll, &ours, Token(0), &theirs);
                sender.send(1).unwrap();
            });
            assert_eq!(receiver.await, Ok(1));
        });
    }

    #[tokio::test]
    #[ignore = "it is run by another test"]
    async fn a_permit_of_all_tests() {
        use super::hangs::PLACE;
        while PLACE.available_permits() != 0 {
            tokio::task::yield_now().await;
        }
        let _place = PLACE.acquire().await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    #[ignore = "it is run by another test"]
    async fn a_paused_clock_beside_a_closure() {
        let (sender, receiver) = oneshot::channel();
        ::tokio::task::spawn_blocking(|| {
            thread::sleep(LONG);
            sender.send(1).unwrap();
        });
        assert_eq!(receiver.await, Ok(1));
    }
}
