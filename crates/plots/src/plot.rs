//! The plots, in SVG.

use std::error::Error;
use std::path::Path;

use plotters::prelude::*;

use crate::figures::{self, Row};

/// Shapes that are drawn over their edges, or, without any, their locks.
const SHAPES: [&str; 8] = [
    "alone",
    "star",
    "fan-in",
    "chain-head-first",
    "chain-tail-first",
    "halves",
    "random-order",
    "cliques-of-45",
];
const COLOURS: [RGBColor; 8] = [
    RGBColor(110, 110, 110),
    RGBColor(0, 114, 178),
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(213, 94, 0),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(120, 90, 200),
];

/// A line of a plot.
struct Line {
    name: String,
    points: Vec<(f64, f64)>,
}

impl Line {
    fn of(
        rows: &[Row],
        shape: &str,
        name: &str,
        x: impl Fn(&Row) -> f64,
        y: impl Fn(&Row) -> f64,
    ) -> Self {
        Self {
            name: name.to_owned(),
            // What is not above zero has no place on a logarithmic scale.
            points: figures::of(rows, shape)
                .map(|row| (x(row), y(row).max(1.0)))
                .collect(),
        }
    }
}

/// Draws everything into the directory.
pub(crate) fn all(rows: &[Row], docs: &Path) -> Result<(), Box<dyn Error>> {
    let shapes = |y: fn(&Row) -> f64| -> Vec<Line> {
        let line = |shape| Line::of(rows, shape, shape, Row::parts, y);
        SHAPES.into_iter().map(line).collect()
    };
    let over = |shape: &'static str, x: fn(&Row) -> f64| -> Vec<Line> {
        vec![
            Line::of(rows, shape, &format!("{shape}, watched"), x, |row| {
                row.known
            }),
            Line::of(rows, shape, &format!("{shape}, bare"), x, |row| row.bare),
        ]
    };
    let edges = "edges (alone: locks)";
    draw(
        &docs.join("scale-new.svg"),
        ["A new edge (alone: a first acquisition)", edges, "ns"],
        &shapes(|row| row.new),
    )?;
    draw(
        &docs.join("scale-known.svg"),
        ["A known acquisition", edges, "ratio to bare locks"],
        &shapes(|row| row.known / row.bare),
    )?;
    draw(
        &docs.join("scale-memory.svg"),
        ["Memory of an edge (alone: of a lock)", edges, "bytes"],
        &shapes(|row| row.bytes / row.parts()),
    )?;
    draw(
        &docs.join("scale-depth.svg"),
        ["A known acquisition, by depth", "locks held at once", "ns"],
        &over("depth", |row| row.depth),
    )?;
    let mut threads = over("threads-private", |row| row.threads);
    threads.extend(over("threads-shared", |row| row.threads));
    draw(
        &docs.join("scale-threads.svg"),
        [
            "A known acquisition, by threads",
            "threads",
            "ns of two cores",
        ],
        &threads,
    )
}

fn draw(file: &Path, [title, x, y]: [&str; 3], lines: &[Line]) -> Result<(), Box<dyn Error>> {
    let points = || lines.iter().flat_map(|line| &line.points);
    if points().next().is_none() {
        return Ok(());
    }
    let span = |of: fn(&(f64, f64)) -> f64| {
        let least = points().map(of).fold(f64::INFINITY, f64::min);
        let most = points().map(of).fold(0.0, f64::max);
        (least * 0.8)..(most * 1.5)
    };
    let area = SVGBackend::new(file, (860, 480)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(
            span(|point| point.0).log_scale(),
            span(|point| point.1).log_scale(),
        )?;
    chart
        .configure_mesh()
        .x_desc(x)
        .y_desc(y)
        .x_label_formatter(&plain)
        .y_label_formatter(&plain)
        .light_line_style(WHITE)
        .draw()?;
    for (line, colour) in lines.iter().zip(COLOURS.iter().cycle()) {
        chart
            .draw_series(LineSeries::new(
                line.points.iter().copied(),
                colour.stroke_width(2),
            ))?
            .label(&line.name)
            .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        let dots = line.points.iter();
        chart.draw_series(dots.map(|point| Circle::new(*point, 3, colour.filled())))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.85))
        .border_style(RGBColor(200, 200, 200))
        .draw()?;
    area.present()?;
    Ok(())
}

/// A number as people write it.
fn plain(number: &f64) -> String {
    match *number {
        n if n >= 1e6 => format!("{}M", n / 1e6),
        n if n >= 1e3 => format!("{}k", n / 1e3),
        n => format!("{}", (n * 100.0).round() / 100.0),
    }
}
