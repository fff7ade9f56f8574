//! A watched member, with unit tests, an integration test and an example in its documentation.
//!
//! ```
//! assert!(one::std_mutex().starts_with("lockwarden::"), "{}", one::std_mutex());
//! let name = std::any::type_name::<std::sync::Mutex<u8>>();
//! assert!(name.starts_with("lockwarden::"), "{name}");
//! ```

/// The full name of what `std::sync::Mutex` is here.
pub fn std_mutex() -> &'static str {
    std::any::type_name::<std::sync::Mutex<u8>>()
}

#[test]
fn this_member_is_watched_and_the_other_is_left_out() {
    assert!(std_mutex().starts_with("lockwarden::"), "{}", std_mutex());
    assert!(two::std_mutex().starts_with("std::"), "{}", two::std_mutex());
    let lock = std::sync::Mutex::new(1);
    assert_eq!(*lock.lock().unwrap(), 1);
}

#[cfg(feature = "extra")]
#[test]
fn the_feature_is_on() {
    assert!(cfg!(feature = "extra"));
}
