//! Asks threads for their stacks, as many at once as there are request cells.

#![allow(unsafe_code)]

use std::io;
use std::sync::atomic::AtomicU32;
use std::thread;
use std::time::{Duration, Instant};

use super::install;
use super::request::{self, Request};
use crate::report::Stack;
use crate::system::{Claim, NoStack};

/// How long to wait for the threads that are asked at once.
const PATIENCE: Duration = Duration::from_millis(300);
/// How long to wait in all, before each group that does not answer costs only `SHORT`.
const IN_ALL: Duration = Duration::from_millis(1_500);
const SHORT: Duration = Duration::from_millis(10);

/// How often a thread yields to the one that is asking before it sleeps.
const YIELDS: u32 = 200;

/// The id of the process of which a thread is asking; zero if none is.
static AT_WORK: AtomicU32 = AtomicU32::new(0);

/// Waits for the right to ask: one thread asks at a time.
fn take_turn() -> Claim {
    let mut tries = 0;
    loop {
        if let Some(turn) = Claim::take(&AT_WORK) {
            return turn;
        }
        // Threads mostly answer within a tenth of a millisecond.
        if tries < YIELDS {
            tries += 1;
            thread::yield_now();
        } else {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Returns the stack of each of these threads, given with the signals that it blocks.
pub(crate) fn ask(threads: &[(u32, u64)]) -> Vec<Result<Stack, NoStack>> {
    let signal = match install::signal() {
        Ok(signal) => signal,
        Err(why) => return vec![Err(why); threads.len()],
    };
    let _turn = take_turn();
    let until = Instant::now() + IN_ALL;
    let mut answers = Vec::with_capacity(threads.len());
    while answers.len() < threads.len() {
        let rest = &threads[answers.len()..];
        let limit = if Instant::now() < until {
            PATIENCE
        } else {
            SHORT
        };
        answers.append(&mut ask_some(rest, signal, limit));
    }
    answers
}

/// Asks the first of `threads`, as many as can be asked at once, and waits for their answers.
fn ask_some(threads: &[(u32, u64)], signal: i32, limit: Duration) -> Vec<Result<Stack, NoStack>> {
    let mut asked = Vec::new();
    let mut open = Vec::new();
    for ((id, blocked), request) in threads.iter().zip(request::free()) {
        let begun = begin(*id, *blocked, signal, request);
        asked.push(begun.map(|()| (*id, request)));
        if begun.is_ok() {
            open.push((*id, request));
        }
    }
    if asked.is_empty() {
        // Threads that are not scheduled still write to all request cells.
        return vec![Err(NoStack::NoAnswer); threads.len()];
    }
    wait(&open, Instant::now() + limit);
    // The threads that are writing complete their answers once they are scheduled.
    let mut writing = Vec::new();
    for &(id, request) in &open {
        if !request.withdraw(id) {
            writing.push((id, request));
        }
    }
    wait(&writing, Instant::now() + limit);
    let mut answers = Vec::new();
    for asked in &asked {
        answers.push(match *asked {
            Ok((id, request)) => match request.answer(id) {
                Some(frames) => Ok(Stack::of_addresses(&frames)),
                None => Err(NoStack::NoAnswer),
            },
            Err(why) => Err(why),
        });
    }
    answers
}

fn begin(id: u32, blocked: u64, signal: i32, request: &Request) -> Result<(), NoStack> {
    if blocked & 1 << (signal - 1) != 0 {
        return Err(NoStack::SignalBlocked);
    }
    request.put(id);
    if let Err(why) = send(id, signal) {
        request.withdraw(id);
        return Err(why);
    }
    Ok(())
}

fn send(id: u32, signal: i32) -> Result<(), NoStack> {
    // A word of a system call may be narrower than the type of the number, and is as wide as that of the system.
    let id = libc::pid_t::try_from(id).map_err(|_| NoStack::Ended)?;
    // SAFETY: `tgkill` touches no memory of the program. The number of the thread may have gone to
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
fn wait(open: &[(u32, &'static Request)], until: Instant) {
    let mut pause = Duration::from_micros(10);
    for round in 0.. {
        let is_done = open.iter().all(|(id, request)| request.has_answered(*id));
        if is_done || Instant::now() > until {
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
    fn a_sleeping_thread_answers_and_sleeps_on() {
        let (sender, receiver) = mpsc::channel();
        let (wake, woken) = mpsc::channel();
        let sleeper = thread::spawn(move || {
            sender.send(os_id()).unwrap();
            sleeps_in_a_well_known_place(&woken)
        });
        let id = receiver.recv().unwrap();
        // The thread is asked until it has gone to sleep.
        let start = Instant::now();
        let found = std::iter::repeat_with(|| ask(&[(id, 0)]).remove(0).unwrap().to_string())
            .take_while(|_| start.elapsed() < Duration::from_secs(20))
            .any(|text| text.contains("sleeps_in_a_well_known_place") || !cfg!(debug_assertions));
        wake.send(()).unwrap();
        assert!(sleeper.join().unwrap());
        assert!(found);
    }

    #[test]
    fn a_thread_without_an_answer_has_no_stack() {
        let signal = install::signal().unwrap();
        let (sender, receiver) = mpsc::channel();
        let (wake, woken) = mpsc::channel::<()>();
        let deaf = thread::spawn(move || {
            // SAFETY: the set is filled before it is read, and the mask is that of this thread.
            unsafe {
                let mut set: libc::sigset_t = std::mem::zeroed();
                libc::sigemptyset(&mut set);
                libc::sigaddset(&mut set, signal);
                libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut());
            }
            sender.send(os_id()).unwrap();
            let _ = woken.recv();
        });
        let id = receiver.recv().unwrap();
        // As if the thread had blocked the signal after its mask was read.
        let answers = ask(&[(id, 0), (os_id(), 0)]);
        assert_eq!(answers[0].as_ref().unwrap_err(), &NoStack::NoAnswer);
        assert!(answers[1].is_ok(), "the others are not lost by it");
        drop(wake);
        deaf.join().unwrap();
    }
}
