//! A cycle as a ring: the boxes are locks, an arrow is a thread that holds one and asks for the next.

use std::f64::consts::TAU;

use super::svg::{CHARACTER, Picture, columns, elided, escaped};

/// One arrow of a ring, with the box at its start.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) lock: String,
    /// Under the name of the lock.
    pub(super) kind: String,
    /// On the arrow: who takes the next lock, and where.
    pub(super) by: [String; 2],
    pub(super) is_new: bool,
}

/// More parts than this are drawn without texts on the arrows.
const LABELLED: usize = 5;
const LIMIT: usize = 34;
const HEIGHT: f64 = 44.0;
/// How far outside of the ring the text of an arrow stands, as a share of the radius.
const OUTSIDE: f64 = 0.18;

/// The ring of a cycle, clockwise from the top.
pub(super) fn svg(parts: &[Part], title: &str) -> String {
    match parts.len() {
        2 => pair(parts, title),
        _ => polygon(parts, title),
    }
}

fn box_width(part: &Part) -> f64 {
    let widest = columns(&elided(&part.lock, LIMIT)).max(columns(&part.kind));
    (widest as f64 * CHARACTER + 24.0).max(90.0)
}

fn draw_box(picture: &mut Picture, part: &Part, centre: (f64, f64)) {
    let width = box_width(part);
    let (x, y) = (centre.0 - width / 2.0, centre.1 - HEIGHT / 2.0);
    picture.raw(&format!("<g><title>{}</title>", escaped(&part.lock)));
    picture.rectangle("box", x, y, width, HEIGHT);
    // The name alone stands in the middle.
    let baseline = if part.kind.is_empty() { 4.0 } else { -3.0 };
    picture.text(
        "bold",
        "middle",
        centre.0,
        centre.1 + baseline,
        &elided(&part.lock, LIMIT),
    );
    picture.text(
        "small faint",
        "middle",
        centre.0,
        centre.1 + 14.0,
        &part.kind,
    );
    picture.raw("</g>");
}

/// Where a line from the centre of the box towards a point leaves the box, with room for the head of an arrow.
fn border(part: &Part, centre: (f64, f64), towards: (f64, f64)) -> (f64, f64) {
    let (x, y) = (towards.0 - centre.0, towards.1 - centre.1);
    let share = f64::min(
        (box_width(part) / 2.0 + 3.0) / x.abs(),
        (HEIGHT / 2.0 + 3.0) / y.abs(),
    );
    (centre.0 + share * x, centre.1 + share * y)
}

fn arrow_class(part: &Part) -> &'static str {
    if part.is_new { "asks new" } else { "asks" }
}

/// Two boxes side by side, an arrow above and one below.
fn pair(parts: &[Part], title: &str) -> String {
    let label = |part: &Part| {
        let longest = part.by.iter().map(|line| columns(line)).max();
        longest.unwrap_or_default() as f64 * CHARACTER * 0.86
    };
    let gap = parts.iter().map(label).fold(160.0, f64::max).min(460.0);
    let (left, right) = (box_width(&parts[0]), box_width(&parts[1]));
    let width = 20.0 + left + gap + right + 20.0;
    let (height, y) = (190.0, 95.0);
    let (a, b) = (20.0 + left / 2.0, width - 20.0 - right / 2.0);
    let mut picture = Picture::new();
    let (from, to) = (a + left / 4.0, b - right / 4.0);
    for (part, sign, ends, at) in [
        (&parts[0], -1.0, (from, to), "1"),
        (&parts[1], 1.0, (to, from), "2"),
    ] {
        let edge = y + sign * HEIGHT / 2.0;
        let bend = y + sign * 66.0;
        picture.raw(&format!(
            "<path class=\"{}\" d=\"M{:.1} {edge:.1} C{:.1} {bend:.1} {:.1} {bend:.1} {:.1} {edge:.1}\" \
             marker-end=\"url(#arrow)\"/>",
            arrow_class(part),
            ends.0,
            ends.0,
            ends.1,
            ends.1
        ));
        let middle = f64::midpoint(a, b);
        let lines = if sign < 0.0 {
            [y - 74.0, y - 60.0]
        } else {
            [y + 76.0, y + 90.0]
        };
        let who = format!(
            "{at}. {}{}",
            part.by[0],
            if part.is_new { " (new)" } else { "" }
        );
        picture.text("small", "middle", middle, lines[0], &elided(&who, 64));
        picture.text(
            "small faint",
            "middle",
            middle,
            lines[1],
            &elided(&part.by[1], 64),
        );
    }
    draw_box(&mut picture, &parts[0], (a, y));
    draw_box(&mut picture, &parts[1], (b, y));
    picture.end(width, height, title)
}

fn polygon(parts: &[Part], title: &str) -> String {
    let count = parts.len() as f64;
    let widest = parts.iter().map(box_width).fold(0.0, f64::max);
    let has_labels = parts.len() <= LABELLED;
    let radius = (widest * count / TAU * 1.6).max(130.0);
    let margin = widest / 2.0 + if has_labels { 190.0 } else { 20.0 };
    // Room for a box at the top, and for the text of an arrow at the bottom.
    let above = (HEIGHT + 12.0).max(OUTSIDE * radius + 24.0);
    let (width, height) = (2.0 * (radius + margin), 2.0 * (radius + above));
    let centre = (width / 2.0, height / 2.0);
    let at = |n: f64| {
        let angle = n / count * TAU - TAU / 4.0;
        (
            centre.0 + radius * angle.cos(),
            centre.1 + radius * angle.sin(),
        )
    };
    let mut picture = Picture::new();
    for (n, part) in parts.iter().enumerate() {
        let next = &parts[(n + 1) % parts.len()];
        let n = n as f64;
        let bend = at(n + 0.5);
        // The arrow bends outwards, between the borders of its boxes.
        let control = (
            bend.0 + (bend.0 - centre.0) * 0.12,
            bend.1 + (bend.1 - centre.1) * 0.12,
        );
        let from = border(part, at(n), control);
        let to = border(next, at(n + 1.0), control);
        picture.raw(&format!(
            "<path class=\"{}\" d=\"M{:.1} {:.1} Q{:.1} {:.1} {:.1} {:.1}\" marker-end=\"url(#arrow)\"/>",
            arrow_class(part),
            from.0,
            from.1,
            control.0,
            control.1,
            to.0,
            to.1
        ));
        let outside = (
            bend.0 + (bend.0 - centre.0) * OUTSIDE,
            bend.1 + (bend.1 - centre.1) * OUTSIDE,
        );
        let anchor = match outside.0 - centre.0 {
            x if x > 20.0 => "start",
            x if x < -20.0 => "end",
            _ => "middle",
        };
        let number = format!("{}.", n as usize + 1);
        if has_labels {
            let who = format!(
                "{number} {}{}",
                part.by[0],
                if part.is_new { " (new)" } else { "" }
            );
            picture.text("small", anchor, outside.0, outside.1, &elided(&who, 44));
            picture.text(
                "small faint",
                anchor,
                outside.0,
                outside.1 + 13.0,
                &elided(&part.by[1], 44),
            );
        } else {
            picture.text("small", anchor, outside.0, outside.1, &number);
        }
    }
    for (n, part) in parts.iter().enumerate() {
        draw_box(&mut picture, part, at(n as f64));
    }
    picture.end(width, height, title)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(count: usize) -> Vec<Part> {
        (0..count)
            .map(|n| Part {
                lock: format!("lock {n}"),
                kind: "Mutex".to_owned(),
                by: [format!("thread {n}"), format!("src/a.rs:{n}:1")],
                is_new: n == 0,
            })
            .collect()
    }

    #[test]
    fn each_lock_is_a_box_and_each_order_an_arrow() {
        for count in [2, 3, 5, 8] {
            let svg = svg(&parts(count), "a cycle");
            assert_eq!(svg.matches("<rect").count(), count);
            assert_eq!(svg.matches("marker-end").count(), count);
            assert_eq!(svg.matches("class=\"asks new\"").count(), 1);
            assert_eq!(svg.contains("thread 1"), count <= LABELLED);
        }
    }

    #[test]
    fn wide_letters_and_each_number_lie_within_the_picture() {
        let mut parts = parts(7);
        for part in &mut parts {
            part.lock = "錠".repeat(40);
        }
        assert!(box_width(&parts[0]) > 30.0 * CHARACTER);
        let svg = svg(&parts, "a cycle");
        let number = |from: &str, after: &str| -> f64 {
            let (_, rest) = from.split_once(after).unwrap();
            rest.split('"').next().unwrap().parse().unwrap()
        };
        let height = number(&svg, "height=\"");
        for text in svg.split("<text").skip(1) {
            assert!(number(text, " y=\"") < height, "{text} {height}");
        }
    }
}
