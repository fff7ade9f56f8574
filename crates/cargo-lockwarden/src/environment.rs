//! `cargo lockwarden env`: the variables of a watched build, for other runners of cargo.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;

use crate::cli::{Request, Shell};
use crate::run;

/// Prints the variables.
///
/// # Errors
///
/// If the build cannot be prepared.
pub(crate) fn print(request: &Request, shell: Shell) -> Result<ExitCode> {
    let prepared = run::prepare(request)?;
    for (name, value) in &prepared.variables {
        println!("{}", line(shell, name, value));
    }
    Ok(ExitCode::SUCCESS)
}

fn line(shell: Shell, name: &str, value: &OsString) -> String {
    let value = value.to_string_lossy();
    match shell {
        Shell::Sh => format!("export {name}='{}'", value.replace('\'', r"'\''")),
        Shell::Fish => format!(
            "set -gx {name} '{}'",
            value.replace('\\', r"\\").replace('\'', r"\'")
        ),
        Shell::Powershell => format!("$env:{name} = '{}'", value.replace('\'', "''")),
        Shell::Github => format!("{name}={value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_for_each_shell() {
        let value = OsString::from("/it's/a b");
        assert_eq!(line(Shell::Sh, "A", &value), r"export A='/it'\''s/a b'");
        assert_eq!(line(Shell::Fish, "A", &value), r"set -gx A '/it\'s/a b'");
        assert_eq!(
            line(Shell::Powershell, "A", &value),
            "$env:A = '/it''s/a b'"
        );
        assert_eq!(line(Shell::Github, "A", &value), "A=/it's/a b");
    }
}
