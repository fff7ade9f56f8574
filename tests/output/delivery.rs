//! The program goes on, whatever becomes of the text.

use std::sync::mpsc;
use std::thread;

use lockwarden::config::Status;
use lockwarden::instrument::Agent;
use lockwarden::suppress::{self, Rule, Subject};
use lockwarden::sync::Mutex;

use crate::child::{LIMIT, apart};
use crate::kernels::{invert, lock_twice};

static LEDGER: Mutex<()> = Mutex::named("ledger", ());
static AUDIT: Mutex<()> = Mutex::named("audit", ());

/// Runs `body` in a thread; ends the process with an error if it hangs.
fn within_the_limit(body: impl FnOnce() + Send + 'static) {
    let (done, is_done) = mpsc::channel();
    let thread = thread::spawn(move || {
        body();
        done.send(()).unwrap();
    });
    if is_done.recv_timeout(LIMIT) == Err(mpsc::RecvTimeoutError::Timeout) {
        println!("it hangs");
        std::process::exit(1);
    }
    thread.join().unwrap();
}

/// Makes standard error a pipe that is full, and that is never read.
#[cfg(unix)]
#[allow(unsafe_code)]
fn fill_stderr() -> std::io::PipeReader {
    use std::io::{ErrorKind, Write as _};
    use std::os::fd::AsRawFd as _;
    let (read, mut write) = std::io::pipe().unwrap();
    let set = |flags: i32| {
        // SAFETY: the descriptor is open, and the flags are flags.
        let result = unsafe { libc::fcntl(write.as_raw_fd(), libc::F_SETFL, flags) };
        assert_ne!(result, -1);
    };
    set(libc::O_NONBLOCK);
    let full = loop {
        match (&write).write(&[b'x'; 512]) {
            Ok(written) => assert_ne!(written, 0),
            Err(error) => break error,
        }
    };
    assert_eq!(full.kind(), ErrorKind::WouldBlock);
    set(0);
    // SAFETY: both are open descriptors of this process.
    assert_ne!(unsafe { libc::dup2(write.as_raw_fd(), 2) }, -1);
    write.flush().unwrap();
    read
}

#[cfg(unix)]
#[test]
fn a_full_pipe_holds_up_neither_a_prediction_nor_the_end_of_a_deadlock() {
    apart!(
        &[],
        || {
            let read = fill_stderr();
            // The hook of the standard library would wait for the pipe itself.
            std::panic::set_hook(Box::new(|_| {}));
            within_the_limit(|| {
                invert(&LEDGER, &AUDIT);
                assert!(lock_twice(&LEDGER));
            });
            // Not closed before: a pipe without a reader takes all.
            std::mem::forget(read);
        },
        |outcome| outcome.succeeds()
    );
}

#[test]
fn a_stack_is_taken_while_another_thread_has_the_lock_of_backtraces() {
    apart!(
        &[],
        || {
            let (taken, is_taken) = mpsc::channel();
            let (free, is_free) = mpsc::channel::<()>();
            let holder = thread::spawn(move || {
                backtrace::trace(|_| {
                    taken.send(()).unwrap();
                    let _ = is_free.recv();
                    false
                });
            });
            is_taken.recv_timeout(LIMIT).unwrap();
            within_the_limit(|| {
                invert(&LEDGER, &AUDIT);
                assert!(lock_twice(&LEDGER));
            });
            drop(free);
            holder.join().unwrap();
        },
        |outcome| {
            outcome.says("Inversion: `ledger` and `audit`");
            outcome.says("SelfDeadlock: ");
            outcome.succeeds();
        }
    );
}

#[test]
fn a_small_stack_is_enough_for_a_finding() {
    apart!(
        &[],
        || {
            let small = thread::Builder::new().stack_size(16 * 1024);
            let found = small.spawn(|| {
                let _outer = AUDIT.lock().unwrap();
                let _inner = LEDGER.lock().unwrap();
            });
            found.unwrap().join().unwrap();
            let other = thread::Builder::new().stack_size(16 * 1024);
            let found = other.spawn(|| {
                let _outer = LEDGER.lock().unwrap();
                let _inner = AUDIT.lock().unwrap();
            });
            found.unwrap().join().unwrap();
        },
        |outcome| {
            outcome.says("Inversion: ");
            outcome.says("where it was found:\n   0: ");
            outcome.succeeds();
        }
    );
}

#[test]
fn the_text_comes_before_the_panic_that_it_explains() {
    apart!(&[], || assert!(lock_twice(&LEDGER)), |outcome| {
        let at = |words| outcome.stderr.find(words);
        let (text, panic) = (at("lockwarden: SelfDeadlock"), at(" panics at "));
        assert!(
            text.is_some() && text < panic,
            "{text:?} {panic:?}: {}",
            outcome.stderr
        );
        outcome.says("stacks for SelfDeadlock");
        outcome.succeeds();
    });
}

#[test]
fn a_task_that_panics_is_called_a_task() {
    apart!(
        &[],
        || Agent::new(Some("courier")).run(|| assert!(lock_twice(&LEDGER))),
        |outcome| {
            outcome.says("lockwarden: task `courier` panics at tests/output/");
            outcome.succeeds();
        }
    );
}

#[test]
fn reports_come_in_the_order_of_their_numbers() {
    apart!(
        &[],
        || {
            for _ in 0..20 {
                let (a, b) = (Mutex::new(()), Mutex::new(()));
                invert(&a, &b);
            }
        },
        |outcome| {
            let first = outcome.stderr.lines().find(|l| l.contains("Inversion"));
            assert!(first.is_some(), "{}", outcome.stderr);
            let brief = outcome
                .stderr
                .matches("on the same lines as report 1")
                .count();
            assert_eq!(brief, 19, "{}", outcome.stderr);
            outcome.succeeds();
        }
    );
}

#[test]
fn the_same_self_deadlock_of_further_threads_is_brief() {
    apart!(
        &[],
        || {
            for _ in 0..5 {
                assert!(thread::spawn(|| lock_twice(&LEDGER)).join().unwrap());
            }
        },
        |outcome| {
            let again = outcome.stderr.matches("on the same lines as report 1, by");
            assert_eq!(again.count(), 4, "{}", outcome.stderr);
            let stacks = outcome.stderr.matches("stacks for SelfDeadlock").count();
            assert_eq!(stacks, 1, "{}", outcome.stderr);
            outcome.succeeds();
        }
    );
}

#[test]
fn a_deadlock_that_a_rule_suppresses_is_one_line() {
    apart!(
        &[],
        || {
            let rule = Rule::new(Subject::Lock, "ledger", "an order that was reviewed");
            suppress::add(rule).unwrap();
            // It hangs until the process ends.
            thread::spawn(|| lock_twice(&LEDGER));
            let is_suppressed = || match lockwarden::status() {
                Status::On(counters) => counters.suppressed > 0,
                off => unreachable!("{off}"),
            };
            within_the_limit(move || {
                while !is_suppressed() {
                    thread::yield_now();
                }
            });
        },
        |outcome| {
            let lines = outcome.stderr.lines();
            let said: Vec<_> = lines.filter(|line| line.contains("SelfDeadlock")).collect();
            assert_eq!(said.len(), 1, "{}", outcome.stderr);
            assert!(
                said[0].ends_with("; a rule suppresses it, so nothing breaks it"),
                "{said:?}"
            );
            outcome.succeeds();
        }
    );
}

#[cfg(unix)]
#[test]
#[allow(unsafe_code)]
fn the_child_of_a_fork_tells_what_it_finds_itself() {
    apart!(
        &[],
        || {
            // The thread that writes is there in the parent.
            invert(&LEDGER, &AUDIT);
            // SAFETY: the child does what the detector supports in one, and ends.
            let child = unsafe { libc::fork() };
            assert_ne!(child, -1);
            if child == 0 {
                let (a, b) = (Mutex::named("of the child", ()), Mutex::named("other", ()));
                invert(&a, &b);
                std::process::exit(7);
            }
            let mut status = 0;
            // SAFETY: it is a child of this process, and `status` a place to write to.
            assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
            assert_eq!(libc::WEXITSTATUS(status), 7);
        },
        |outcome| {
            for words in ["Inversion: `ledger` and `audit`", "`of the child`"] {
                let count = outcome
                    .stderr
                    .lines()
                    .filter(|line| line.starts_with("lockwarden: ") && line.contains(words))
                    .count();
                assert_eq!(count, 1, "{words}: {}", outcome.stderr);
            }
            outcome.succeeds();
        }
    );
}
