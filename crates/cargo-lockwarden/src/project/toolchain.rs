//! The rustc that builds the project.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The oldest release that compiles the detector.
const MINIMUM: (u32, u32) = (1, 95);

/// The rustc that cargo will use in the folder of the project.
#[derive(Clone, Debug)]
pub(crate) struct Toolchain {
    /// All that it says of itself (`rustc -vV`).
    pub(crate) version: String,
    /// The triple of this machine.
    pub(crate) host: String,
    rustc: OsString,
}

impl Toolchain {
    /// Asks the rustc that is used in `folder`, where the configuration may name another than the one in the path.
    ///
    /// # Errors
    ///
    /// If there is none, or if it is too old to compile the detector.
    pub(crate) fn find(folder: &Path, configured: Option<OsString>) -> Result<Self> {
        let rustc = configured.unwrap_or_else(|| OsString::from("rustc"));
        let output = Command::new(&rustc)
            .arg("-vV")
            .current_dir(folder)
            .output()
            .with_context(|| format!("cannot start {}", rustc.display()))?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr);
            bail!("`{} -vV` failed: {}", rustc.display(), why.trim());
        }
        let version = String::from_utf8_lossy(&output.stdout).into_owned();
        let toolchain = Self {
            host: field(&version, "host")
                .context("`rustc -vV` names no host")?
                .to_owned(),
            version,
            rustc,
        };
        let release = field(&toolchain.version, "release").unwrap_or_default();
        if is_older(release) {
            bail!(
                "the project is built with rustc {release}, and the detector needs {}.{} or newer: \
                 run `cargo +stable lockwarden ...`, or change the rust-toolchain file",
                MINIMUM.0,
                MINIMUM.1
            );
        }
        Ok(toolchain)
    }

    /// Refuses a target that this rustc does not know, or whose standard library is not installed, in fewer
    /// words than cargo needs. A file that describes a target is left to cargo.
    ///
    /// # Errors
    ///
    /// With the command that installs it.
    pub(crate) fn check_target(&self, folder: &Path, triple: &str) -> Result<()> {
        if Path::new(triple)
            .extension()
            .is_some_and(|end| end == "json")
        {
            return Ok(());
        }
        let output = Command::new(&self.rustc)
            .args(["--print", "target-libdir", "--target", triple])
            .current_dir(folder)
            .output()
            .with_context(|| format!("cannot start {}", self.rustc.display()))?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr);
            let why = why.lines().next().unwrap_or_default();
            let why = why.trim_start_matches("error: ");
            bail!("`{triple}` is no target of {}: {why}", self.headline());
        }
        let libraries = String::from_utf8_lossy(&output.stdout);
        // A nightly cargo may build it (`-Z build-std`).
        if !self.version.contains("nightly") && !Path::new(libraries.trim()).is_dir() {
            bail!(
                "the standard library of {triple} is not installed for {}: `rustup target add {triple}` \
                 installs it",
                self.headline()
            );
        }
        Ok(())
    }

    /// The first line of what rustc says of itself.
    pub(crate) fn headline(&self) -> &str {
        self.version.lines().next().unwrap_or_default()
    }
}

/// The value of one line `name: value`.
fn field<'a>(version: &'a str, name: &str) -> Option<&'a str> {
    version
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// Whether a release is known to be too old; one that is not understood is let through.
fn is_older(release: &str) -> bool {
    let mut numbers = release.split('.').map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) < MINIMUM,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_releases_are_distinguished_from_new_ones() {
        assert!(is_older("1.94.1"));
        assert!(!is_older("1.95.0"));
        assert!(!is_older("1.97.0-nightly"));
        assert!(!is_older("2.0.0"));
        assert!(!is_older("dev"));
    }

    #[test]
    fn fields_are_found_by_their_names() {
        let version = "rustc 1.95.0 (abc 2026)\nbinary: rustc\nhost: x86_64-unknown-linux-gnu\n";
        assert_eq!(field(version, "host"), Some("x86_64-unknown-linux-gnu"));
        assert_eq!(field(version, "LLVM version"), None);
    }
}
