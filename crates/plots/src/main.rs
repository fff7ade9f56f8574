//! Turns the figures of `cargo bench --bench scale` into the tables and plots of
//! `docs/performance.md`.
//!
//! `benches/scale.sh` runs both.

mod figures;
mod markers;
mod plot;
mod table;

use std::error::Error;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [csv, docs] = &arguments[..] else {
        return Err("usage: lockwarden-plots FILE.csv DIRECTORY".into());
    };
    let rows = figures::parse(&fs::read_to_string(csv)?)?;
    let docs = Path::new(docs);
    plot::all(&rows, docs)?;
    let page = docs.join("performance.md");
    let text = fs::read_to_string(&page)?;
    fs::write(&page, markers::replace(&text, "scale", &table::all(&rows))?)?;
    Ok(())
}
