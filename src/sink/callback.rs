//! Code of the program, called from within a lock call that must not notice.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::stderr;

/// Calls `call`, and says on standard error if it panicked.
///
/// A panic that went on from here would unwind the program out of a lock call that has, in its
/// eyes, nothing to do with it.
pub(crate) fn guarded(who: &str, call: impl FnOnce()) {
    // Unwind safety: nothing of ours is shared with `call` except a report, which it only reads.
    let Err(payload) = catch_unwind(AssertUnwindSafe(call)) else {
        return;
    };
    let words = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("with something that is no text");
    stderr::say(&format!(
        "{who} panicked while it was given a report: {words}"
    ));
    // The payload is a value of the program, whose drop may panic as well; leaking it then is the
    // least of the troubles.
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_the_program_is_caught() {
        let mut reached = false;
        guarded("the test", || panic!("on purpose, and caught"));
        guarded("the test", || std::panic::panic_any(7));
        guarded("the test", || reached = true);
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
        guarded("the test", || std::panic::panic_any(Bomb));
    }
}
