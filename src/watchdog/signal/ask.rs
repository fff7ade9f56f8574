//! Asks one thread after the other.

#![allow(unsafe_code)]

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::super::dump::NoStack;
use super::install;
use super::request::Request;
use crate::report::Stack;

/// For how long one thread is waited for.
const PATIENCE: Duration = Duration::from_millis(100);
/// For how long all of them are, before each that does not answer costs only `SHORT`.
const IN_ALL: Duration = Duration::from_millis(1_500);
const SHORT: Duration = Duration::from_millis(5);

/// Requests to which a thread that had been given up was still writing.
static LATE: Mutex<Vec<&'static Request>> = Mutex::new(Vec::new());

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

/// Somebody who asks where threads are: one at a time in the process.
#[derive(Debug)]
pub(in crate::watchdog) struct Asking {
    signal: Result<i32, NoStack>,
    request: Option<&'static Request>,
    until: Instant,
    _turn: Turn,
}

/// Begins to ask, when it is the caller's turn.
pub(in crate::watchdog) fn asking() -> Asking {
    let turn = Turn::take();
    Asking {
        signal: install::signal(),
        request: None,
        until: Instant::now() + IN_ALL,
        _turn: turn,
    }
}

impl Asking {
    /// Where the thread with this id is, of which the blocked signals are these.
    pub(in crate::watchdog) fn ask(&mut self, id: u32, blocked: u64) -> Result<Stack, NoStack> {
        let signal = self.signal?;
        if blocked & 1 << (signal - 1) != 0 {
            return Err(NoStack::SignalBlocked);
        }
        let request = self.request.take().unwrap_or_else(free);
        request.put(id);
        if let Err(why) = send(id, signal) {
            if request.withdraw(id) {
                self.request = Some(request);
            }
            return Err(why);
        }
        let now = Instant::now();
        let limit = if now < self.until { PATIENCE } else { SHORT };
        let mut answer = wait(request, id, now + limit);
        if answer.is_none() && !request.withdraw(id) {
            // It is writing, so it will be done if only it is let run.
            answer = wait(request, id, Instant::now() + limit);
        }
        if request.is_free() {
            self.request = Some(request);
        } else {
            LATE.lock().push(request);
        }
        let frames = answer.ok_or(NoStack::NoAnswer)?;
        Ok(Stack::of_addresses(&frames))
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        LATE.lock().extend(self.request);
    }
}

/// A request that no handler writes to.
fn free() -> &'static Request {
    let mut late = LATE.lock();
    match late.iter().position(|request| request.is_free()) {
        Some(at) => late.swap_remove(at),
        None => Request::leak(),
    }
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

fn wait(request: &Request, id: u32, until: Instant) -> Option<Vec<usize>> {
    let mut pause = Duration::from_micros(10);
    for round in 0.. {
        if let Some(answer) = request.answer(id) {
            return Some(answer);
        }
        if Instant::now() > until {
            return None;
        }
        if round < 20 {
            thread::yield_now();
        } else {
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::tracking::slot::os_id;

    #[test]
    fn a_thread_that_blocks_the_signal_is_not_asked_and_one_that_is_gone_has_ended() {
        let mut asking = asking();
        assert_eq!(
            asking.ask(os_id(), u64::MAX).unwrap_err(),
            NoStack::SignalBlocked
        );
        let id = thread::spawn(os_id).join().unwrap();
        while std::fs::exists(format!("/proc/self/task/{id}")).unwrap() {
            thread::yield_now();
        }
        assert_eq!(asking.ask(id, 0).unwrap_err(), NoStack::Ended);
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
        let found = std::iter::repeat_with(|| asking().ask(id, 0).unwrap().to_string())
            .take_while(|_| start.elapsed() < Duration::from_secs(20))
            .any(|text| text.contains("sleeps_in_a_well_known_place") || !cfg!(debug_assertions));
        wake.send(()).unwrap();
        assert!(sleeper.join().unwrap());
        assert!(found);
    }
}
