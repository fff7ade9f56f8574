//! The one configuration of the process.
//!
//! Before a configuration is installed, the defaults apply, with the settings of the environment. A
//! program may install its own configuration at any time, once: a `main` that starts with a log line
//! has used a lock by then, and that must not be an error.

use std::error::Error;
use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use once_cell::race::OnceBox;

use super::builder::Config;
use super::environment::Overrides;
use crate::engine::ids::Site;
use crate::variables::Variable;

/// The installed configuration, and the place of the call.
static INSTALLED: OnceLock<(Config, Site)> = OnceLock::new();
/// The parsed environment variable. Threads that ask at once each parse it, and the first result stays: a thread that
/// waited for another one would be parked, and so take the permit of an `unpark` from the program.
static ENVIRONMENT: OnceBox<Overrides> = OnceBox::new();
/// Whether the errors of the environment variable have been returned to be written.
static ARE_REPORTED: AtomicBool = AtomicBool::new(false);

/// Returns the present configuration.
///
/// Costs one load once a configuration is installed, two before.
pub(crate) fn current() -> &'static Config {
    match INSTALLED.get() {
        Some((config, _)) => config,
        None => &environment().defaults,
    }
}

/// Makes `config` the configuration of the process.
pub(crate) fn install(config: Config, site: Site) -> Result<(), InstallError> {
    let config = config.overridden(environment());
    INSTALLED.set((config, site)).map_err(|_| {
        let first = INSTALLED.get().map_or(site, |installed| installed.1);
        InstallError { first, site }
    })
}

fn environment() -> &'static Overrides {
    ENVIRONMENT.get_or_init(|| Box::new(Overrides::parse(Variable::Config.text())))
}

/// Returns what is wrong with the environment variable, at the first call; later nothing.
pub(crate) fn problems() -> Vec<String> {
    let problems = &environment().problems;
    // Relaxed: the flag publishes no memory, it only selects the caller that gets them.
    if problems.is_empty() || ARE_REPORTED.swap(true, Ordering::Relaxed) {
        return Vec::new();
    }
    let name = Variable::Config.name();
    let mut sentences = Vec::new();
    for problem in problems {
        sentences.push(format!("{name}: {problem}"));
    }
    sentences
}

/// An attempt to install a second configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InstallError {
    first: Site,
    site: Site,
}

impl InstallError {
    /// Returns where the present configuration was installed.
    #[must_use]
    pub fn first(&self) -> Site {
        self.first
    }

    /// Returns where the failed installation was attempted.
    #[must_use]
    pub fn site(&self) -> Site {
        self.site
    }
}

impl fmt::Display for InstallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the configuration at {} cannot be installed: one was installed before, at {}",
            self.site, self.first
        )
    }
}

impl Error for InstallError {}
