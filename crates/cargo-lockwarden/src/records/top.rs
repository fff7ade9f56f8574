//! Which locks threads wait for: the table of `cargo lockwarden top`.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::merged::Records;
use super::text::count;
use super::times::{ClassTimes, Sum};

/// How many of those who kept others waiting are listed for each lock.
const BLOCKERS: usize = 3;

/// The table, of at most `limit` locks.
pub(crate) fn text(records: &Records, limit: usize) -> String {
    let classes = records.times.by_class(|class| records.name_of(class));
    let waits: u64 = classes.iter().map(|class| class.waits.count).sum();
    let ns = classes
        .iter()
        .fold(0_u64, |all, class| all.saturating_add(class.waits.ns));
    let mut text = format!(
        "{} lost in {} for {}, over {}\n",
        duration(ns),
        count(
            usize::try_from(waits).unwrap_or(usize::MAX),
            "wait",
            "waits"
        ),
        count(classes.len(), "lock class", "lock classes"),
        count(records.runs.len(), "process", "processes"),
    );
    let _ = writeln!(
        text,
        "\n{:>9} {:>9} {:>9} {:>9} {:>9} {:>12}  lock",
        "waited", "waits", "longest", "contended", "taken", "longest hold"
    );
    for class in classes.iter().take(limit) {
        line(&mut text, class);
    }
    if let Some(more) = classes.len().checked_sub(limit).filter(|more| *more > 0) {
        let _ = writeln!(text, "and {more} more: --limit {}", classes.len());
    }
    text
}

fn line(text: &mut String, class: &ClassTimes) {
    let contended = class
        .contention()
        .map_or_else(String::new, |contention| format!("{contention:.1} %"));
    let _ = writeln!(
        text,
        "{:>9} {:>9} {:>9} {:>9} {:>9} {:>12}  {}",
        duration(class.waits.ns),
        class.waits.count,
        duration(class.waits.longest_ns),
        contended,
        class.holds.count,
        duration(class.holds.longest_ns),
        class.class,
    );
    let indent = " ".repeat(12);
    for (pair, sum) in class.pairs.iter().take(BLOCKERS) {
        let by = match (pair.by_site.as_str(), pair.by_role.as_str()) {
            ("", _) => "a holder that was not seen".to_owned(),
            (site, "") => format!("the hold of {site}"),
            (site, role) => format!("the hold of {site} by `{role}`"),
        };
        let _ = writeln!(
            text,
            "{indent}{} at {} waited {} for {by}",
            count(
                usize::try_from(sum.count).unwrap_or(usize::MAX),
                "wait",
                "waits"
            ),
            pair.site,
            duration(sum.ns),
        );
    }
    if let Some(more) = class
        .pairs
        .len()
        .checked_sub(BLOCKERS)
        .filter(|more| *more > 0)
    {
        let _ = writeln!(text, "{indent}and {more} other pairs of lines");
    }
    if !class.holds.longest_site.is_empty() {
        let _ = writeln!(
            text,
            "{indent}the longest hold is that of {}",
            class.holds.longest_site
        );
    }
}

/// All of it.
pub(crate) fn json(records: &Records) -> Value {
    let sum = |sum: &Sum| {
        json!({
            "count": sum.count, "ns": sum.ns, "longest_ns": sum.longest_ns, "longest_site": sum.longest_site,
        })
    };
    let classes = records.times.by_class(|class| records.name_of(class));
    let classes = classes.iter().map(|class| {
        let pairs = class.pairs.iter().map(|(pair, waits)| {
            json!({
                "site": pair.site, "by_site": pair.by_site, "by_role": pair.by_role, "waits": sum(waits),
            })
        });
        json!({
            "class": class.class,
            "waits": sum(&class.waits),
            "holds": sum(&class.holds),
            "contention_percent": class.contention(),
            "blocked_by": pairs.collect::<Vec<_>>(),
        })
    });
    classes.collect()
}

/// A duration in three or four digits.
pub(crate) fn duration(ns: u64) -> String {
    let seconds = ns as f64 / 1e9;
    match ns {
        0 => "0".to_owned(),
        1..1_000 => format!("{ns} ns"),
        1_000..1_000_000 => format!("{:.1} µs", seconds * 1e6),
        1_000_000..1_000_000_000 => format!("{:.1} ms", seconds * 1e3),
        1_000_000_000..100_000_000_000 => format!("{seconds:.2} s"),
        _ => format!("{seconds:.0} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::row::BlockedRow;
    use super::super::times::tests::time;
    use super::*;

    #[test]
    fn the_table_says_who_kept_whom_waiting() {
        let mut records = Records::default();
        records.times.add_time(time("r", "ledger", 5, 2_500_000));
        records.times.add_time(time("r", "quiet", 0, 0));
        records.times.add_blocked(BlockedRow {
            run: "r".to_owned(),
            class: "ledger".to_owned(),
            site: "src/a.rs:1:1".to_owned(),
            by_role: "clerk".to_owned(),
            by_site: "src/a.rs:9:1".to_owned(),
            waits: 5,
            wait_ns: 2_500_000,
            longest_wait_ns: 1,
        });
        let text = text(&records, 1);
        assert!(
            text.starts_with("2.5 ms lost in 5 waits for 2 lock classes"),
            "{text}"
        );
        assert!(text.contains("25.0 %"), "{text}");
        assert!(
            text.contains(
                "5 waits at src/a.rs:1:1 waited 2.5 ms for the hold of src/a.rs:9:1 by `clerk`"
            ),
            "{text}"
        );
        assert!(text.contains("and 1 more: --limit 2"), "{text}");
        assert_eq!(json(&records)[0]["contention_percent"], 25.0);
    }

    #[test]
    fn durations_have_a_unit() {
        let shown = [0, 999, 1_500, 2_000_000, 1_234_000_000, 123_000_000_000].map(duration);
        assert_eq!(
            shown,
            ["0", "999 ns", "1.5 µs", "2.0 ms", "1.23 s", "123 s"]
        );
    }
}
