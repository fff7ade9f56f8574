//! Threads that wait for ever beside a watchdog: it is one more thread, and can wake no thread.

use lockwarden::sync::{Condvar, Mutex};
use lockwarden::watchdog::Watchdog;

use crate::expect::{Case, Expected};

static READY: Mutex<bool> = Mutex::named("ready", false);
static CHANGED: Condvar = Condvar::named("changed");

pub(crate) const CASES: &[Case] = &[Case {
    name: "no notifier exists, and there is a watchdog",
    run: wait_beside_a_watchdog,
    expected: Expected::Finding("Deadlock", &["a notification of `changed`"]),
}];

fn wait_beside_a_watchdog() {
    let watchdog = Watchdog::builder().on_alert(|_| {});
    let _watchdog = watchdog.spawn().expect("there is no other one");
    let mut ready = READY.lock().unwrap();
    while !*ready {
        ready = CHANGED.wait(ready).unwrap();
    }
}
