//! Texts of the library on standard error, which the delivery thread writes.

use std::sync::Arc;

use super::{delivery, stderr};

/// Queues the text. Without a delivery thread, the calling thread writes what standard error accepts
/// within a tenth of a second.
pub(crate) fn print(text: String) {
    let text = Arc::new(text);
    let own = Arc::clone(&text);
    if delivery::hand_over(Box::new(move || stderr::write(&own))).is_err() {
        stderr::write_in_time(&text);
    }
}

/// Queues one line, with the prefix of the library.
pub(crate) fn say(line: &str) {
    print(format!("lockwarden: {line}\n"));
}
