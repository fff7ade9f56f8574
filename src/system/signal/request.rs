//! The request to one thread, and the memory for its answer.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// The most frames that are kept. A deeper stack keeps its innermost ones.
const MAX_FRAMES: usize = 128;

/// A request to one thread.
///
/// | state | meaning |
/// |---|---|
/// | 0 | no thread is asked |
/// | thread, `WANTED` | this thread is asked |
/// | thread, `WRITING` | its handler writes the frames |
/// | thread, `DONE` | the frames are written |
///
/// The thread is a part of the state, so that the late handler of a thread that was asked before cannot
/// claim a request to another one.
#[derive(Debug)]
pub(super) struct Request {
    state: AtomicU64,
    count: AtomicUsize,
    frames: [AtomicUsize; MAX_FRAMES],
}

const WANTED: u64 = 1;
const WRITING: u64 = 2;
const DONE: u64 = 3;

const fn state(thread: u32, phase: u64) -> u64 {
    (thread as u64) << 2 | phase
}

/// How many threads can be asked at once.
pub(super) const AT_ONCE: usize = 64;

/// The request cells, allocated statically.
static REQUESTS: [Request; AT_ONCE] = [const { Request::new() }; AT_ONCE];

/// Yields the cells that no handler writes to.
pub(super) fn free() -> impl Iterator<Item = &'static Request> {
    REQUESTS.iter().filter(|request| request.is_free())
}

/// In the handler of `thread`: claims the request to it, if there is one.
pub(super) fn claim(thread: u32) -> Option<&'static Request> {
    REQUESTS.iter().find(|request| request.claim(thread))
}

impl Request {
    const fn new() -> Self {
        Self {
            state: AtomicU64::new(0),
            count: AtomicUsize::new(0),
            frames: [const { AtomicUsize::new(0) }; MAX_FRAMES],
        }
    }

    /// Asks this thread. The cell is free.
    pub(super) fn put(&self, thread: u32) {
        // Release pairs with the Acquire in `claim`: the reads of the last answer come before the
        // writes of the next one.
        self.state.store(state(thread, WANTED), Ordering::Release);
    }

    fn claim(&self, thread: u32) -> bool {
        // The load spares threads that are not asked a write to shared memory.
        let wanted = state(thread, WANTED);
        if self.state.load(Ordering::Relaxed) != wanted {
            return false;
        }
        self.state
            .compare_exchange(
                wanted,
                state(thread, WRITING),
                Ordering::Acquire,
                Ordering::Relaxed,
            )
            .is_ok()
    }

    /// In the handler: stores frame number `at`; returns `false` if there is no room for more after it.
    pub(super) fn set(&self, at: usize, address: usize) -> bool {
        if let Some(frame) = self.frames.get(at) {
            frame.store(address, Ordering::Relaxed);
        }
        at + 1 < MAX_FRAMES
    }

    /// In the handler: publishes an answer of `count` frames.
    pub(super) fn finish(&self, thread: u32, count: usize) {
        self.count.store(count.min(MAX_FRAMES), Ordering::Relaxed);
        // Release pairs with the Acquire in `has_answered`: the frames are written before.
        self.state.store(state(thread, DONE), Ordering::Release);
    }

    /// Returns whether the answer of this thread is complete.
    pub(super) fn has_answered(&self, thread: u32) -> bool {
        // Acquire pairs with the Release in `finish`.
        self.state.load(Ordering::Acquire) == state(thread, DONE)
    }

    /// Returns the answer of this thread, if it is complete.
    pub(super) fn answer(&self, thread: u32) -> Option<Vec<usize>> {
        if !self.has_answered(thread) {
            return None;
        }
        let count = self.count.load(Ordering::Relaxed);
        let mut frames = Vec::with_capacity(count);
        for frame in &self.frames[..count] {
            frames.push(frame.load(Ordering::Relaxed));
        }
        Some(frames)
    }

    /// Withdraws the request; `false` if the thread is writing the answer.
    pub(super) fn withdraw(&self, thread: u32) -> bool {
        self.state
            .compare_exchange(
                state(thread, WANTED),
                0,
                Ordering::Relaxed,
                Ordering::Relaxed,
            )
            .is_ok()
    }

    /// Returns whether no handler writes to the cell.
    fn is_free(&self) -> bool {
        // Acquire, as in `has_answered`.
        self.state.load(Ordering::Acquire) & 3 != WRITING
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_was_asked_before_does_not_answer_for_the_next_one() {
        let request = Request::new();
        request.put(7);
        assert!(request.withdraw(7));
        request.put(8);
        assert!(!request.claim(7));
        assert!(request.claim(8));
        assert!(!request.withdraw(8) && !request.is_free());
        assert!(request.answer(8).is_none());
        assert!(request.set(0, 100) && request.set(1, 101));
        request.finish(8, 2);
        assert_eq!(request.answer(8), Some(vec![100, 101]));
        assert!(request.answer(7).is_none() && request.is_free());
        // The signal of the first request arrives late.
        assert!(!request.claim(8));
    }

    #[test]
    fn a_stack_that_is_too_deep_keeps_its_innermost_frames() {
        let request = Request::new();
        request.put(1);
        assert!(request.claim(1));
        let kept = (0..).take_while(|at| request.set(*at, *at)).count() + 1;
        request.finish(1, kept + 1);
        let frames = request.answer(1).unwrap();
        assert_eq!(frames, (0..MAX_FRAMES).collect::<Vec<_>>());
    }
}
