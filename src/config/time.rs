//! Durations with a unit, in text.

use std::time::Duration;

/// Parses a number with a unit: `500ms`, `10s`, `1.5s`, `2m` or `2min`, `1h`.
///
/// The error is a clause that names the text and what is allowed.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let is_of_number = |c: char| c.is_ascii_digit() || c == '.';
    let unit = text.trim_start_matches(is_of_number);
    let number = &text[..text.len() - unit.len()];
    let seconds = match unit.trim() {
        "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        "" => return Err(format!("{text:?} has no unit: say 500ms, 10s, 2m or 1h")),
        _ => return Err(not_a_time(text)),
    };
    let number: f64 = number.parse().map_err(|_| not_a_time(text))?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| format!("{text:?} is too long"))
}

fn not_a_time(text: &str) -> String {
    format!("{text:?} is no number with a unit, such as 500ms, 10s, 2m or 1h")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_with_a_unit_is_parsed() {
        for (text, millis) in [
            ("500ms", 500),
            ("5s", 5_000),
            (" 1.5 s ", 1_500),
            ("2m", 120_000),
            ("3min", 180_000),
            ("1h", 3_600_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn a_bad_duration_is_named() {
        for (text, problem) in [
            ("5", "\"5\" has no unit: say 500ms, 10s, 2m or 1h"),
            (
                "5 hours",
                "\"5 hours\" is no number with a unit, such as 500ms, 10s, 2m or 1h",
            ),
            (
                "-5s",
                "\"-5s\" is no number with a unit, such as 500ms, 10s, 2m or 1h",
            ),
            (
                "s",
                "\"s\" is no number with a unit, such as 500ms, 10s, 2m or 1h",
            ),
            (
                "1.2.3s",
                "\"1.2.3s\" is no number with a unit, such as 500ms, 10s, 2m or 1h",
            ),
            (
                "9999999999999999999999h",
                "\"9999999999999999999999h\" is too long",
            ),
        ] {
            assert_eq!(parse(text), Err(problem.to_owned()), "{text}");
        }
    }
}
