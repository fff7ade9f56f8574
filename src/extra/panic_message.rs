//! The message of a caught panic.

use std::any::Any;

/// Returns the message of a panic, if its payload is a text.
pub(in crate::extra) fn panic_message(payload: &(dyn Any + Send)) -> Option<&str> {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}
