//! After a fork the child starts clean, whatever the parent knew of the locks.
#![cfg(all(unix, any(debug_assertions, feature = "always")))]
#![allow(unsafe_code)]

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use lockwarden::config::Config;
use lockwarden::sync::{Mutex, OnceLock, RwLock};

/// Runs `child` in a forked process and returns how it ended: zero if it did not panic.
fn in_child(child: impl FnOnce() + std::panic::UnwindSafe) -> i32 {
    // SAFETY: the child runs on this thread alone, which held no lock at the fork, and leaves
    // without running what the parent has registered.
    unsafe {
        match libc::fork() {
            0 => {
                // No wait without bounds.
                libc::alarm(120);
                let code = i32::from(std::panic::catch_unwind(child).is_err());
                libc::_exit(code)
            }
            pid => {
                assert!(pid > 0, "the process could not be forked");
                let mut status = 0;
                assert_eq!(libc::waitpid(pid, &mut status, 0), pid);
                status
            }
        }
    }
}

#[test]
fn a_child_nests_locks_that_were_nested_before_the_fork() {
    let [a, b, c, d] = [(); 4].map(|()| Mutex::new(0));
    let nest = |first: &Mutex<i32>, second: &Mutex<i32>, third: &Mutex<i32>| {
        let _first = first.lock().unwrap();
        let _second = second.lock().unwrap();
        *third.lock().unwrap() += 1;
    };
    nest(&a, &b, &c);
    let status = in_child(std::panic::AssertUnwindSafe(|| {
        nest(&a, &b, &c);
        nest(&b, &d, &c);
        nest(&d, &a, &c);
        assert!(lockwarden::status().is_on());
    }));
    assert_eq!(status, 0);
    nest(&a, &b, &d);
}

/// What was reported, in this process or the parent.
static SAID: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());

static LEDGER: Mutex<u32> = Mutex::named("ledger", 0);
static INDEX: RwLock<u32> = RwLock::named("index", 0);

/// A thread that holds both until the result is dropped.
fn holder() -> mpsc::Sender<()> {
    let config = Config::new().callback(|report| SAID.lock().unwrap().push(report.to_string()));
    // Both tests come here.
    let _ = config.install();
    let (holds, held) = mpsc::channel();
    let (go, wait) = mpsc::channel::<()>();
    let hold = move || {
        let _ledger = LEDGER.lock().unwrap();
        let _index = INDEX.read().unwrap();
        holds.send(()).unwrap();
        let _ = wait.recv();
    };
    let named = thread::Builder::new().name("bookkeeper".to_owned());
    named.spawn(hold).unwrap();
    held.recv().unwrap();
    go
}

fn assert_says(said: &str, lock: &str) {
    for words in ["thread `bookkeeper`", lock, "tests/fork.rs"] {
        assert!(said.contains(words), "{words:?} is not in:\n{said}");
    }
}

/// Both in one test, since two would hold the locks at the same time.
#[test]
fn a_child_that_asks_for_what_a_thread_of_the_parent_held_is_reported() {
    let go = holder();
    // Alone, it can never go on.
    let status = in_child(|| {
        let asks = || drop(LEDGER.lock());
        let panic = std::panic::catch_unwind(asks).unwrap_err();
        let message = panic.downcast_ref::<String>().unwrap();
        assert!(message.starts_with("lockwarden: Deadlock"), "{message}");
        let said = SAID.lock().unwrap().join("\n");
        assert_says(&said, "`ledger`");
        assert!(
            said.contains("take the locks that the child needs before the fork"),
            "{said}"
        );
    });
    assert_eq!(status, 0);
    // Beside others, it might.
    let status = in_child(|| {
        let (_keep, wait) = lockwarden::sync::mpsc::channel::<()>();
        thread::spawn(move || wait.recv_timeout(Duration::from_secs(60)));
        lockwarden::thread::spawn(|| INDEX.write().map(drop).is_ok());
        let start = std::time::Instant::now();
        loop {
            let said = SAID.lock().unwrap().join("\n");
            if said.contains("waits for") {
                assert!(said.contains("Abandoned"), "{said}");
                return assert_says(&said, "`index`");
            }
            assert!(start.elapsed() < Duration::from_secs(60), "nothing is said");
            thread::sleep(Duration::from_millis(1));
        }
    });
    assert_eq!(status, 0);
    drop(go);
}

/// Waits of the child that only a thread of the parent could end: for the end of that thread, whether it had begun
/// or not, and for an initialisation that it had begun.
#[test]
fn a_child_that_waits_for_a_thread_of_the_parent_is_reported() {
    static VALUE: OnceLock<u32> = OnceLock::named("value");
    let go = holder();
    let ends_in_panic = |says: &'static [&'static str], waits: Box<dyn FnOnce()>| {
        let status = in_child(std::panic::AssertUnwindSafe(move || {
            let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(waits)).unwrap_err();
            let message = panic.downcast_ref::<String>().unwrap();
            assert!(message.starts_with("lockwarden: Deadlock"), "{message}");
            let said = SAID.lock().unwrap().join("\n");
            for words in says {
                assert!(said.contains(words), "{words:?} is not in:\n{said}");
            }
        }));
        assert_eq!(status, 0);
    };
    let (stop, stopped) = mpsc::channel::<()>();
    let (starts, started) = mpsc::channel();
    let runs = lockwarden::thread::spawn(move || {
        starts.send(()).unwrap();
        let _ = stopped.recv();
    });
    started.recv().unwrap();
    let joins: Box<dyn FnOnce()> = Box::new(move || runs.join().unwrap());
    let says = &[
        "the end of",
        ", which the fork left in the parent",
        "join the thread in the parent",
    ];
    ends_in_panic(says, joins);
    let (stop_making, made) = mpsc::channel::<()>();
    let (makes, making) = mpsc::channel();
    let maker = thread::spawn(move || {
        VALUE.get_or_init(|| {
            makes.send(()).unwrap();
            let _ = made.recv();
            7
        })
    });
    making.recv().unwrap();
    let forces: Box<dyn FnOnce()> = Box::new(|| {
        VALUE.get_or_init(|| 8);
    });
    ends_in_panic(&["`value`", "initialise `value` before the fork"], forces);
    drop((go, stop, stop_making));
    maker.join().unwrap();
}

/// The three ways of which the report about such a child speaks.
#[test]
fn a_child_that_does_as_a_report_says_goes_on() {
    static BOOKS: Mutex<u32> = Mutex::named("books", 0);
    let takes_them = || {
        drop(BOOKS.lock().unwrap());
        let said = SAID
            .lock()
            .unwrap_or_else(|poison| poison.into_inner())
            .join("\n");
        assert!(!said.contains("`books`"), "{said}");
    };
    // The fork comes before the other thread.
    assert_eq!(in_child(takes_them), 0);

    let (stop, stopped) = mpsc::channel::<()>();
    let keeps = thread::spawn(move || {
        while let Err(mpsc::TryRecvError::Empty) = stopped.try_recv() {
            *BOOKS.lock().unwrap() += 1;
        }
    });
    // The thread that forks takes the lock before, and both processes drop it.
    for _ in 0..10 {
        let books = std::panic::AssertUnwindSafe(BOOKS.lock().unwrap());
        let takes_them = move || {
            let books = books;
            drop(books.0);
            takes_them();
        };
        assert_eq!(in_child(takes_them), 0);
    }
    // The child does nothing but run another program.
    let program = c"true";
    let runs = || {
        // SAFETY: the arguments end with a null pointer.
        unsafe {
            libc::execlp(
                program.as_ptr(),
                program.as_ptr(),
                std::ptr::null::<libc::c_char>(),
            )
        };
        panic!("it is not run");
    };
    let books = BOOKS.lock().unwrap();
    assert_eq!(in_child(runs), 0);
    drop((stop, books));
    keeps.join().unwrap();
}
