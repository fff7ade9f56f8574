//! Two locks in one order, from two threads, and a code of its own at the end.

use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

static FIRST: Mutex<u32> = Mutex::new(0);
static SECOND: Mutex<u32> = Mutex::new(0);

fn main() -> ExitCode {
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut first = FIRST.lock().unwrap();
                *SECOND.lock().unwrap() += 1;
                *first += 1;
            });
        }
    });
    let code = std::env::args().nth(1).map_or(0, |code| code.parse().unwrap());
    ExitCode::from(code)
}
