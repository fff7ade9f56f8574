//! Uses an allocator that takes a lock.

use std::sync::Mutex;

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting::new();

fn main() {
    let names = Mutex::new(Vec::new());
    names.lock().unwrap().push("a".to_owned());
    assert!(ALLOCATOR.count() > 0);
}
