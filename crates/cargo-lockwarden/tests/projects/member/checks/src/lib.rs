//! A package of the workspace that tests the one in its root, whose file has the same path within its package.

#[test]
fn sells() {
    member::sell();
}

#[test]
fn refunds() {
    member::sell();
    member::refund();
}

/* Lines that would be quoted if this file were taken for the other one.
    STOCK.lock().unwrap(); TILL.lock().unwrap()
    STOCK.lock().unwrap(); TILL.lock().unwrap()
    STOCK.lock().unwrap(); TILL.lock().unwrap()
*/
