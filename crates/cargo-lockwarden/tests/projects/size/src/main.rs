//! Depends on a crate that does not compile with other sizes.

use std::sync::Mutex;

fn main() {
    println!("{}", *Mutex::new(layout::add(1, 2)).lock().unwrap());
}
