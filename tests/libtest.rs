//! Tests that hang: what the test runner of the standard library, and the tests beside them, do not end.
//!
//! The kernels are ignored tests of this binary, which run in processes of their own.

#![cfg(target_os = "linux")]
#![cfg(any(debug_assertions, feature = "always"))]

#[path = "support/child.rs"]
mod child;

use child::{Child, Exit};

/// Runs these kernels side by side.
fn run(kernels: &[&str], settings: &str) -> Exit {
    run_at_once("4", kernels, settings)
}

/// Runs these kernels, as many at once.
fn run_at_once(threads: &str, kernels: &[&str], settings: &str) -> Exit {
    Child::of_this_program()
        .args(&["--ignored", "--exact", "--test-threads", threads])
        .args(kernels)
        .env("LOCKWARDEN", settings)
        .run()
}

/// Runs these kernels, of which the first one hangs and fails for that.
fn found(kernels: &[&str]) -> Exit {
    let exit = run(kernels, "");
    assert_eq!(exit.code(), Some(101), "{exit}");
    let passed = kernels.len() - 1;
    let result = format!("{passed} passed; 1 failed;");
    assert!(exit.stdout.contains(&result), "{exit}");
    exit
}

#[test]
#[cfg(feature = "signals")]
fn a_test_whose_threads_wait_for_messages_of_each_other_fails() {
    let exit = found(&["kernels::messages_of_each_other"]);
    exit.says("Deadlock: both threads wait: thread `kernels::messages_of_each_other` (#1) for a");
}

#[test]
fn a_test_that_is_never_notified_fails() {
    let exit = found(&["kernels::a_notification"]);
    exit.says("waits for a notification of `posted`");
}

#[test]
#[cfg(feature = "signals")]
fn the_threads_of_a_test_that_waits_for_their_lock_are_woken() {
    let exit = found(&["kernels::a_lock_of_a_thread_that_waits"]);
    exit.says("for `ledger` (exclusive)");
}

#[test]
#[cfg(feature = "signals")]
fn a_test_hangs_as_soon_as_all_others_have_ended() {
    let exit = found(&["kernels::a_notification", "kernels::some_time"]);
    exit.says("waits for a notification of `posted`");
}

#[test]
#[cfg(feature = "signals")]
fn a_thread_that_another_test_has_left_has_no_part_in_it() {
    let exit = found(&["kernels::a_notification", "kernels::a_thread_that_is_left"]);
    exit.says("waits for a notification of `posted`");
    assert!(!exit.stderr.contains("thread `left`"), "{exit}");
}

#[test]
#[cfg(feature = "signals")]
fn each_of_two_tests_that_hang_fails_for_its_own_wait() {
    let kernels = ["kernels::a_notification", "kernels::messages_of_each_other"];
    let exit = run(&kernels, "");
    assert!(exit.stdout.contains("0 passed; 2 failed;"), "{exit}");
    let headlines = exit.headlines();
    assert_eq!(headlines.len(), 2, "{exit}");
    let is_both = |line: &&str| line.contains("a_notification") && line.contains("messages");
    assert!(!headlines.iter().any(is_both), "{exit}");
}

#[test]
#[cfg(feature = "signals")]
fn a_test_that_hangs_later_has_no_part_in_another() {
    let kernels = [
        "kernels::d_two_messages",
        "kernels::e_lock_of_the_first",
        "kernels::f_lock_of_a_thread_that_waits",
    ];
    let exit = run_at_once("2", &kernels, "");
    assert!(exit.stdout.contains("1 passed; 2 failed;"), "{exit}");
    let headlines = exit.headlines();
    // The first test hangs twice, with the same headline, which counts once.
    assert_eq!(headlines.len(), 2, "{exit}");
    let is_both = |line: &&str| line.contains("d_two") && line.contains("f_lock");
    assert!(!headlines.iter().any(is_both), "{exit}");
}

#[test]
#[cfg(feature = "signals")]
fn a_test_that_is_parked_for_ever_is_reported() {
    // No panic is raised out of a park.
    for kernels in [
        &["kernels::a_park"] as &[_],
        &["kernels::a_park", "kernels::some_time_under_a_lock"],
    ] {
        let exit = run(kernels, "Deadlock=abort");
        assert!(!exit.timed_out && exit.code() != Some(0), "{exit}");
        exit.says("Deadlock: thread `kernels::a_park` (#");
    }
}

#[test]
#[cfg(feature = "signals")]
fn a_lock_that_a_test_asks_for_beside_another_test_is_looked_at_again() {
    let exit = found(&[
        "kernels::a_lock_that_is_asked_for_later",
        "kernels::some_time",
    ]);
    exit.says("for `ledger` (exclusive)");
}

#[test]
fn a_worker_of_no_test_that_was_unparked_moves() {
    let exit = run(&["kernels::a_worker_that_is_unparked"], "");
    assert!(exit.succeeded() && exit.headlines().is_empty(), "{exit}");
}

#[test]
fn what_tests_leave_behind_is_at_rest() {
    let exit = run(
        &["kernels::a_thread_that_is_left", "kernels::some_time"],
        "",
    );
    assert!(exit.succeeded() && exit.headlines().is_empty(), "{exit}");
}

#[test]
fn the_test_runner_starts_a_test_when_its_output_can_be_written() {
    let kernels = [
        "kernels::a_wait_for_the_last_test",
        "kernels::b_output_that_is_read_later",
        "kernels::c_last_test",
    ];
    let exit = run_at_once("2", &kernels, "");
    assert!(exit.succeeded() && exit.headlines().is_empty(), "{exit}");
}

mod kernels {
    use std::io::{PipeWriter, Write};
    use std::os::fd::AsRawFd;
    use std::panic::AssertUnwindSafe;
    use std::process::Command;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use lockwarden::instrument::{FutexSleep, futex_sleep};
    use lockwarden::sync::{Arc, Condvar, Mutex, mpsc};
    use lockwarden::thread;

    #[test]
    #[ignore = "it hangs"]
    fn messages_of_each_other() {
        let (to_other, from_us) = mpsc::channel::<u8>();
        let (to_us, from_other) = mpsc::channel::<u8>();
        let other = thread::spawn(move || {
            let first = from_us.recv().unwrap();
            to_us.send(first).unwrap();
        });
        let first = from_other.recv().unwrap();
        to_other.send(first).unwrap();
        other.join().unwrap();
    }

    #[test]
    #[ignore = "it hangs"]
    fn a_notification() {
        let posted = Condvar::named("posted");
        let entries = Mutex::new(0);
        let _entries = posted.wait(entries.lock().unwrap()).unwrap();
    }

    #[test]
    #[ignore = "it hangs"]
    fn a_lock_of_a_thread_that_waits() {
        let ledger = Arc::new(Mutex::named("ledger", 0));
        let (begin, begun) = mpsc::channel();
        let (go, gone) = mpsc::channel::<()>();
        let of_thread = Arc::clone(&ledger);
        let holder = thread::spawn(move || {
            let _ledger = of_thread.lock().unwrap();
            begin.send(()).unwrap();
            gone.recv().unwrap();
        });
        begun.recv().unwrap();
        *ledger.lock().unwrap() += 1;
        go.send(()).unwrap();
        holder.join().unwrap();
    }

    #[test]
    #[ignore = "it hangs"]
    fn a_park() {
        thread::park();
    }

    #[test]
    #[ignore = "it leaves a thread behind"]
    fn a_thread_that_is_left() {
        let (work, works) = mpsc::channel::<u8>();
        let left = thread::Builder::new().name("left".to_owned());
        left.spawn(move || works.iter().count()).unwrap();
        std::mem::forget(work);
    }

    /// Longer than the waits of the others last before they are looked at.
    #[test]
    #[ignore = "it takes its time"]
    fn some_time() {
        std::thread::sleep(Duration::from_millis(300));
    }

    #[test]
    #[ignore = "it takes its time"]
    fn some_time_under_a_lock() {
        let entries = Mutex::new(0);
        let _entries = entries.lock().unwrap();
        some_time();
    }

    #[test]
    #[ignore = "a kernel"]
    fn a_worker_that_is_unparked() {
        static JOBS: AtomicU32 = AtomicU32::new(0);
        let made = Arc::new((Mutex::named("made", 0_u32), Condvar::named("more")));
        let of_worker = Arc::clone(&made);
        // As one that a dependency has started, it belongs to no test.
        let worker = std::thread::spawn(move || {
            loop {
                while JOBS.swap(0, Ordering::SeqCst) == 0 {
                    thread::park();
                }
                *of_worker.0.lock().unwrap() += 1;
                of_worker.1.notify_all();
            }
        });
        for job in 1..500 {
            JOBS.store(1, Ordering::SeqCst);
            worker.thread().unpark();
            let mut now = made.0.lock().unwrap();
            while *now < job {
                now = made.1.wait(now).unwrap();
            }
        }
    }

    #[test]
    #[ignore = "it hangs"]
    fn a_lock_that_is_asked_for_later() {
        let ledger = Arc::new(Mutex::named("ledger", 0));
        let (_go, gone) = mpsc::channel::<()>();
        let of_thread = Arc::clone(&ledger);
        thread::spawn(move || {
            let _ledger = of_thread.lock().unwrap();
            let _ = gone.recv();
        });
        // The other thread looks at its wait before this one waits.
        std::thread::sleep(Duration::from_millis(50));
        *ledger.lock().unwrap() += 1;
    }

    static LAST: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

    #[test]
    #[ignore = "it waits for another test"]
    fn a_wait_for_the_last_test() {
        let is_over = LAST.0.lock().unwrap();
        drop(LAST.1.wait_while(is_over, |is_over| !*is_over).unwrap());
    }

    #[test]
    #[ignore = "it hands standard output to a process"]
    // The process ends after this one, which ends what it reads.
    #[allow(unsafe_code, clippy::zombie_processes)]
    fn b_output_that_is_read_later() {
        let (reader, mut output): (_, PipeWriter) = std::io::pipe().unwrap();
        // Longer than the thread of the library leaves between two of its first looks.
        Command::new("sh")
            .args(["-c", "sleep 1; exec cat"])
            .stdin(reader)
            .spawn()
            .unwrap();
        // SAFETY: both descriptors are open.
        let size = unsafe {
            libc::dup2(output.as_raw_fd(), 1);
            libc::fcntl(1, libc::F_GETPIPE_SZ)
        };
        output.write_all(&vec![b'\n'; size as usize]).unwrap();
    }

    #[test]
    #[ignore = "another test waits for it"]
    fn c_last_test() {
        *LAST.0.lock().unwrap() = true;
        LAST.1.notify_all();
    }

    static FIRST: Mutex<()> = Mutex::new(());
    static ASKS: AtomicU32 = AtomicU32::new(0);

    #[test]
    #[ignore = "it hangs"]
    fn d_two_messages() {
        let (_kept, messages) = mpsc::channel::<u8>();
        let first = FIRST.lock().unwrap();
        let message = std::panic::catch_unwind(AssertUnwindSafe(|| messages.recv()));
        assert!(message.is_err());
        // Now the test that waits for the lock ends, and the next one starts.
        drop(first);
        let sleeps = |id: u32| id != 0 && futex_sleep(id) == Some(FutexSleep::Untimed);
        while !sleeps(ASKS.load(Ordering::SeqCst)) {
            std::thread::yield_now();
        }
        messages.recv().unwrap();
    }

    #[test]
    #[ignore = "it waits for the test before"]
    fn e_lock_of_the_first() {
        while FIRST.try_lock().is_ok() {
            std::thread::yield_now();
        }
        drop(FIRST.lock());
    }

    #[test]
    #[ignore = "it hangs"]
    #[allow(unsafe_code)]
    fn f_lock_of_a_thread_that_waits() {
        static SECOND: Mutex<()> = Mutex::new(());
        let (_kept, messages) = mpsc::channel::<u8>();
        thread::spawn(move || {
            let _second = SECOND.lock().unwrap();
            messages.recv()
        });
        while SECOND.try_lock().is_ok() {
            std::thread::yield_now();
        }
        // SAFETY: it has no conditions.
        ASKS.store(unsafe { libc::gettid() } as u32, Ordering::SeqCst);
        drop(SECOND.lock().unwrap());
    }
}
