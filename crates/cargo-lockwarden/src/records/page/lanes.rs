//! The interleaving that deadlocks, as lanes: a column for each thread, time downwards.

use super::svg::{CHARACTER, Picture, elided};

/// One thread of the interleaving.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    /// With the number of its arrow in the ring, since threads without a name would have one heading.
    pub(super) thread: String,
    pub(super) holds: (String, String),
    pub(super) asks: (String, String),
}

const ROW: f64 = 46.0;
const LIMIT: usize = 36;

/// First each thread takes its first lock, then each waits for its second.
pub(super) fn svg(lanes: &[Lane], title: &str) -> String {
    let lane_width = LIMIT as f64 * CHARACTER + 40.0;
    let width = lanes.len() as f64 * lane_width + 20.0;
    let rows = 2 * lanes.len();
    let height = 40.0 + rows as f64 * ROW + 20.0;
    let mut picture = Picture::new();
    let row_y = |row: usize| 40.0 + row as f64 * ROW;
    for row in 0..=rows {
        picture.line("rule", (10.0, row_y(row)), (width - 10.0, row_y(row)));
    }
    for (n, lane) in lanes.iter().enumerate() {
        let x = 20.0 + n as f64 * lane_width;
        picture.text("bold", "start", x, 26.0, &elided(&lane.thread, LIMIT));
        let (taken, asked) = (row_y(n), row_y(lanes.len() + n));
        // From its acquisition on the lock is held, for good.
        picture.rectangle("hold", x, taken + 6.0, 5.0, row_y(rows) - taken - 6.0);
        picture.text(
            "",
            "start",
            x + 14.0,
            taken + 20.0,
            &elided(&format!("takes {}", lane.holds.0), LIMIT),
        );
        picture.text(
            "small faint",
            "start",
            x + 14.0,
            taken + 36.0,
            &elided(&lane.holds.1, LIMIT + 6),
        );
        picture.text(
            "bold",
            "start",
            x + 24.0,
            asked + 20.0,
            &elided(&format!("waits for {}", lane.asks.0), LIMIT),
        );
        picture.text(
            "small faint",
            "start",
            x + 24.0,
            asked + 36.0,
            &elided(&lane.asks.1, LIMIT + 6),
        );
        picture.line("waits", (x + 14.0, asked + 8.0), (x + 14.0, row_y(rows)));
    }
    picture.end(width, height, title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thread_takes_and_waits() {
        let lane = |thread: &str, first: &str, second: &str| Lane {
            thread: thread.to_owned(),
            holds: (first.to_owned(), "src/a.rs:1:1".to_owned()),
            asks: (second.to_owned(), "src/a.rs:2:1".to_owned()),
        };
        let svg = svg(
            &[lane("x", "a", "b"), lane("y", "b", "a")],
            "how it deadlocks",
        );
        assert_eq!(svg.matches("takes ").count(), 2);
        assert_eq!(svg.matches("waits for ").count(), 2);
    }
}
