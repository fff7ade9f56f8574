//! A watchdog, and what it reports of the threads of a case.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use lockwarden::report::{StallCause, WaitsFor};
use lockwarden::watchdog::{Alert, Builder, Phase, Watchdog};

use crate::harness::LIMIT;

/// Long enough for what a case does before it stands still.
pub(super) const STALL: Duration = Duration::from_millis(250);

/// A watchdog, and what it reports.
pub(super) struct Watch {
    pub(super) dog: Watchdog,
    pub(super) alerts: mpsc::Receiver<Alert>,
}

impl Watch {
    pub(super) fn start(limits: impl FnOnce(Builder) -> Builder) -> Self {
        let (tell, alerts) = mpsc::channel();
        let builder = Watchdog::builder().on_alert(move |alert| {
            let _ = tell.send(alert.clone());
        });
        let dog = limits(builder).spawn().expect("there is no other watchdog");
        Self { dog, alerts }
    }

    /// With a limit for every wait.
    pub(super) fn waits() -> Self {
        Self::start(|builder| builder.wait_limit(STALL))
    }

    /// The next alert of this phase.
    pub(super) fn next(&self, phase: Phase) -> Alert {
        loop {
            let alert = self.alerts.recv_timeout(LIMIT).expect("it is reported");
            if alert.phase == phase {
                return alert;
            }
        }
    }
}

/// The name of the thread that a stalled wait is about, and what it waits for.
pub(super) fn waiter(alert: &Alert) -> (String, WaitsFor) {
    let stall = alert.report.stall.as_ref().expect("it is a stall");
    let StallCause::Wait { thread, .. } = stall.cause else {
        panic!("{:?}", stall.cause);
    };
    let thread = alert.report.thread(thread).expect("the waiter is listed");
    let wait = thread.waits.as_ref().expect("it waits");
    (thread.name.clone().unwrap_or_default(), wait.what)
}

/// The functions of the dumped stack of the thread with this name.
pub(super) fn stack_of(alert: &Alert, name: &str) -> String {
    let dump = alert.dump.as_ref().expect("what lasts has a dump");
    let mut threads = dump.threads.iter();
    let thread = threads
        .find(|thread| thread.name.as_deref() == Some(name))
        .expect("every thread is listed");
    match &thread.stack {
        Ok(stack) => stack.to_string(),
        Err(why) => why.to_string(),
    }
}

pub(super) fn spawn<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> thread::JoinHandle<T> {
    let thread = thread::Builder::new().name(name.to_owned());
    thread.spawn(run).expect("the system has room for a thread")
}

/// Whether a thread of that name is known to wait.
pub(super) fn waits(name: &str) -> bool {
    let dump = lockwarden::watchdog::dump();
    let mut threads = dump.threads.iter();
    threads.any(|thread| thread.name.as_deref() == Some(name) && thread.waits.is_some())
}
