//! A lock of its own and one of a dependency, taken in both orders.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

static LEDGER: Mutex<u32> = Mutex::new(0);

fn main() {
    let store = store::Store::new();
    // A flag, which the detector does not see, keeps the two apart, so that nothing hangs.
    let is_put = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut ledger = LEDGER.lock().unwrap();
            store.put("a");
            *ledger += 1;
            drop(ledger);
            is_put.store(true, Ordering::Release);
        });
        while !is_put.load(Ordering::Acquire) {
            thread::yield_now();
        }
        scope.spawn(|| {
            store.with_all(|names| *LEDGER.lock().unwrap() += names.len() as u32);
        });
    });
    println!("{} in the ledger", LEDGER.lock().unwrap());
}

#[test]
fn both_orders() {
    main();
}
