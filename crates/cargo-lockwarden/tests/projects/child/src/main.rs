//! A program without a lock, whose child has an inversion. The output of the child is that of the program, or kept, and
//! the child ends in order or is killed; or the program has the inversion, and waits for a signal.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

static FIRST: Mutex<()> = Mutex::new(());
static SECOND: Mutex<()> = Mutex::new(());

fn main() {
    let how = std::env::args().nth(1).unwrap_or_default();
    let mut child = Command::new(std::env::current_exe().unwrap());
    match how.as_str() {
        "inverts" => inverts(),
        "waits" => {
            inverts();
            loop {
                thread::park();
            }
        }
        "keeps" => assert!(child.arg("inverts").output().unwrap().status.success()),
        "kills" => {
            let mut child = child.arg("waits").stderr(Stdio::piped()).spawn().unwrap();
            let lines = BufReader::new(child.stderr.take().unwrap()).lines();
            assert!(lines.map(Result::unwrap).any(|line| line.contains("Inversion")));
            child.kill().unwrap();
            child.wait().unwrap();
        }
        _ => assert!(child.arg("inverts").status().unwrap().success()),
    }
}

fn inverts() {
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
