//! The one configuration of the process.
//!
//! Before a configuration is installed, the defaults apply, with the settings of the environment. A
//! program may install its own configuration at any time, once: a `main` that starts with a log line
//! has used a lock by then, and that must not be an error.

use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use once_cell::sync::OnceCell;

use super::builder::Config;
use super::environment::Overrides;
use super::variables::Variable;
use crate::engine::ids::Site;

/// The installed configuration, and the place of the call.
static INSTALLED: OnceCell<(Config, Site)> = OnceCell::new();
/// The configuration that applies while none is installed.
static DEFAULT: OnceCell<Config> = OnceCell::new();
/// The parsed environment variable, read once.
static ENVIRONMENT: OnceCell<Overrides> = OnceCell::new();
/// Whether the errors of the environment variable have been reported.
static COMPLAINED: AtomicBool = AtomicBool::new(false);

/// Returns the present configuration.
///
/// Costs one load once a configuration is installed, two before.
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
    // Outside the cell, so that only the thread that writes waits for standard error. Relaxed: the flag
    // publishes no memory, it only selects the thread that writes.
    if !overrides.problems().is_empty() && !COMPLAINED.swap(true, Ordering::Relaxed) {
        for problem in overrides.problems() {
            crate::sink::say(&format!("{}: {problem}", Variable::Config.name()));
        }
    }
    overrides
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
