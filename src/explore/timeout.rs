//! The time limit of a check, and of a schedule.

use std::sync::OnceLock;
use std::time::Duration;

use crate::config::time;
use crate::sink;
use crate::variables::Variable;

/// The limit of a check that sets none, without `LOCKWARDEN_TEST_TIMEOUT`.
const DEFAULT: Duration = Duration::from_secs(30);
/// The longest limit; a longer one is taken for a typing error.
const MOST: Duration = Duration::from_secs(24 * 60 * 60);

/// Returns the limit of checks that do not set their own. An error in the variable is reported once.
pub(crate) fn default() -> Duration {
    static LIMIT: OnceLock<Duration> = OnceLock::new();
    *LIMIT.get_or_init(|| {
        let Some(value) = Variable::TestTimeout.read() else {
            return DEFAULT;
        };
        parse(&value.to_string_lossy()).unwrap_or_else(|problem| {
            sink::say(&format!(
                "{}: {problem}; the limit is {DEFAULT:?}, as without it",
                Variable::TestTimeout.name()
            ));
            DEFAULT
        })
    })
}

fn parse(text: &str) -> Result<Duration, String> {
    let limit = time::parse(text)?;
    if limit.is_zero() {
        return Err(format!("{text:?} leaves no time at all"));
    }
    if limit > MOST {
        return Err(format!("{text:?} is more than a day"));
    }
    Ok(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_leaves_time_and_is_within_a_day() {
        assert_eq!(parse("1.5s"), Ok(Duration::from_millis(1_500)));
        for (text, problem) in [
            ("0s", "\"0s\" leaves no time at all"),
            ("9999999999m", "\"9999999999m\" is more than a day"),
        ] {
            assert_eq!(parse(text), Err(problem.to_owned()), "{text}");
        }
    }
}
