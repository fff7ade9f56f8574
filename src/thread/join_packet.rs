//! Result and clock of a thread, passed to the joining thread.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::instrument;
use crate::instrument::{Clock, JoinRecord, Scheduled, SpawnHolds};

/// Result of a thread, with its final clock.
///
/// It has the size of `T` in a build without instrumentation.
pub(super) struct JoinPacket<T> {
    value: T,
    end: End,
}

/// Panic payload of a thread, with its final clock.
struct Panicked {
    payload: Box<dyn Any + Send>,
    end: End,
}

/// State that a thread passes on at its end, also by a panic.
pub(super) struct End {
    past: Clock,
    section: SpawnHolds,
}

impl End {
    /// Returns the end of the calling thread, which was spawned in `section`.
    pub(super) fn here(mut section: SpawnHolds) -> Self {
        section.leave();
        Self {
            past: Clock::at_exit(),
            section,
        }
    }

    /// Returns the final clock.
    pub(super) fn past(&self) -> &Clock {
        &self.past
    }

    fn acquire(self) {
        // The locks come first, under the clock that the joining thread has before it acquires this
        // one.
        self.section.joined();
        self.past.acquire();
    }
}

/// Runs the body of a thread, and calls `end` last of all.
///
/// The body owns its captured values, so they are dropped by then.
pub(super) fn run<T>(body: impl FnOnce() -> T, end: impl FnOnce() -> End) -> JoinPacket<T> {
    if !instrument::ON {
        return JoinPacket {
            value: body(),
            end: end(),
        };
    }
    // `AssertUnwindSafe`: after a panic only the payload is used, which is passed on at once.
    match catch_unwind(AssertUnwindSafe(|| __rust_begin_short_backtrace(body))) {
        Ok(value) => JoinPacket { value, end: end() },
        Err(payload) => resume_unwind(Box::new(Panicked {
            payload,
            end: end(),
        })),
    }
}

/// Calls the body of a thread. By this name the standard panic hook knows where the frames of the program end, as in
/// a thread of std: what lies below is not printed.
#[inline(never)]
fn __rust_begin_short_backtrace<T>(body: impl FnOnce() -> T) -> T {
    let value = body();
    // A tail call would leave no frame of this function.
    std::hint::black_box(());
    value
}

/// Returns the result of a join as the program expects it, and acquires the final clock of the
/// thread.
pub(super) fn joined<T>(result: std::thread::Result<JoinPacket<T>>) -> std::thread::Result<T> {
    match result {
        Ok(ended) => {
            ended.end.acquire();
            Ok(ended.value)
        }
        // Other payloads come from std itself, or from a build without instrumentation.
        Err(payload) if instrument::ON => Err(match payload.downcast::<Panicked>() {
            Ok(panicked) => {
                panicked.end.acquire();
                panicked.payload
            }
            Err(payload) => payload,
        }),
        Err(payload) => Err(payload),
    }
}

/// Returns whether the closure of a thread with this record has ended, as `std` says it of its handle.
pub(super) fn is_finished(life: &JoinRecord, std: impl FnOnce() -> bool) -> bool {
    match Scheduled::here() {
        Some(turn) => {
            turn.lapse();
            life.is_over()
        }
        None => std(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end() -> End {
        End::here(SpawnHolds::none())
    }

    #[test]
    fn a_value_and_a_payload_come_out_as_they_went_in() {
        assert_eq!(joined(Ok(run(|| 7, end))).unwrap(), 7);
        let thrown = catch_unwind(|| run(|| -> u8 { resume_unwind(Box::new("words")) }, end));
        let payload = joined(thrown).unwrap_err();
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"words"));
    }

    #[test]
    fn the_end_comes_after_the_values_of_the_body_are_gone() {
        struct Notes<'a>(&'a std::cell::RefCell<Vec<&'static str>>);
        impl Drop for Notes<'_> {
            fn drop(&mut self) {
                self.0.borrow_mut().push("dropped");
            }
        }
        let notes = std::cell::RefCell::new(Vec::new());
        let captured = Notes(&notes);
        let body = move || {
            let _owned = captured;
        };
        let _ = run(body, || {
            notes.borrow_mut().push("ended");
            end()
        });
        assert_eq!(*notes.borrow(), ["dropped", "ended"]);
    }

    #[test]
    fn a_build_without_instrumentation_hands_over_nothing_more() {
        if !instrument::ON {
            assert_eq!(size_of::<JoinPacket<u64>>(), size_of::<u64>());
        }
    }
}
