//! A periodic timer made of a condition variable: one thread counts periods, and any number of
//! others wait for the next one. (The module `timer` has one that is ready-made.)
//!
//! ```text
//! cargo run --example periodic_timer             a listener waits until the count has changed
//! cargo run --example periodic_timer -- --bug    it waits until it is notified
//! ```
//!
//! The timer runs for five periods. A listener that comes after the first is to see all five. In
//! the first run it looks at the count before it waits, so the one that it has missed costs nothing.
//! In the second run it counts notifications; the first was sent when no thread slept, and is lost, so
//! it waits for a fifth that no thread will send. Nor has the wait a limit that would end it.
//!
//! While the timer's thread is there, it could notify: a sleep counts as running. As soon as it has
//! ended, the report says that the listener waits for a notification of `tick`, and the main thread
//! for the end of the listener. The panic ends the listener.

use std::process::ExitCode;
use std::sync::{Barrier, PoisonError};
use std::time::Duration;

use lockwarden::sync::{Condvar, Mutex};
use lockwarden::thread;

const PERIOD: Duration = Duration::from_millis(10);
const PERIODS: u32 = 5;

struct Timer {
    periods: Mutex<u32>,
    tick: Condvar,
}

impl Timer {
    /// Counts this many periods, and notifies all who wait for them.
    fn run(&self, periods: u32) {
        for _ in 0..periods {
            thread::sleep(PERIOD);
            *self.periods.lock().unwrap() += 1;
            self.tick.notify_all();
        }
    }

    /// Waits for a period after the one that was `seen` last, and returns which one it is now.
    #[track_caller]
    fn wait_for_tick(&self, seen: u32) -> u32 {
        let mut periods = self.periods.lock().unwrap();
        while *periods <= seen {
            periods = self.tick.wait(periods).unwrap();
        }
        *periods
    }

    /// Waits for a notification. If the period is over before the wait begins, there is none: the
    /// bug.
    #[track_caller]
    fn wait_for_notification(&self) {
        let periods = self.periods.lock().unwrap();
        drop(self.tick.wait(periods).unwrap());
    }
}

fn listen(timer: &Timer, bug: bool) {
    let mut seen = 0;
    while seen < PERIODS {
        if bug {
            timer.wait_for_notification();
            seen += 1;
        } else {
            seen = timer.wait_for_tick(seen);
        }
    }
    println!("the listener has seen all {PERIODS} periods");
}

fn main() -> ExitCode {
    let bug = std::env::args().nth(1).is_some_and(|arg| arg == "--bug");
    if bug && !lockwarden::status().is_on() {
        eprintln!("periodic_timer: lockwarden is {}", lockwarden::status());
        eprintln!("periodic_timer: with its bug, this program would hang for ever");
        return ExitCode::from(2);
    }
    let timer = Timer {
        periods: Mutex::named("periods", 0),
        tick: Condvar::named("tick"),
    };
    // Makes the listener late in every run.
    let first_is_over = Barrier::new(2);
    let (timer, first_is_over) = (&timer, &first_is_over);
    let listened = thread::scope(|scope| {
        let named = |name: &str| thread::Builder::new().name(name.to_owned());
        let counting = named("timer").spawn_scoped(scope, move || {
            timer.run(1);
            println!("the first period is over");
            first_is_over.wait();
            timer.run(PERIODS - 1);
        });
        let listener = named("listener").spawn_scoped(scope, move || {
            first_is_over.wait();
            listen(timer, bug);
        });
        let (counting, listener) = (counting.expect("spawned"), listener.expect("spawned"));
        let counted = counting.join();
        let listened = listener.join();
        counted.is_ok() && listened.is_ok()
    });
    let periods = *timer.periods.lock().unwrap_or_else(PoisonError::into_inner);
    println!("the timer has counted {periods} periods");
    ExitCode::from(u8::from(!listened))
}
