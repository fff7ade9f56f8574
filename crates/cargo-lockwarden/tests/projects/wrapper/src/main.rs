//! A program with a type of its own around its locks. With an argument, it takes two of them in both orders.

mod guarded;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use guarded::Guarded;

struct Shop {
    bills: Guarded<u64>,
    stock: Guarded<Vec<u64>>,
    journal: Guarded<String>,
}

impl Shop {
    fn sell(&self) {
        let mut stock = self.stock.lock();
        let price = stock.pop().unwrap_or_default();
        *self.bills.lock() += price;
    }

    fn refund(&self) {
        let mut bills = self.bills.lock();
        *bills -= 1;
        self.stock.lock().push(1);
    }

    fn note(&self) {
        let bills = self.bills.lock();
        self.journal.lock().push_str(&bills.to_string());
    }
}

fn main() {
    let shop = Shop {
        bills: Guarded::new(0),
        stock: Guarded::new(vec![1, 2, 3]),
        journal: Guarded::new(String::new()),
    };
    // The locks that come last are taken first once, alone, so their ids are in another order than they nest.
    *shop.bills.lock() += 7;
    let has_refunds = std::env::args().len() > 1;
    let has_sold = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            shop.sell();
            shop.note();
            has_sold.store(true, Ordering::Release);
        });
        // By an atomic, so that nothing that is watched orders the two.
        scope.spawn(|| {
            while !has_sold.load(Ordering::Acquire) {
                thread::yield_now();
            }
            if has_refunds {
                shop.refund();
            }
        });
    });
}
