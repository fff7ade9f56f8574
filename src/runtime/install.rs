//! The installation of the configuration, and what is wrong with its variable.

use std::panic::Location;

use crate::config::{self, Config, InstallError};
use crate::sink;

impl Config {
    /// Makes this the configuration of the process.
    ///
    /// It may follow the first use of a lock: until then the defaults apply, and earlier findings are
    /// not evaluated again.
    ///
    /// # Errors
    ///
    /// If a configuration was installed before; the error says where.
    #[track_caller]
    pub fn install(self) -> Result<(), InstallError> {
        let installed = config::install(self, Location::caller());
        report_problems();
        installed
    }
}

/// Writes what is wrong with the variable `LOCKWARDEN` to standard error, once.
pub(super) fn report_problems() {
    for problem in config::problems() {
        sink::say(&problem);
    }
}
