//! Looks up function names before a text needs them.
//!
//! The first look-up of a process reads all debug information of the program, which takes a second in a
//! build without optimisation. A check that is likely to hang starts it in another thread while it
//! still waits, so that its text follows soon after its limit.

use std::sync::Once;
use std::time::Duration;

use crate::report::Stack;
use crate::system;

/// Returns how long before the limit the look-up begins; `None` if the limit is short: the look-up
/// would disturb the check, so its text is late instead.
pub(super) fn lead(limit: Duration) -> Option<Duration> {
    (limit >= Duration::from_secs(1)).then(|| (limit / 2).min(Duration::from_secs(2)))
}

pub(super) fn prepare() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        let look_up = || Stack::resolve_all(&[&Stack::capture()], &|| {});
        // If the thread cannot be started, the look-up happens with the text.
        let _ = system::spawn("lockwarden name", Box::new(look_up));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_looked_up_before_the_limit_unless_it_is_short() {
        let seconds = Duration::from_secs;
        assert_eq!(lead(Duration::from_millis(999)), None);
        assert_eq!(lead(seconds(1)), Some(Duration::from_millis(500)));
        assert_eq!(lead(seconds(30)), Some(seconds(2)));
    }
}
