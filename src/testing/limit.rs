//! How long a check may take.

use std::sync::OnceLock;
use std::time::Duration;

use crate::sink;

/// The environment variable that replaces [`DEFAULT`].
const VARIABLE: &str = "LOCKWARDEN_TEST_TIMEOUT";
/// The limit of a check that says nothing else.
const DEFAULT: Duration = Duration::from_secs(30);
/// More than that is a slip of the pen: no runner waits for so long.
const MOST: Duration = Duration::from_secs(24 * 60 * 60);

/// The limit of checks that do not set their own. What is wrong with the variable is said once.
pub(super) fn default() -> Duration {
    static LIMIT: OnceLock<Duration> = OnceLock::new();
    *LIMIT.get_or_init(|| {
        let Some(value) = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) else {
            return DEFAULT;
        };
        parse(&value.to_string_lossy()).unwrap_or_else(|problem| {
            sink::say(&format!(
                "{VARIABLE}: {problem}; the limit is {DEFAULT:?}, as without it"
            ));
            DEFAULT
        })
    })
}

/// A number with a unit: `500ms`, `5s`, `1.5s`, `2m`.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let seconds = match unit.trim() {
        "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        _ => return Err(format!("{text:?} has no unit: say 500ms, 5s or 2m")),
    };
    let number: f64 = number
        .parse()
        .map_err(|_| format!("{text:?} is no number with a unit, such as 500ms, 5s or 2m"))?;
    let limit = Duration::try_from_secs_f64(number * seconds).unwrap_or(Duration::MAX);
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
    fn a_number_with_a_unit_is_understood() {
        for (text, millis) in [
            ("500ms", 500),
            ("5s", 5_000),
            (" 1.5 s ", 1_500),
            ("2m", 120_000),
            ("3min", 180_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (text, problem) in [
            ("5", "\"5\" has no unit: say 500ms, 5s or 2m"),
            ("5 hours", "\"5 hours\" has no unit: say 500ms, 5s or 2m"),
            ("-5s", "\"-5s\" has no unit: say 500ms, 5s or 2m"),
            (
                "s",
                "\"s\" is no number with a unit, such as 500ms, 5s or 2m",
            ),
            (
                "1.2.3s",
                "\"1.2.3s\" is no number with a unit, such as 500ms, 5s or 2m",
            ),
            ("0s", "\"0s\" leaves no time at all"),
            ("9999999999m", "\"9999999999m\" is more than a day"),
        ] {
            assert_eq!(parse(text), Err(problem.to_owned()), "{text}");
        }
    }
}
