//! Asks threads, as many at once as there is room for.

#![allow(unsafe_code)]

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::install;
use super::request::{self, Request};
use crate::dump::NoStack;
use crate::report::Stack;

/// For how long the threads that are asked at once are waited for.
const PATIENCE: Duration = Duration::from_millis(300);
/// For how long all of them are, before those that do not answer cost only `SHORT`.
const IN_ALL: Duration = Duration::from_millis(1_500);
const SHORT: Duration = Duration::from_millis(10);

/// The process of which a thread is asking; zero if none is.
static AT_WORK: AtomicU32 = AtomicU32::new(0);

/// One who asks at a time: there is one question that stands.
#[derive(Debug)]
struct Turn(());

impl Turn {
    fn take() -> Self {
        let me = std::process::id();
        loop {
            let other = AT_WORK.load(Ordering::Relaxed);
            // Who was asking when the process forked is not asking in the child.
            // Acquire pairs with the Release of the drop.
            if other != me
                && AT_WORK
                    .compare_exchange(other, me, Ordering::Acquire, Ordering::Relaxed)
                    .is_ok()
            {
                return Self(());
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        AT_WORK.store(0, Ordering::Release);
    }
}

/// Where each of these threads is, of which the blocked signals are these.
pub(crate) fn ask(threads: &[(u32, u64)]) -> Vec<Result<Stack, NoStack>> {
    let signal = match install::signal() {
        Ok(signal) => signal,
        Err(why) => return vec![Err(why); threads.len()],
    };
    let _turn = Turn::take();
    let until = Instant::now() + IN_ALL;
    let mut answers = Vec::with_capacity(threads.len());
    while answers.len() < threads.len() {
        let rest = &threads[answers.len()..];
        let limit = if Instant::now() < until {
            PATIENCE
        } else {
            SHORT
        };
        answers.extend(ask_some(rest, signal, limit));
    }
    answers
}

/// A thread that was asked, or why it was not.
type Asked = Result<&'static Request, NoStack>;

/// Asks the first of `threads`, as many as can be asked at once, and waits for them.
fn ask_some(threads: &[(u32, u64)], signal: i32, limit: Duration) -> Vec<Result<Stack, NoStack>> {
    let asked: Vec<(u32, Asked)> = threads
        .iter()
        .zip(request::free())
        .map(|((id, blocked), request)| (*id, begin(*id, *blocked, signal, request)))
        .collect();
    if asked.is_empty() {
        // All that there is room for is being written to by threads that do not get to run.
        return vec![Err(NoStack::NoAnswer); threads.len()];
    }
    wait(&asked, Instant::now() + limit);
    // Of those that are writing: they will be done if only they are let run.
    let writing: Vec<(u32, Asked)> = asked
        .iter()
        .filter(|(id, asked)| {
            asked.is_ok_and(|request| request.answer(*id).is_none() && !request.withdraw(*id))
        })
        .copied()
        .collect();
    wait(&writing, Instant::now() + limit);
    let answers = asked.into_iter().map(|(id, asked)| {
        let frames = asked?.answer(id).ok_or(NoStack::NoAnswer)?;
        Ok(Stack::of_addresses(&frames))
    });
    answers.collect()
}

fn begin(id: u32, blocked: u64, signal: i32, request: &'static Request) -> Asked {
    if blocked & 1 << (signal - 1) != 0 {
        return Err(NoStack::SignalBlocked);
    }
    request.put(id);
    if let Err(why) = send(id, signal) {
        request.withdraw(id);
        return Err(why);
    }
    Ok(request)
}

fn send(id: u32, signal: i32) -> Result<(), NoStack> {
    // SAFETY: it touches no memory of the program. The number of the thread may have gone to
    // another thread of this process, which has the handler too.
    let sent = unsafe {
        libc::syscall(
            libc::SYS_tgkill,
            libc::c_long::from(libc::getpid()),
            libc::c_long::from(id),
            libc::c_long::from(signal),
        )
    };
    if sent == 0 {
        return Ok(());
    }
    match io::Error::last_os_error().raw_os_error() {
        Some(libc::ESRCH) => Err(NoStack::Ended),
        _ => Err(NoStack::NoAnswer),
    }
}

/// Waits until all of them have answered.
fn wait(asked: &[(u32, Asked)], until: Instant) {
    let mut pause = Duration::from_micros(10);
    let mut open: Vec<_> = asked.iter().collect();
    for round in 0.. {
        open.retain(|(id, asked)| asked.is_ok_and(|request| request.answer(*id).is_none()));
        if open.is_empty() || Instant::now() > until {
            return;
        }
        if round < 20 {
            thread::yield_now();
        } else {
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::tracking::thread::slot::os_id;

    #[test]
    fn a_thread_that_blocks_the_signal_is_not_asked_and_one_that_is_gone_has_ended() {
        let one = |id, blocked| ask(&[(id, blocked)]).remove(0).unwrap_err();
        assert_eq!(one(os_id(), u64::MAX), NoStack::SignalBlocked);
        let id = thread::spawn(os_id).join().unwrap();
        while std::fs::exists(format!("/proc/self/task/{id}")).unwrap() {
            thread::yield_now();
        }
        assert_eq!(one(id, 0), NoStack::Ended);
    }

    #[inline(never)]
    fn sleeps_in_a_well_known_place(wake: &mpsc::Receiver<()>) -> bool {
        wake.recv().is_ok()
    }

    #[test]
    fn a_thread_that_sleeps_says_where_and_sleeps_on() {
        let (tell, told) = mpsc::channel();
        let (wake, woken) = mpsc::channel();
        let sleeper = thread::spawn(move || {
            tell.send(os_id()).unwrap();
            sleeps_in_a_well_known_place(&woken)
        });
        let id = told.recv().unwrap();
        // It is asked as often as it takes until it has gone to sleep.
        let start = Instant::now();
        let found = std::iter::repeat_with(|| ask(&[(id, 0)]).remove(0).unwrap().to_string())
            .take_while(|_| start.elapsed() < Duration::from_secs(20))
            .any(|text| text.contains("sleeps_in_a_well_known_place") || !cfg!(debug_assertions));
        wake.send(()).unwrap();
        assert!(sleeper.join().unwrap());
        assert!(found);
    }

    #[test]
    fn a_thread_that_does_not_answer_is_said_not_to_have() {
        let signal = install::signal().unwrap();
        let (tell, told) = mpsc::channel();
        let (wake, woken) = mpsc::channel::<()>();
        let deaf = thread::spawn(move || {
            // SAFETY: the set is filled before it is read, and the mask is that of this thread.
            unsafe {
                let mut set: libc::sigset_t = std::mem::zeroed();
                libc::sigemptyset(&mut set);
                libc::sigaddset(&mut set, signal);
                libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut());
            }
            tell.send(os_id()).unwrap();
            let _ = woken.recv();
        });
        let id = told.recv().unwrap();
        // As if it had blocked the signal after it was looked at.
        let answers = ask(&[(id, 0), (os_id(), 0)]);
        assert_eq!(answers[0].as_ref().unwrap_err(), &NoStack::NoAnswer);
        assert!(answers[1].is_ok(), "the others are not lost by it");
        drop(wake);
        deaf.join().unwrap();
    }
}
