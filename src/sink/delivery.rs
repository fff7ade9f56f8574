//! The thread that writes what the library prints.
//!
//! A write to standard error blocks for as long as a full pipe is not read, and the first lookup of
//! names takes hundreds of milliseconds and much stack. A finding is made in the middle of a lock call
//! of the program, with the program's locks held. So the thread that makes a finding queues closures
//! and continues; one thread of the library, started with the first closure, runs them.
//!
//! There are two queues. Jobs of the first ([`hand_over`]) run in the order in which they were queued.
//! Jobs of the second ([`hand_over_slow`]) run when the first is empty, and call [`catch_up`] between
//! their own steps, so that a text never waits for the names of a stack.
//!
//! # How long a thread of the program waits here
//!
//! - The first time, until the delivery thread is attached to the detector: [`START`] at most. An
//!   unattached thread would count as running and keep a deadlock of all threads from being reported.
//! - If the action of the finding is a panic, until its text is written: a second at most.
//! - If a suppression names a function, until the names of the stacks are looked up: five seconds at
//!   most.
//! - At the end of the process, and before the library aborts it, until everything is written: [`LAST`]
//!   at most, and no longer than [`STALLED`](stderr::STALLED) while one write does not return.
//! - At the end of the process, until the alerts of a watchdog that were under way are delivered ([`AlertUnderWay`]):
//!   [`LAST`] at most, and [`LAST_CALL`] at most while such an alert calls the program.
//!
//! # The child of a fork
//!
//! The child has one thread and starts with empty queues ([`renew`]): the parent writes its own texts.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Condvar;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::stderr;
use crate::system;
use crate::tracking::fork_safe::{ForkSafe, Guard};

/// How long the thread that starts the delivery thread waits until that is attached.
const START: Duration = Duration::from_millis(100);
/// How long the end of the process waits for all texts. A text that names callers needs the first lookup of names,
/// which takes most of a second of processor time in a debug build: on a machine with thirty busy processes that is
/// longer than ten seconds. Only a computation lasts that long; a write that stalls ends the wait earlier.
pub(crate) const LAST: Duration = Duration::from_secs(60);
/// How long the end of the process waits for a call of the program by an alert. A callback that waits for what the
/// ending thread has would never return.
#[cfg(any(unix, windows))]
const LAST_CALL: Duration = Duration::from_secs(5);

/// The capacity of each queue while nothing can be written; further jobs are only counted. Reports are
/// limited as well ([`Config::max_reports`](crate::config::Config::max_reports)).
const ROOM: usize = 4_096;

type Job = Box<dyn FnOnce() + Send>;

/// The queued jobs, and the state of the thread that runs them.
pub(crate) struct Queue {
    urgent: Vec<Job>,
    slow: Vec<Job>,
    /// How many jobs were ever put into `urgent`, and how many of those are done.
    submitted: u64,
    done: u64,
    /// Whether a slow job runs.
    is_slow_under_way: bool,
    /// How many alerts of a watchdog ever began, and how many of those are delivered or were dropped.
    alerts: u64,
    delivered: u64,
    /// Since when the thread that delivers alerts is in a call of the program.
    #[cfg_attr(not(any(unix, windows)), allow(dead_code))]
    called_since: Option<Instant>,
    /// Whether the end of the process waits for alerts and texts.
    is_ending: bool,
    /// How many jobs found no room since the last line about that.
    left_out: u64,
    thread: Thread,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Thread {
    /// No thread was started.
    None,
    /// The thread was started, and is not attached to the detector yet.
    Starting,
    /// The thread waits for jobs and runs them.
    Running,
}

pub(crate) static QUEUE: ForkSafe<Queue> = ForkSafe::new(Queue::new());
/// Attaches the delivery thread to the detector; set by the detector.
static SETTLE: OnceLock<fn()> = OnceLock::new();
/// Notified when a job is queued, when one is done, and when the thread is attached.
static CHANGED: Condvar = Condvar::new();
impl Queue {
    const fn new() -> Self {
        Self {
            urgent: Vec::new(),
            slow: Vec::new(),
            submitted: 0,
            done: 0,
            is_slow_under_way: false,
            alerts: 0,
            delivered: 0,
            called_since: None,
            is_ending: false,
            left_out: 0,
            thread: Thread::None,
        }
    }

    fn is_idle(&self) -> bool {
        self.done == self.submitted && self.slow.is_empty() && !self.is_slow_under_way
    }
}

/// Sets the function that attaches the delivery thread to the detector.
pub(crate) fn settle_with(settle: fn()) {
    let _ = SETTLE.set(settle);
}

/// A queued job.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket(u64);

/// Queues a job, to run after those that were queued before; `Err` returns it if there is no thread
/// that could run it.
pub(super) fn hand_over(job: Job) -> Result<Ticket, Job> {
    let mut queue = started();
    if queue.thread == Thread::None {
        return Err(job);
    }
    if queue.urgent.len() < ROOM {
        queue.urgent.push(job);
        queue.submitted += 1;
    } else {
        queue.left_out += 1;
    }
    let ticket = Ticket(queue.submitted);
    drop(queue);
    CHANGED.notify_all();
    Ok(ticket)
}

/// Queues a job that may take long; it is dropped if there is no thread or no room for it.
pub(super) fn hand_over_slow(job: Job) {
    let mut queue = started();
    if queue.thread != Thread::None && queue.slow.len() < ROOM {
        queue.slow.push(job);
    }
    drop(queue);
    CHANGED.notify_all();
}

/// Waits until the job is done, for `patience` at most.
pub(super) fn wait_for(ticket: Ticket, patience: Duration) {
    let deadline = Instant::now() + patience;
    let mut queue = QUEUE.lock();
    while queue.done < ticket.0 && queue.thread != Thread::None {
        match wait(queue, deadline) {
            Some(woken) => queue = woken,
            None => return,
        }
    }
}

/// Waits until all queued jobs are done, for `patience` at most, and no longer than [`STALLED`](stderr::STALLED) while
/// one write does not return.
pub(crate) fn flush(patience: Duration) {
    let deadline = Instant::now() + patience;
    let mut queue = QUEUE.lock();
    while !queue.is_idle() && queue.thread != Thread::None && !stderr::is_stalled() {
        // In slices, to detect a write that stalls.
        let slice = deadline.min(Instant::now() + Duration::from_millis(50));
        queue = match wait(queue, slice) {
            Some(woken) => woken,
            None if Instant::now() >= deadline => return,
            None => QUEUE.lock(),
        };
    }
}

/// An alert that a watchdog has decided on and has not delivered, until this is dropped: its text takes a lookup of
/// names in a thread of the watchdog, and a process that ends in the meantime must not lose it.
#[derive(Debug)]
pub(crate) struct AlertUnderWay(());

impl AlertUnderWay {
    pub(crate) fn begin() -> Self {
        QUEUE.lock().alerts += 1;
        Self(())
    }
}

impl Drop for AlertUnderWay {
    fn drop(&mut self) {
        let mut queue = QUEUE.lock();
        // In the child of a fork the count begins anew.
        queue.delivered = (queue.delivered + 1).min(queue.alerts);
        drop(queue);
        CHANGED.notify_all();
    }
}

/// A call of the program by the thread that delivers alerts, until this is dropped.
#[derive(Debug)]
pub(crate) struct ProgramCall(());

impl ProgramCall {
    pub(crate) fn begin() -> Self {
        QUEUE.lock().called_since = Some(Instant::now());
        Self(())
    }
}

impl Drop for ProgramCall {
    fn drop(&mut self) {
        QUEUE.lock().called_since = None;
    }
}

/// The wait of the end of the process, until this is dropped. Meanwhile no alert ends the process in another way or
/// restarts the program ([`is_ending`]). Afterwards an alert may do so again: a handler of the program that runs later
/// may hang.
#[cfg(any(unix, windows))]
#[derive(Debug)]
pub(crate) struct Ending(());

#[cfg(any(unix, windows))]
impl Ending {
    pub(crate) fn begin() -> Self {
        QUEUE.lock().is_ending = true;
        Self(())
    }

    /// Waits until the alerts that are under way now are delivered, for [`LAST`] at most, for [`LAST_CALL`] at most
    /// while one calls the program, and no longer than [`STALLED`](stderr::STALLED) while one write does not return.
    /// Not to be called by a thread that delivers them.
    pub(crate) fn flush_alerts(&self) {
        let start = Instant::now();
        let mut queue = QUEUE.lock();
        let begun = queue.alerts;
        while queue.delivered < begun && !stderr::is_stalled() {
            let (now, until) = (Instant::now(), give_up_at(start, queue.called_since));
            if now >= until {
                return;
            }
            // In slices, to detect a write that stalls, and a call of the program.
            queue = match wait(queue, until.min(now + Duration::from_millis(50))) {
                Some(woken) => woken,
                None => QUEUE.lock(),
            };
        }
    }
}

#[cfg(any(unix, windows))]
impl Drop for Ending {
    fn drop(&mut self) {
        QUEUE.lock().is_ending = false;
    }
}

/// Returns when a wait for alerts that began at `start` ends, if the present call of the program began at
/// `called_since`.
#[cfg(any(unix, windows))]
fn give_up_at(start: Instant, called_since: Option<Instant>) -> Instant {
    let last = start + LAST;
    called_since.map_or(last, |since| last.min(start.max(since) + LAST_CALL))
}

/// Returns whether the end of the process waits for alerts and texts: an alert must not change how the process ends.
pub(crate) fn is_ending() -> bool {
    QUEUE.lock().is_ending
}

/// Runs the jobs queued since, in the middle of a slow job.
pub(super) fn catch_up() {
    while let Some(job) = next_urgent() {
        run(job);
        QUEUE.lock().done += 1;
        CHANGED.notify_all();
    }
}

/// Resets the queues in the child of a fork, where the thread does not exist. The jobs are leaked: to
/// drop them would run code in the middle of a fork.
#[cfg(unix)]
pub(crate) fn renew() {
    std::mem::forget(std::mem::replace(&mut *QUEUE.lock(), Queue::new()));
    stderr::forget_write();
}

/// Waits for a change; `None` if there was none before the deadline.
fn wait(queue: Guard<'_, Queue>, deadline: Instant) -> Option<Guard<'_, Queue>> {
    let left = deadline.checked_duration_since(Instant::now())?;
    let (queue, is_over) = queue.wait_timeout(&CHANGED, left);
    (!is_over).then_some(queue)
}

/// Returns the queue; starts the thread if there was none and the system allows it.
fn started() -> Guard<'static, Queue> {
    let mut queue = QUEUE.lock();
    if queue.thread != Thread::None {
        return queue;
    }
    queue.thread = Thread::Starting;
    drop(queue);
    let is_started = system::spawn("lockwarden-out", Box::new(serve)).is_ok();
    flush_at_exit();
    queue = QUEUE.lock();
    if !is_started {
        queue.thread = Thread::None;
        return queue;
    }
    let deadline = Instant::now() + START;
    while queue.thread == Thread::Starting {
        queue = match wait(queue, deadline) {
            Some(woken) => woken,
            None => return QUEUE.lock(),
        };
    }
    queue
}

/// Registers the flush at the end of the process; once in a process, since the child of a fork inherits
/// it from its parent.
#[cfg(any(unix, windows))]
#[allow(unsafe_code)]
fn flush_at_exit() {
    static WATCHES: AtomicBool = AtomicBool::new(false);
    extern "C" fn ended() {
        // Unwinding out of here would abort the process.
        let _ = catch_unwind(|| flush(LAST));
    }
    // Relaxed: the flag orders nothing.
    if !WATCHES.swap(true, Ordering::Relaxed) {
        // SAFETY: the function has the right signature, is static and does not unwind. If `atexit` has
        // no room for it, texts that are not written at the end of the process are lost.
        unsafe { libc::atexit(ended) };
    }
}

/// Without `atexit` there is no flush: the thread that makes a finding waits for its text.
#[cfg(not(any(unix, windows)))]
fn flush_at_exit() {}

/// The body of the thread; it runs for as long as the process lives.
fn serve() {
    // Handlers of the program must not run in a thread of the library, and a signal about a closed pipe
    // or a file that is too large must not end the program.
    let _ = crate::shim::signals::block_all();
    let mut is_settled = settle();
    QUEUE.lock().thread = Thread::Running;
    CHANGED.notify_all();
    loop {
        is_settled = is_settled || settle();
        catch_up();
        if let Some(job) = next_slow() {
            run(job);
            QUEUE.lock().is_slow_under_way = false;
            CHANGED.notify_all();
            continue;
        }
        let mut queue = QUEUE.lock();
        while queue.urgent.is_empty() && queue.slow.is_empty() {
            queue = queue.wait(&CHANGED);
        }
    }
}

/// Attaches the calling thread to the detector, if that has set how; returns whether it has.
fn settle() -> bool {
    let settle = SETTLE.get();
    if let Some(settle) = settle {
        settle();
    }
    settle.is_some()
}

fn next_urgent() -> Option<Job> {
    let mut queue = QUEUE.lock();
    if queue.urgent.len() == 1 && queue.left_out > 0 {
        let left_out = std::mem::take(&mut queue.left_out);
        drop(queue);
        stderr::write(&format!(
            "lockwarden: {left_out} texts were left out, because standard error was not read\n"
        ));
        queue = QUEUE.lock();
    }
    first(&mut queue.urgent)
}

fn next_slow() -> Option<Job> {
    let mut queue = QUEUE.lock();
    let job = first(&mut queue.slow);
    queue.is_slow_under_way = job.is_some();
    job
}

/// Removes the first job. The others move up: [`ROOM`] of them at most, of two words each.
fn first(jobs: &mut Vec<Job>) -> Option<Job> {
    (!jobs.is_empty()).then(|| jobs.remove(0))
}

/// Runs a job. A panic in it, as in a `Display` of the program, ends the job.
fn run(job: Job) {
    let _ = catch_unwind(AssertUnwindSafe(job));
}

#[cfg(all(test, any(unix, windows)))]
mod tests {
    use super::*;

    #[test]
    fn a_call_of_the_program_shortens_the_wait_for_alerts() {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        assert_eq!(give_up_at(start, None), start + LAST);
        // A call that began before counts from the end of the process on.
        for since in [start, start.checked_sub(second).unwrap_or(start)] {
            assert_eq!(give_up_at(start, Some(since)), start + LAST_CALL);
        }
        let later = start + second;
        assert_eq!(give_up_at(start, Some(later)), later + LAST_CALL);
        // Many calls are together no longer than all else.
        let late = start + LAST - second;
        assert_eq!(give_up_at(start, Some(late)), start + LAST);
    }
}
