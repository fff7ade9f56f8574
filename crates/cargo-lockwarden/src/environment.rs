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
        Shell::Powershell => {
            // It takes the typographic quotes for the plain one.
            let is_quote = |c: char| matches!(c, '\'' | '‘' | '’' | '‚' | '‛');
            let doubled = |c: char| std::iter::repeat_n(c, 1 + usize::from(is_quote(c)));
            let quoted: String = value.chars().flat_map(doubled).collect();
            format!("$env:{name} = '{quoted}'")
        }
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
        let value = OsString::from(r"C:\Bob’s");
        assert_eq!(line(Shell::Fish, "A", &value), r"set -gx A 'C:\\Bob’s'");
        assert_eq!(
            line(Shell::Powershell, "A", &value),
            r"$env:A = 'C:\Bob’’s'"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_posix_shell_reads_the_value_back() {
        let value = OsString::from("/it's/a \"$HOME\" \\ `b`");
        let script = format!("{}; printf %s \"$A\"", line(Shell::Sh, "A", &value));
        let mut shell = std::process::Command::new("sh");
        let output = shell.args(["-c", &script]).output().unwrap();
        assert_eq!(
            OsString::from(String::from_utf8(output.stdout).unwrap()),
            value
        );
    }
}
