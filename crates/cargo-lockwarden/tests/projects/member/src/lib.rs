//! The package in the root of the workspace.

use std::sync::Mutex;

static STOCK: Mutex<u32> = Mutex::new(9);
static TILL: Mutex<u32> = Mutex::new(0);

pub fn sell() {
    let mut stock = STOCK.lock().unwrap();
    *TILL.lock().unwrap() += 1;
    *stock -= 1;
}

pub fn refund() {
    let mut till = TILL.lock().unwrap();
    *STOCK.lock().unwrap() += 1;
    *till -= 1;
}
