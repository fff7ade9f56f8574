//! Dumps: threads of all sorts say where they are, or it is said why they do not.

#![allow(unsafe_code)]

use std::io::BufRead as _;
use std::ptr;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use lockwarden::report::Activity;
use lockwarden::watchdog::{Dump, DumpedThread, NoStack, Watchdog, dump};

use crate::child::{LIMIT, Standstill, apart, read_stderr};

/// Ignores a signal, as a program may that has its own idea of it.
pub(crate) fn ignore(signal: i32) {
    // SAFETY: to ignore a signal is always allowed.
    unsafe { libc::signal(signal, libc::SIG_IGN) };
}

/// Restores a signal that the parent may have ignored: the shell does so for SIGQUIT in its background jobs.
fn restore(signal: i32) {
    // SAFETY: to give a signal its default action is always allowed.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
}

/// Sends the process a signal.
pub(crate) fn raise(signal: i32) {
    // SAFETY: this process.
    assert_eq!(unsafe { libc::kill(libc::getpid(), signal) }, 0);
}

fn block(signal: i32) {
    // SAFETY: the set is filled before it is read, and the mask is that of this thread.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        libc::sigaddset(&mut set, signal);
        libc::pthread_sigmask(libc::SIG_BLOCK, &set, ptr::null_mut());
    }
}

fn named<'a>(dump: &'a Dump, name: &str) -> &'a DumpedThread {
    let mut threads = dump.threads.iter();
    threads
        .find(|thread| thread.name.as_deref() == Some(name))
        .unwrap_or_else(|| panic!("{name} is missing in\n{dump}"))
}

fn spawn<R: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> R + Send + 'static,
) -> thread::JoinHandle<R> {
    let thread = thread::Builder::new().name(name.to_owned());
    thread.spawn(run).expect("the system has room for a thread")
}

#[inline(never)]
fn waits_where_no_thread_looks(wake: &mpsc::Receiver<()>) -> bool {
    wake.recv().is_err()
}

#[test]
fn a_thread_that_uses_nothing_tracked_is_listed_with_its_stack() {
    let (wake, woken) = mpsc::channel();
    let (sender, receiver) = mpsc::channel();
    let thread = spawn("untracked", move || {
        sender.send(()).unwrap();
        waits_where_no_thread_looks(&woken)
    });
    receiver.recv_timeout(LIMIT).unwrap();
    let start = Instant::now();
    loop {
        let dump = dump();
        let thread = named(&dump, "untracked");
        assert_eq!(
            (thread.id, thread.held.as_ref().map(Vec::len)),
            (None, Some(0))
        );
        // It may not have gone to sleep yet.
        let stack = thread.stack.as_ref().expect("it answers").to_string();
        let sleeps = matches!(thread.activity, Activity::InSystemCall { .. });
        if sleeps && (stack.contains("waits_where_no_thread_looks") || !cfg!(debug_assertions)) {
            break;
        }
        assert!(start.elapsed() < LIMIT, "{dump}");
    }
    drop(wake);
    assert!(thread.join().unwrap());
}

#[test]
fn a_system_call_goes_on_after_the_question() {
    let (pipe, end) = std::io::pipe().unwrap();
    let reader = spawn("reading", move || std::io::read_to_string(pipe));
    for _ in 0..20 {
        let _ = dump();
    }
    std::io::Write::write_all(&mut &end, b"all of it").unwrap();
    drop(end);
    assert_eq!(reader.join().unwrap().unwrap(), "all of it");
}

#[test]
fn a_sleep_lasts_as_long_as_it_was_asked_to() {
    let time = Duration::from_millis(100);
    let (sender, receiver) = mpsc::channel();
    let sleeper = spawn("sleeping", move || {
        let start = Instant::now();
        sender.send(()).unwrap();
        thread::sleep(time);
        start.elapsed()
    });
    receiver.recv_timeout(LIMIT).unwrap();
    for _ in 0..10 {
        let _ = dump();
    }
    assert!(sleeper.join().unwrap() >= time);
}

#[test]
fn a_thread_that_blocks_the_signal_is_said_to() {
    apart!(
        &[],
        || {
            let signal = libc::SIGRTMIN() + 4;
            let _watchdog = Watchdog::builder().signal(signal).spawn().unwrap();
            let (free, is_free) = mpsc::channel::<()>();
            let (sender, receiver) = mpsc::channel();
            let deaf = spawn("deaf", move || {
                block(signal);
                sender.send(()).unwrap();
                let _ = is_free.recv();
            });
            receiver.recv_timeout(LIMIT).unwrap();
            let dump = dump();
            assert_eq!(
                named(&dump, "deaf").stack.as_ref().unwrap_err(),
                &NoStack::SignalBlocked
            );
            let watchdog = dump.threads.iter().find(|thread| thread.is_ours).unwrap();
            assert_eq!(watchdog.stack.as_ref().unwrap_err(), &NoStack::Watchdog);
            drop(free);
            deaf.join().unwrap();
        },
        |outcome| outcome.succeeds()
    );
}

#[test]
fn a_handler_that_the_program_puts_in_place_later_is_left_alone() {
    apart!(
        &[],
        || {
            let signal = libc::SIGRTMIN() + 5;
            let _watchdog = Watchdog::builder().signal(signal).spawn().unwrap();
            let standstill = Standstill::begin();
            assert!(named(&dump(), "holder").stack.is_ok());
            ignore(signal);
            let dump = dump();
            let holder = named(&dump, "holder");
            assert_eq!(holder.stack.as_ref().unwrap_err(), &NoStack::SignalTaken);
            standstill.end();
        },
        |outcome| outcome.succeeds()
    );
}

#[test]
fn without_signals_it_is_said_that_no_thread_was_asked() {
    apart!(
        &[],
        || {
            let _watchdog = Watchdog::builder().without_signals().spawn().unwrap();
            let standstill = Standstill::begin();
            let mut dump = dump();
            // The waiter may not have come that far.
            while !dump.threads.iter().any(|thread| thread.waits.is_some()) {
                dump = lockwarden::watchdog::dump();
            }
            assert_eq!(
                named(&dump, "waiter").stack.as_ref().unwrap_err(),
                &NoStack::NoSignals
            );
            assert!(dump.to_string().contains("signals are not used"), "{dump}");
            standstill.end();
        },
        |outcome| outcome.succeeds()
    );
}

#[test]
fn all_threads_are_written_when_the_process_is_asked_to_quit() {
    apart!(
        &[],
        || {
            restore(libc::SIGQUIT);
            let _watchdog = Watchdog::builder().dump_on_quit().spawn().unwrap();
            let standstill = Standstill::begin();
            let mut written = read_stderr();
            raise(libc::SIGQUIT);
            let mut text = String::new();
            while !(text.contains("asked for all threads") && text.contains("thread `holder`")) {
                assert_ne!(written.read_line(&mut text).unwrap(), 0, "{text}");
            }
            standstill.end();
        },
        |outcome| outcome.succeeds()
    );
}

#[test]
fn a_process_that_was_stopped_is_no_stall() {
    apart!(
        &[],
        || {
            let (sender, alerts) = mpsc::channel();
            let builder = Watchdog::builder().wait_limit(Duration::from_secs(2));
            let builder =
                builder.on_alert(move |alert| sender.send(alert.lasted).unwrap_or_default());
            let _watchdog = builder.spawn().unwrap();
            let standstill = Standstill::begin();
            let stopped = Duration::from_secs(4);
            let this = std::process::id() as libc::pid_t;
            // Another process has to let it go on.
            // SAFETY: the child of the fork only makes system calls.
            let pid = unsafe { libc::fork() };
            if pid == 0 {
                // SAFETY: as above.
                unsafe {
                    libc::sleep(u32::try_from(stopped.as_secs()).unwrap_or(4));
                    // More than once, since this one may be stopped only after the first time.
                    while libc::getppid() == this {
                        libc::kill(this, libc::SIGCONT);
                        libc::sleep(1);
                    }
                    libc::_exit(0);
                }
            }
            raise(libc::SIGSTOP);
            // Nothing was reported for the time in which nothing ran: the limit starts again.
            assert!(alerts.try_recv().is_err());
            let lasted = alerts
                .recv_timeout(LIMIT)
                .expect("it does stall, after that");
            assert!(lasted < stopped, "{lasted:?}");
            standstill.end();
        },
        |outcome| outcome.succeeds()
    );
}

#[test]
fn in_the_child_of_a_fork_the_watchdog_is_gone_and_another_one_can_be_started() {
    apart!(
        &[],
        || {
            let watchdog = Watchdog::builder().spawn().unwrap();
            // SAFETY: the child runs on this thread alone, and leaves without what the parent has
            // registered.
            let status = unsafe {
                match libc::fork() {
                    0 => {
                        libc::alarm(30);
                        let works = std::panic::catch_unwind(move || {
                            drop(watchdog);
                            let dump = dump();
                            assert!(dump.threads.iter().all(|thread| !thread.is_ours));
                            drop(Watchdog::builder().spawn().unwrap());
                        });
                        libc::_exit(i32::from(works.is_err()));
                    }
                    pid => {
                        let mut status = -1;
                        assert_eq!(libc::waitpid(pid, &mut status, 0), pid);
                        drop(watchdog);
                        status
                    }
                }
            };
            assert_eq!(status, 0);
        },
        |outcome| outcome.succeeds()
    );
}

/// The lookup of names has a lock of its own, outside of this crate.
#[test]
fn the_child_of_a_fork_looks_up_names_whatever_other_threads_were_doing() {
    apart!(
        &[],
        || {
            // The first watched lock starts the detector.
            drop(lockwarden::sync::Mutex::new(()).lock());
            thread::spawn(|| {
                loop {
                    std::hint::black_box(dump().to_string());
                }
            });
            for _ in 0..20 {
                // SAFETY: the child runs on this thread alone, and leaves without what the parent has
                // registered.
                let status = unsafe {
                    match libc::fork() {
                        0 => {
                            libc::alarm(60);
                            let text = std::panic::catch_unwind(|| dump().to_string());
                            // Without debug information there are no files.
                            let is_named = |text: String| {
                                !cfg!(debug_assertions) || text.contains("stacks.rs")
                            };
                            let is_named = text.is_ok_and(is_named);
                            libc::_exit(i32::from(!is_named));
                        }
                        pid => {
                            let mut status = -1;
                            assert_eq!(libc::waitpid(pid, &mut status, 0), pid);
                            status
                        }
                    }
                };
                assert_eq!(status, 0);
            }
        },
        |outcome| outcome.succeeds()
    );
}
