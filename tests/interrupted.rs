//! Signal handlers that take watched locks, whatever the interrupted thread was doing.
//!
//! Each case runs in a child process, since what it shows without its fix is a hang or a crash.
#![cfg(all(target_os = "linux", any(debug_assertions, feature = "always")))]
#![allow(unsafe_code)]

use std::os::unix::thread::JoinHandleExt;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use lockwarden::parking_lot as pl;
use lockwarden::sync::{Condvar, Mutex, RwLock};

/// The variable that names the case that a child is to run.
const CASE: &str = "LOCKWARDEN_TEST_INTERRUPTED";
/// How long a child may take. One that hangs is killed, and one that does not takes a second or two.
const LIMIT: Duration = Duration::from_secs(120);
/// How many signals a case takes, and how long it waits for them: where two threads share a core that is busy, each
/// signal takes a turn of both.
const SIGNALS: usize = 3_000;
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs `kernel` in a child and asserts that it comes to its end and finds nothing.
fn assert_survives(name: &str, kernel: fn()) {
    if std::env::var_os(CASE).is_some_and(|case| case == name) {
        kernel();
        std::process::exit(0);
    }
    let mut child = Command::new(std::env::current_exe().expect("a program knows itself"))
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(CASE, name)
        .env_remove("LOCKWARDEN")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it can be started again");
    let deadline = Instant::now() + LIMIT;
    let status = loop {
        if let Some(status) = child.try_wait().expect("it is our child") {
            break Some(status);
        }
        if Instant::now() > deadline {
            child.kill().expect("it is our child");
            break None;
        }
        thread::sleep(Duration::from_millis(5));
    };
    let said = child.wait_with_output().expect("it is our child").stderr;
    let said = String::from_utf8_lossy(&said);
    let ended = status.is_some_and(|status| status.success());
    assert!(ended, "{name} ended with {status:?} and said:\n{said}");
    assert!(!said.contains("lockwarden: "), "{name} reports:\n{said}");
}

/// Locks that only handlers take, in one order.
static OUTER: pl::Mutex<usize> = pl::Mutex::named("handler outer", 0);
static INNER: Mutex<usize> = Mutex::named("handler inner", 0);
static SHARED: RwLock<usize> = RwLock::named("handler shared", 0);
static HANDLED: AtomicUsize = AtomicUsize::new(0);

extern "C" fn handle(_signal: libc::c_int) {
    // Only tried: the interrupted thread may be another one's handler, which is no fault of ours.
    if let Some(mut outer) = OUTER.try_lock() {
        *outer += 1;
        *INNER.lock().unwrap() += 1;
        drop(SHARED.read().unwrap());
        drop(SHARED.write().unwrap());
    }
    HANDLED.fetch_add(1, Ordering::Relaxed);
}

fn install() {
    // SAFETY: the action is whole, and the handler is what the signature says.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handle as extern "C" fn(libc::c_int) as usize;
        action.sa_flags = libc::SA_RESTART;
        assert_eq!(
            libc::sigaction(libc::SIGUSR1, &action, std::ptr::null_mut()),
            0
        );
    }
}

/// Sends the signal to the thread with this handle, which is a pointer with some C libraries.
///
/// # Safety
///
/// The thread is not joined yet.
unsafe fn signal(thread: usize) -> libc::c_int {
    // SAFETY: by the contract of this function.
    unsafe { libc::pthread_kill(thread as libc::pthread_t, libc::SIGUSR1) }
}

/// Interrupts the calling thread while it runs `work` again and again.
fn interrupt(mut work: impl FnMut()) {
    install();
    // What a thread does for the first time allocates, and the allocator is not to be interrupted.
    handle(libc::SIGUSR1);
    // SAFETY: the call takes nothing and cannot fail.
    let target = unsafe { libc::pthread_self() } as usize;
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let start = Instant::now();
            while HANDLED.load(Ordering::Relaxed) < SIGNALS && start.elapsed() < PATIENCE {
                // SAFETY: the target waits for this thread, so it is there.
                assert_eq!(unsafe { signal(target) }, 0);
                for _ in 0..HANDLED.load(Ordering::Relaxed) % 97 {
                    std::hint::spin_loop();
                }
            }
            over.store(true, Ordering::Relaxed);
        });
        while !over.load(Ordering::Relaxed) {
            work();
        }
    });
}

#[test]
fn known_acquisitions_may_be_interrupted() {
    assert_survives("known_acquisitions_may_be_interrupted", || {
        let (a, b, c) = (pl::Mutex::new(0), Mutex::new(0), pl::RwLock::new(0));
        interrupt(|| {
            let mut a = a.lock();
            let mut b = b.lock().unwrap();
            *a += 1;
            *b += *c.read();
        });
    });
}

#[test]
fn new_orders_may_be_interrupted() {
    assert_survives("new_orders_may_be_interrupted", || {
        let parents: Vec<_> = (0..40).map(|_| pl::Mutex::named("parent", ())).collect();
        interrupt(|| {
            let child = Mutex::named("child", ());
            // As many as make the list of held locks grow.
            let held: Vec<_> = parents.iter().map(pl::Mutex::lock).collect();
            let guard = child.lock().unwrap();
            drop(held);
            drop(guard);
        });
    });
}

#[test]
fn releases_out_of_order_may_be_interrupted() {
    assert_survives("releases_out_of_order_may_be_interrupted", || {
        let locks = [(); 3].map(|()| pl::Mutex::new(()));
        interrupt(|| {
            let [a, b, c] = locks.each_ref().map(pl::Mutex::lock);
            drop(a);
            drop(b);
            drop(c);
        });
    });
}

#[test]
fn waits_may_be_interrupted() {
    assert_survives("waits_may_be_interrupted", || {
        let (turn, changed) = (Mutex::named("turn", false), Condvar::new());
        let contended = pl::Mutex::named("contended", ());
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    drop(contended.lock());
                    *turn.lock().unwrap() = true;
                    changed.notify_one();
                }
            });
            interrupt(|| {
                drop(contended.lock());
                let mut turn = turn.lock().unwrap();
                while !*turn {
                    turn = changed.wait(turn).unwrap();
                }
                *turn = false;
            });
            over.store(true, Ordering::Relaxed);
        });
    });
}

#[test]
fn reports_may_be_interrupted() {
    assert_survives("reports_may_be_interrupted", || {
        lockwarden::config::Config::new()
            .stderr(false)
            .callback(|report| drop(report.to_string()))
            .install()
            .unwrap();
        interrupt(|| {
            let [a, b] = [(); 2].map(|()| pl::Mutex::new(()));
            thread::scope(|scope| {
                let first = scope.spawn(|| drop((a.lock(), b.lock())));
                first.join().unwrap();
            });
            drop((b.lock(), a.lock()));
        });
    });
}

#[test]
fn threads_that_are_just_starting_or_ending_may_be_interrupted() {
    assert_survives(
        "threads_that_are_just_starting_or_ending_may_be_interrupted",
        || {
            install();
            static LOCK: Mutex<usize> = Mutex::named("of threads", 0);
            for _ in 0..1_000 {
                let started = thread::Builder::new()
                    .name("a thread with a long name".to_owned())
                    .spawn(|| *LOCK.lock().unwrap() += 1)
                    .unwrap();
                // The signal is there before the thread runs, or comes while it does.
                // SAFETY: the thread is not joined yet, so its handle is good.
                unsafe { signal(started.as_pthread_t() as usize) };
                started.join().unwrap();
            }
        },
    );
}
