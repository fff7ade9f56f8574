//! What runs in the compiler is bare, and what the program has is watched.

use std::sync::Mutex;

fn main() {
    println!("build script: {}", env!("BUILT_WITH"));
    println!("macro: {}", macros::std_mutex!());
    println!("program: {}", std::any::type_name::<Mutex<u8>>());
    assert_eq!(*Mutex::new(1).lock().unwrap(), 1);
}
