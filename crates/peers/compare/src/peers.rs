//! The peers, and how their binaries are made.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the others are compared with: the first of [`all`].
pub(crate) const BARE: usize = 0;

/// One configuration of one crate.
pub(crate) struct Peer {
    /// The folder of its package; the binary is called the same, after `peer-`.
    pub(crate) name: &'static str,
    /// What stands above its column.
    pub(crate) title: &'static str,
    /// Which version it is, and how it is set up.
    pub(crate) about: &'static str,
    /// Whether it sets out to find what has not happened yet.
    pub(crate) predicts: bool,
    /// The binary, or why there is none.
    pub(crate) binary: Result<PathBuf, String>,
}

/// All of them, the bare locks first and ours second.
pub(crate) fn all() -> Vec<Peer> {
    let peer = |name, title, about, predicts| Peer {
        name,
        title,
        about,
        predicts,
        binary: Err("not built yet".to_owned()),
    };
    vec![
        peer("bare", "parking_lot", "0.13.0", false),
        peer(
            "lockwarden",
            "lockwarden",
            "of this repository, its `parking_lot` flavour, with the feature `always`",
            true,
        ),
        peer(
            "tracing-mutex",
            "tracing-mutex",
            "0.3.3, `parkinglot::tracing`, default features",
            true,
        ),
        peer(
            "deloxide-graph",
            "deloxide, graph",
            "1.1.0, with the feature `lock-order-graph`",
            true,
        ),
        peer(
            "keepcalm",
            "keepcalm",
            "0.6.0, with the feature `deadlock_detection`; its locks are shared containers, \
             each with an allocation",
            true,
        ),
        peer("deloxide", "deloxide", "1.1.0, default features", false),
        peer(
            "parking-lot-detector",
            "parking_lot, detector",
            "0.13.0, with the feature `deadlock_detection`, asked once a second",
            false,
        ),
        peer(
            "no-deadlocks",
            "no_deadlocks",
            "1.3.2, default features",
            false,
        ),
    ]
}

impl Peer {
    /// Builds the binary, alone.
    pub(crate) fn build(&mut self) {
        eprintln!("building {}", self.name);
        self.binary = self.try_build();
        if let Err(why) = &self.binary {
            eprintln!("{}: {why}", self.name);
        }
    }

    fn try_build(&self) -> Result<PathBuf, String> {
        let here = env::current_exe().map_err(|error| error.to_string())?;
        let release = here.parent().ok_or("no folder")?;
        let target = release.parent().ok_or("no folder")?;
        let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["build", "--release", "--locked", "--quiet"])
            .arg("--manifest-path")
            .arg(packages.join(self.name).join("Cargo.toml"))
            .arg("--target-dir")
            .arg(target)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| error.to_string())?;
        if output.status.success() {
            let name = format!("peer-{}{}", self.name, env::consts::EXE_SUFFIX);
            return Ok(release.join(name));
        }
        let text = String::from_utf8_lossy(&output.stderr);
        let first = text.lines().find(|line| line.starts_with("error"));
        Err(first.unwrap_or("error").to_owned())
    }

    /// A call of the binary, if there is one, that sees nothing of the caller's settings.
    pub(crate) fn command(&self, arguments: [&str; 2]) -> Option<Command> {
        let mut command = Command::new(self.binary.as_ref().ok()?);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        for name in [
            "RUST_BACKTRACE",
            "RUST_LIB_BACKTRACE",
            "LOCKWARDEN",
            "LOCKWARDEN_ORDER",
            "LOCKWARDEN_SUPPRESS",
            "NO_DEADLOCKS",
        ] {
            command.env_remove(name);
        }
        Some(command)
    }
}
