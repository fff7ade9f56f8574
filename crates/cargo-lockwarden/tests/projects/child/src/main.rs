//! A program without a lock, whose child has an inversion.

use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

static FIRST: Mutex<()> = Mutex::new(());
static SECOND: Mutex<()> = Mutex::new(());

fn main() {
    if std::env::args().len() == 1 {
        let program = std::env::current_exe().unwrap();
        let status = Command::new(program).arg("child").status().unwrap();
        assert!(status.success());
        return;
    }
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let first = FIRST.lock().unwrap();
            drop(SECOND.lock().unwrap());
            drop(first);
            is_done.store(true, Ordering::Release);
        });
        scope.spawn(|| {
            while !is_done.load(Ordering::Acquire) {
                thread::yield_now();
            }
            let _second = SECOND.lock().unwrap();
            drop(FIRST.lock().unwrap());
        });
    });
}
