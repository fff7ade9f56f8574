//! A program with a module of the name that one of the detector has, in which it makes locks. It takes them in both
//! orders, and so one that a function of the standard library has made.

mod sync;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use sync::{LEDGER, Stock};

fn main() {
    let stock = Stock::new();
    let tips = Some(7).map(Mutex::new).unwrap();
    *tips.lock().unwrap() += 1;
    let has_sold = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut ledger = LEDGER.lock().unwrap();
            *ledger += stock.0.lock().unwrap().pop().unwrap();
            *ledger += *tips.lock().unwrap();
            has_sold.store(true, Ordering::Release);
        });
        // By an atomic, so that nothing that is watched orders the two.
        scope.spawn(|| {
            while !has_sold.load(Ordering::Acquire) {
                thread::yield_now();
            }
            let mut stock = stock.0.lock().unwrap();
            stock.push(*LEDGER.lock().unwrap());
            drop(stock);
            let tips = tips.lock().unwrap();
            *LEDGER.lock().unwrap() -= *tips;
        });
    });
}
