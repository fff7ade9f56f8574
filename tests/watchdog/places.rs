//! A thread that waits in slices takes note of where it is: it need not be asked.

use std::panic::Location;
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread;

use lockwarden::instrument::{AcquireKind, Agent, Lock, LockKind, Mode, Resource, WaitReason};
use lockwarden::report::WaitsFor;
use lockwarden::watchdog::{DumpedThread, NoStack, Phase, Watchdog};

use crate::child::{LIMIT, STALL, apart};

static LATCH: LockKind = LockKind::new("Latch").resource();

/// Opens once.
struct Latch {
    open: Mutex<bool>,
    opened: Condvar,
    record: Resource,
}

impl Latch {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            open: Mutex::new(false),
            opened: Condvar::new(),
            record: Resource::named(&LATCH, "latch"),
        })
    }

    fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.opened.notify_all();
        self.record.provided();
    }

    #[track_caller]
    fn wait(&self) {
        self.record
            .wait(WaitReason::Event, Location::caller(), |limit| {
                let open = self.open.lock().unwrap();
                let open = match limit {
                    _ if *open => open,
                    Some(limit) => self.opened.wait_timeout(open, limit).unwrap().0,
                    None => self.opened.wait(open).unwrap(),
                };
                open.then_some(())
            });
    }
}

#[inline(never)]
fn waits_in_a_well_known_place(latch: &Latch) {
    latch.wait();
}

#[test]
fn a_thread_that_waits_in_slices_says_where_without_a_signal() {
    apart!(
        &[],
        || drop(says_where(waits_in_a_well_known_place)),
        |outcome| outcome.succeeds()
    );
}

#[test]
fn a_task_that_blocks_its_thread_in_slices_says_where() {
    let body = |latch: &Latch| {
        Agent::new(Some("walker")).run(|| waits_in_a_well_known_place(latch));
    };
    apart!(&[], || assert!(says_where(body).is_task), |outcome| outcome
        .succeeds());
}

/// Returns the thread that waits for a latch in `body`, as the dump of an alert has it.
fn says_where(body: fn(&Latch)) -> DumpedThread {
    let (tell, alerts) = mpsc::channel();
    let builder = Watchdog::builder()
        .wait_limit(STALL * 5)
        .without_signals()
        .on_alert(move |alert| tell.send(alert.clone()).unwrap_or_default());
    let _watchdog = builder.spawn().unwrap();
    let latch = Latch::new();
    let own = Arc::clone(&latch);
    let waiter = thread::spawn(move || body(&own));
    let alert = alerts.recv_timeout(LIMIT).expect("it is reported");
    assert_eq!(alert.phase, Phase::Began);
    let dump = alert.dump.as_ref().unwrap();
    let waits = |thread: &&DumpedThread| thread.waits.is_some();
    let thread = dump.threads.iter().find(waits).unwrap();
    let what = thread.waits.as_ref().unwrap().what;
    let WaitsFor::Resource {
        resource, awaited, ..
    } = what
    else {
        panic!("{what:?}");
    };
    assert_eq!(awaited, WaitReason::Event);
    assert_eq!(dump.lock(resource).unwrap().name, Some("latch"));
    let stack = thread.stack.as_ref().expect("it has looked itself");
    if cfg!(debug_assertions) {
        let innermost = stack.places().find_map(|place| place.function).unwrap();
        assert!(innermost.contains("Latch::wait"), "{stack}");
        let text = stack.to_string();
        assert!(text.contains("waits_in_a_well_known_place"), "{text}");
    }
    latch.open();
    waiter.join().unwrap();
    thread.clone()
}

#[test]
fn a_task_that_holds_a_lock_is_called_a_task() {
    static ASYNC: LockKind = LockKind::new("AsyncMutex").sendable();
    let lock = Lock::new(&ASYNC);
    let mut task = Agent::new(Some("holder"));
    let take =
        || lock.acquired_sendable(Mode::Exclusive, AcquireKind::Blocking, Location::caller());
    let hold = task.run(take);
    let dump = lockwarden::watchdog::dump();
    task.run(|| lock.released_anywhere(hold));
    let named = |thread: &&DumpedThread| thread.name.as_deref() == Some("holder");
    let listed = dump.threads.iter().find(named).expect("it holds a lock");
    assert!(listed.is_task);
    assert!(matches!(listed.stack, Err(NoStack::Task)));
    assert!(dump.to_string().contains("\ntask `holder` (#"), "{dump}");
}
