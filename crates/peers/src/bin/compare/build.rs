//! Building.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::PEERS;

/// Builds every configuration by itself; the programs come in the order of the configurations.
pub fn all(package: &Path) -> Vec<PathBuf> {
    let target =
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| package.join("target"), PathBuf::from);
    let kept = target.join("peers");
    fs::create_dir_all(&kept).expect("the target folder can be written to");
    PEERS
        .iter()
        .map(|peer| {
            eprintln!("building {}", peer.title);
            let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            let built = Command::new(cargo)
                .current_dir(package)
                .args([
                    "build",
                    "--quiet",
                    "--release",
                    "--bin",
                    "peer",
                    "--features",
                    peer.feature,
                ])
                .arg("--target-dir")
                .arg(&target)
                .status()
                .expect("cargo can be started");
            assert!(built.success(), "{} does not build", peer.title);
            // The next configuration overwrites it.
            let program = kept.join(peer.feature);
            fs::copy(target.join("release/peer"), &program).expect("the program was built");
            program
        })
        .collect()
}
