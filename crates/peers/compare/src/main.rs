//! Measures and tries the peers, and writes what came out into `docs/performance.md` and
//! `README.md`.
//!
//! ```sh
//! cargo run --release --manifest-path crates/peers/compare/Cargo.toml [ROUNDS]
//! ```
//!
//! Each peer is built by a call of cargo of its own, so that none gets the features of another. A
//! figure is the ratio to the bare locks in the same round; what is written is the median of the
//! rounds.

mod detect;
mod markers;
mod measure;
mod peers;
mod table;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use peers::{Peer, Profile};

/// How often each case of each peer is measured, unless the caller says.
const ROUNDS: usize = 9;

fn main() -> Result<(), Box<dyn Error>> {
    let rounds = match env::args().nth(1) {
        Some(rounds) => rounds.parse()?,
        None => ROUNDS,
    };
    let mut peers = peers::all();
    peers.iter_mut().for_each(Peer::build);
    let found = detect::all(&peers);
    let figures = measure::all(&peers, Profile::Release, rounds);
    let debug = measure::all(&peers, Profile::Debug, rounds.div_ceil(3));

    let root = root();
    write(
        &root.join("docs/performance.md"),
        &table::long(&peers, &figures, &debug, &found, rounds),
    )?;
    write(&root.join("README.md"), &table::short(&peers, &figures))?;
    Ok(())
}

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

fn write(page: &Path, content: &str) -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string(page)?;
    let text = markers::replace(&text, "peers", content)
        .map_err(|missing| format!("{}: {missing}", page.display()))?;
    fs::write(page, text)?;
    Ok(())
}
