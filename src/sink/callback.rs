//! Calls code of the program from within a lock call, and catches its panics.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::say;

/// Calls `call`, and writes a line to standard error if it panicked.
///
/// The panic must not unwind out of the lock call: the program does not expect that call to panic
/// because of a callback.
pub(crate) fn guarded(who: &str, call: &mut dyn FnMut()) {
    // Unwind safety: the crate shares nothing with `call` except a report, which `call` only reads.
    let Err(payload) = catch_unwind(AssertUnwindSafe(call)) else {
        return;
    };
    let words = panic_message(&*payload).unwrap_or("with something that is no text");
    say::say(&format!(
        "{who} panicked while it was given a report: {words}"
    ));
    // The payload is a value of the program, whose drop may panic as well; the second payload is
    // leaked.
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
}

/// Returns the message of a panic, if its payload is a text.
pub(crate) fn panic_message(payload: &(dyn Any + Send)) -> Option<&str> {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_the_program_is_caught() {
        let mut reached = false;
        guarded("the test", &mut || panic!("on purpose, and caught"));
        guarded("the test", &mut || std::panic::panic_any(7));
        guarded("the test", &mut || reached = true);
        assert!(reached);
    }

    #[test]
    fn a_payload_that_panics_when_dropped_is_survived() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("a second time, and caught");
            }
        }
        guarded("the test", &mut || std::panic::panic_any(Bomb));
    }
}
