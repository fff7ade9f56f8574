//! Whoever waits for a timer.

use std::time::Duration;

use lockwarden::report::WaitReason;
use lockwarden::sync::{Condvar, Mutex, mpsc};
use lockwarden::timer::{Builder, Timer};

use crate::expect::{Case, Expected};
use crate::steps::{WATCHED, until_asleep, until_waits_for, waits};

static NEEDED: Mutex<u32> = Mutex::named("needed", 0);
static CHANGED: Condvar = Condvar::named("changed");

const SHORT: Duration = Duration::from_millis(20);

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a periodic timer is stopped under the mutex that its callback needs, the stop first",
        run: || stop_under_mutex(true),
        expected: Expected::Finding("Deadlock", &["`needed`", "the end of thread `flush`"]),
    },
    Case {
        name: "a periodic timer is stopped under the mutex that its callback needs, the lock first",
        run: || stop_under_mutex(false),
        expected: Expected::Finding("Deadlock", &["`needed`", "the end of thread `flush`"]),
    },
    Case {
        name: "a timer wakes the last one who waits, in its second period",
        run: woken_by_period,
        expected: Expected::Nothing,
    },
    Case {
        name: "a timer wakes the last one who waits",
        run: woken_by_timer,
        expected: Expected::Nothing,
    },
];

fn stop_under_mutex(stop_first: bool) {
    let (sender, receiver) = mpsc::channel();
    let callback = move || {
        let _ = sender.send(());
        if stop_first {
            until_waits_for("main", WaitReason::End);
        }
        *NEEDED.lock().unwrap() += 1;
    };
    let builder = Builder::new().name("flush");
    let guard = NEEDED.lock().unwrap();
    let flush = builder.every(SHORT, callback).unwrap();
    receiver.recv().unwrap();
    if !stop_first {
        until_asleep("flush");
    }
    flush.stop().unwrap();
    drop(guard);
}

fn woken_by_timer() {
    let wake = || {
        until_waits_for("main", WaitReason::Notification);
        *NEEDED.lock().unwrap() = 1;
        CHANGED.notify_all();
    };
    let timer = Timer::after(SHORT, wake);
    let mut needed = NEEDED.lock().unwrap();
    while *needed == 0 {
        needed = CHANGED.wait(needed).unwrap();
    }
    drop(needed);
    assert!(timer.join().unwrap());
}

/// The timer itself lets time pass, between two periods, when a thread waits who has looked.
fn woken_by_period() {
    let mut seen = 0;
    let wake = move || {
        seen += u32::from(!WATCHED || waits("main"));
        if seen == 2 {
            *NEEDED.lock().unwrap() = 1;
            CHANGED.notify_all();
        }
    };
    let timer = Builder::new().every(SHORT, wake).unwrap();
    let mut needed = NEEDED.lock().unwrap();
    while *needed == 0 {
        needed = CHANGED.wait(needed).unwrap();
    }
    drop(needed);
    timer.stop().unwrap();
}
