//! Runs in the compiler: bare.

fn main() {
    let name = std::any::type_name::<std::sync::Mutex<u8>>();
    assert!(name.starts_with("std::"), "{name}");
    println!("cargo::rustc-env=BUILT_WITH={name}");
}
