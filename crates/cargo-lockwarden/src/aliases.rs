//! The aliases of cargo's configuration, as subcommands of this command.
//!
//! Cargo expands an alias only in the place of its own subcommand, so `cargo lockwarden tt` comes here as it was typed. An
//! alias never takes the place of a subcommand of this command, as it takes that of none which cargo has built in.

use std::collections::HashSet;
use std::ffi::OsString;

use anyhow::{Context, Result, bail};

use crate::project::CargoConfig;

/// Options that may stand before the subcommand, and whose value is a word of its own.
const OPTIONS: [&str; 2] = ["--only", "--exclude"];

/// The aliases that hold in the current folder.
#[derive(Debug)]
pub(crate) struct Aliases {
    config: CargoConfig,
    expanded: HashSet<String>,
}

impl Aliases {
    /// Reads the configuration.
    ///
    /// # Errors
    ///
    /// If there is no current folder.
    pub(crate) fn read() -> Result<Self> {
        let here = std::env::current_dir().context("the current folder cannot be read")?;
        let cargo_home = home::cargo_home().ok();
        Ok(Self::of(CargoConfig::read(
            &here,
            cargo_home.as_deref(),
            &[],
        )))
    }

    fn of(config: CargoConfig) -> Self {
        Self {
            config,
            expanded: HashSet::new(),
        }
    }

    /// Puts the words of an alias in the place of the subcommand, which may again be one. Returns whether it was one.
    ///
    /// # Errors
    ///
    /// If the alias leads back to itself: cargo would expand it for ever.
    pub(crate) fn expand(&mut self, arguments: &mut Vec<OsString>) -> Result<bool> {
        let Some(at) = subcommand(arguments) else {
            return Ok(false);
        };
        let name = arguments[at].to_string_lossy().into_owned();
        let Some(words) = self.config.alias(&name) else {
            return Ok(false);
        };
        if self.expanded.contains(&name) {
            bail!("the alias `{name}` in cargo's configuration leads back to itself");
        }
        self.expanded.insert(name);
        arguments.splice(at..=at, words.into_iter().map(OsString::from));
        Ok(true)
    }
}

/// Where the subcommand stands, behind the name of this program.
fn subcommand(arguments: &[OsString]) -> Option<usize> {
    let mut is_value = false;
    arguments
        .iter()
        .skip(1)
        .position(|word| {
            let word = word.to_string_lossy();
            let is_subcommand = !is_value && !word.starts_with('-');
            is_value = OPTIONS.contains(&&*word);
            is_subcommand
        })
        .map(|at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expands until the subcommand is no alias.
    fn expanded(config: &str, line: &str) -> Result<String> {
        let mut aliases = Aliases::of(CargoConfig::of(config));
        let mut arguments = line.split(' ').map(OsString::from).collect();
        while aliases.expand(&mut arguments)? {}
        Ok(arguments.join(" ".as_ref()).into_string().unwrap())
    }

    #[test]
    fn an_alias_of_an_alias_is_expanded_between_what_stands_beside_it() {
        let config = "[alias]\ntt = \"test -p one\"\nlib = [\"tt\", \"--lib\"]\n";
        let line = expanded(config, "cargo-lockwarden --only lib lib -- --exact tt").unwrap();
        let expected = "cargo-lockwarden --only lib test -p one --lib -- --exact tt";
        assert_eq!(line, expected);
        assert_eq!(expanded(config, "x other lib").unwrap(), "x other lib");
        assert_eq!(expanded(config, "x --only lib").unwrap(), "x --only lib");
    }

    #[test]
    fn an_alias_that_leads_back_to_itself_is_refused() {
        let error = expanded("[alias]\na = \"b\"\nb = \"a -v\"\n", "x a").unwrap_err();
        let words = "the alias `a` in cargo's configuration leads back to itself";
        assert_eq!(error.to_string(), words);
    }
}
