//! No lock at all.

fn main() {
    let code = std::env::args().nth(1).map_or(0, |code| code.parse().unwrap());
    std::process::exit(code);
}
