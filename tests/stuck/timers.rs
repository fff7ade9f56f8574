//! Whoever waits for a timer.

use std::time::Duration;

use lockwarden::sync::{Condvar, Mutex, mpsc};
use lockwarden::timer::{Builder, Timer};

use crate::expect::{Case, Told};

static NEEDED: Mutex<u32> = Mutex::named("needed", 0);
static CHANGED: Condvar = Condvar::named("changed");

const SHORT: Duration = Duration::from_millis(20);

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a periodic timer is stopped under the mutex that its callback needs",
        run: stop_under_mutex,
        told: Told::Finding("Deadlock", &["`needed`", "the end of thread `flush`"]),
    },
    Case {
        name: "a timer wakes the last one who waits",
        run: woken_by_timer,
        told: Told::Nothing,
    },
];

fn stop_under_mutex() {
    let (tell, told) = mpsc::channel();
    let callback = move || {
        let _ = tell.send(());
        *NEEDED.lock().unwrap() += 1;
    };
    let builder = Builder::new().name("flush");
    let guard = NEEDED.lock().unwrap();
    let flush = builder.every(SHORT, callback).unwrap();
    told.recv().unwrap();
    flush.stop().unwrap();
    drop(guard);
}

fn woken_by_timer() {
    let wake = || {
        *NEEDED.lock().unwrap() = 1;
        CHANGED.notify_all();
    };
    let timer = Timer::after(10 * SHORT, wake);
    let mut needed = NEEDED.lock().unwrap();
    while *needed == 0 {
        needed = CHANGED.wait(needed).unwrap();
    }
    drop(needed);
    assert!(timer.join().unwrap());
}
