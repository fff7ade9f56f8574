//! A member that the workspace leaves out.

/// The full name of what `std::sync::Mutex` is here.
pub fn std_mutex() -> &'static str {
    std::any::type_name::<std::sync::Mutex<u8>>()
}

#[test]
fn fails_on_purpose() {
    assert!(std::env::var_os("FAIL").is_none());
}
