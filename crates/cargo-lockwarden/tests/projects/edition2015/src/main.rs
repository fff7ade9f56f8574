//! A crate of the first edition.

#[macro_use]
mod inner {
    macro_rules! made {
        ($e:expr) => {
            ::std::sync::Mutex::new($e)
        };
    }
}

use std::sync::{Arc, Mutex, ONCE_INIT, Once};
use std::thread;

static START: Once = ONCE_INIT;

fn main() {
    START.call_once(|| println!("once"));
    let total: Arc<Mutex<Vec<u32>>> = Arc::new(made!(vec![1]));
    let other = total.clone();
    thread::spawn(move || other.lock().unwrap().push(2)).join().unwrap();
    println!("{:?}", *total.lock().unwrap());
}
