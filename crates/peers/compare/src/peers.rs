//! The peers, and how their binaries are made.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

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
    /// The optimised binary, or why there is none.
    pub(crate) binary: Result<PathBuf, String>,
    /// The binary of a debug build.
    pub(crate) debug: Option<PathBuf>,
    /// CPU seconds of the compiler for the debug build of it and of all that it depends on, from nothing.
    pub(crate) compile: Option<f64>,
}

/// How a binary was compiled.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Profile {
    Release,
    Debug,
}

/// All of them, the bare locks first and ours second.
pub(crate) fn all() -> Vec<Peer> {
    let peer = |name, title, about, predicts| Peer {
        name,
        title,
        about,
        predicts,
        binary: Err("not built yet".to_owned()),
        debug: None,
        compile: None,
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
    /// Builds the binaries, alone: the debug build in a folder that is empty before, since its time is taken.
    pub(crate) fn build(&mut self) {
        eprintln!("building {}", self.name);
        let target = target();
        self.binary = self.build_as(Profile::Release, &target);
        if let Err(why) = &self.binary {
            eprintln!("{}: {why}", self.name);
        }
        let alone = target.join("compiled-alone").join(self.name);
        // A folder of an earlier run: without it everything is compiled.
        let _ = fs::remove_dir_all(&alone);
        let before = children_cpu();
        self.debug = self.build_as(Profile::Debug, &alone).ok();
        if self.debug.is_some() {
            self.compile = children_cpu()
                .zip(before)
                .map(|(after, before)| after - before);
        }
    }

    fn build_as(&self, profile: Profile, target: &Path) -> Result<PathBuf, String> {
        let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(["build", "--locked", "--quiet"]);
        if profile == Profile::Release {
            command.arg("--release");
        }
        let output = command
            .arg("--manifest-path")
            .arg(packages.join(self.name).join("Cargo.toml"))
            .arg("--target-dir")
            .arg(target)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| error.to_string())?;
        if output.status.success() {
            let name = format!("peer-{}{}", self.name, env::consts::EXE_SUFFIX);
            let folder = match profile {
                Profile::Release => "release",
                Profile::Debug => "debug",
            };
            return Ok(target.join(folder).join(name));
        }
        let text = String::from_utf8_lossy(&output.stderr);
        let first = text.lines().find(|line| line.starts_with("error"));
        Err(first.unwrap_or("error").to_owned())
    }

    /// A call of the binary, if there is one, that sees nothing of the caller's settings.
    pub(crate) fn command(&self, profile: Profile, arguments: [&str; 2]) -> Option<Command> {
        let binary = match profile {
            Profile::Release => self.binary.as_ref().ok()?,
            Profile::Debug => self.debug.as_ref()?,
        };
        let mut command = Command::new(binary);
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

/// The folder that this program was built into: `target/release/peers-compare` is this program.
fn target() -> PathBuf {
    let here = env::current_exe().expect("the program knows its own file");
    here.ancestors()
        .nth(2)
        .expect("the program is in a folder of its profile")
        .to_owned()
}

/// The CPU seconds of all processes that this one has waited for, where the system tells.
fn children_cpu() -> Option<f64> {
    // The fields after the name, which ends at the last parenthesis, begin with the third; 16 and 17 are the
    // times of the children, in the hundredths of a second that every Linux of this processor shows.
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let hundredths = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((hundredths(13)? + hundredths(14)?) / 100.0)
}
