//! A thread waits in a dependency, whose unsafe code relies on it that the wait ends as it should.

use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

static TOTAL: Mutex<u32> = Mutex::new(0);

fn main() {
    let (more, rest) = mpsc::channel::<u32>();
    let (ready, is_ready) = mpsc::channel();
    let keeper = thread::Builder::new().name("keeper".to_owned());
    let keeper = keeper.spawn(move || {
        let mut total = TOTAL.lock().unwrap();
        ready.send(()).unwrap();
        *total += rest.recv().unwrap();
    });
    is_ready.recv().unwrap();
    let mut seen = 0;
    pool::install(
        // So that this thread is the last one to wait.
        || thread::sleep(Duration::from_millis(300)),
        || seen = *TOTAL.lock().unwrap_or_else(PoisonError::into_inner) + 1,
    );
    drop(more);
    assert!(keeper.unwrap().join().is_err());
    println!("seen: {seen}");
}
