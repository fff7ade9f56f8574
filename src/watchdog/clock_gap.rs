//! Detects that the watchdog itself was kept from running.

use std::time::Duration;

/// The delay that is tolerated however short the limits are: on a busy machine a thread is often that
/// late.
const TOLERATED: Duration = Duration::from_millis(20);

/// Returns whether a sleep that was asked to last `asked` and lasted `took` shows that the process was
/// stopped, or the machine slept, for so long that limits of which `shortest` is the shortest are
/// meaningless.
///
/// A shorter stop is not detected. A limit can then be exceeded early, by a quarter of its length.
pub(super) fn is_overslept(asked: Duration, took: Duration, shortest: Option<Duration>) -> bool {
    let tolerated = shortest.map_or(TOLERATED, |limit| (limit / 4).max(TOLERATED));
    took.saturating_sub(asked) > tolerated
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_stop_that_could_pass_a_limit_is_noticed_and_a_busy_machine_is_not() {
        let limit = Some(ms(1_000));
        assert!(!is_overslept(ms(40), ms(40), limit));
        assert!(!is_overslept(ms(40), ms(290), limit));
        assert!(is_overslept(ms(40), ms(291), limit));
        assert!(is_overslept(ms(40), ms(3_600_000), limit));
        assert!(!is_overslept(ms(4), ms(24), Some(ms(10))));
        // Woken early.
        assert!(!is_overslept(ms(40), ms(1), limit));
    }
}
