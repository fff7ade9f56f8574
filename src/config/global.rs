//! The one configuration of the process.
//!
//! Before a configuration is installed, the defaults are in force, with what the environment says
//! put over them. A program may install its own at any time, once: a `main` that starts with a
//! log line has used a lock by then, and must not be punished for it.

use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use once_cell::sync::OnceCell;

use super::builder::Config;
use super::environment::Overrides;
use super::variables::Variable;
use crate::engine::ids::Site;

/// What the program installed, and where.
static INSTALLED: OnceCell<(Config, Site)> = OnceCell::new();
/// What is in force as long as nothing is installed.
static DEFAULT: OnceCell<Config> = OnceCell::new();
/// What the environment says, read once.
static ENVIRONMENT: OnceCell<Overrides> = OnceCell::new();
/// Whether the parts of the environment that were not understood have been named.
static COMPLAINED: AtomicBool = AtomicBool::new(false);

/// The configuration that is in force now.
///
/// Costs one load once something is installed, two before.
pub(crate) fn current() -> &'static Config {
    match INSTALLED.get() {
        Some((config, _)) => config,
        None => DEFAULT
            .get()
            .unwrap_or_else(|| DEFAULT.get_or_init(|| Config::new().overridden(environment()))),
    }
}

pub(super) fn install(config: Config, site: Site) -> Result<(), InstallError> {
    let config = config.overridden(environment());
    INSTALLED.set((config, site)).map_err(|_| {
        let first = INSTALLED.get().map_or(site, |installed| installed.1);
        InstallError { first, site }
    })
}

fn environment() -> &'static Overrides {
    let overrides = ENVIRONMENT.get_or_init(|| Overrides::parse(&Variable::Config.text()));
    // Outside the cell, so that nothing waits for standard error but the one thread that writes.
    // Relaxed: the flag orders nothing, it only picks the one that speaks.
    if !overrides.problems().is_empty() && !COMPLAINED.swap(true, Ordering::Relaxed) {
        for problem in overrides.problems() {
            crate::sink::say(&format!("{}: {problem}", Variable::Config.name()));
        }
    }
    overrides
}

/// A configuration was installed when there was one already.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InstallError {
    first: Site,
    site: Site,
}

impl InstallError {
    /// Where the configuration that is in force was installed.
    #[must_use]
    pub fn first(&self) -> Site {
        self.first
    }

    /// Where the installation was tried that failed.
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

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::*;

    #[test]
    fn the_error_says_where_both_installations_are() {
        let first = Location::caller();
        let site = Location::caller();
        let error = InstallError { first, site };
        assert_eq!(error.first(), first);
        assert_eq!(error.site(), site);
        let text = error.to_string();
        assert!(text.contains(&first.to_string()), "{text}");
        assert!(text.contains(&site.to_string()), "{text}");
    }
}
