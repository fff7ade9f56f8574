//! A program with a type of its own around its locks. Its argument says in which orders it takes them: `refunds` in
//! both, `refunds-alone` in the other one, `transfers` two of one type against the order in which they were made.

mod guarded;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use guarded::Guarded;

struct Shop {
    bills: Guarded<u64>,
    stock: Guarded<Vec<u64>>,
    journal: Guarded<String>,
    tips: Guarded<u64>,
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

    fn transfer(&self) {
        let mut tips = self.tips.lock();
        *self.bills.lock() += std::mem::take(&mut *tips);
    }
}

fn main() {
    let shop = Shop {
        bills: Guarded::new(0),
        stock: Guarded::new(vec![1, 2, 3]),
        journal: Guarded::new(String::new()),
        tips: Guarded::new(0),
    };
    // The locks that come last are taken first once, alone, so their ids are in another order than they nest.
    *shop.bills.lock() += 7;
    let argument = std::env::args().nth(1).unwrap_or_default();
    let has_sold = AtomicBool::new(argument == "refunds-alone");
    thread::scope(|scope| {
        if argument != "refunds-alone" {
            scope.spawn(|| {
                shop.sell();
                shop.note();
                has_sold.store(true, Ordering::Release);
            });
        }
        // By an atomic, so that nothing that is watched orders the two.
        scope.spawn(|| {
            while !has_sold.load(Ordering::Acquire) {
                thread::yield_now();
            }
            match argument.as_str() {
                "refunds" | "refunds-alone" => shop.refund(),
                "transfers" => shop.transfer(),
                _ => {}
            }
        });
    });
}
