//! The number of threads of the process, as the operating system counts them.

/// Whether the system reports the number.
pub(crate) const ARE_COUNTED: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// Returns the number of threads, the calling one included; `None` where the system does not report it.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn threads() -> Option<usize> {
    let stat = std::fs::read("/proc/self/stat").ok()?;
    parse(&stat)
}

/// Returns `None`: the number is not known on this system.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn threads() -> Option<usize> {
    None
}

/// Parses the twentieth field. The second one is the name of the program in brackets, which may contain
/// blanks and brackets. Emulators of the system leave the field zero, as qemu-user does: the number is not known then.
#[cfg(any(target_os = "linux", target_os = "android", test))]
fn parse(stat: &[u8]) -> Option<usize> {
    let after_name = stat.iter().rposition(|byte| *byte == b')')? + 1;
    let rest = std::str::from_utf8(&stat[after_name..]).ok()?;
    let count = rest.split_ascii_whitespace().nth(17)?.parse().ok()?;
    (count > 0).then_some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_parsed_behind_any_program_name() {
        let stat = b"12 (a) b (c)) S 1 12 12 0 -1 4194304 99 0 0 0 1 2 0 0 20 0 7 0 123 456 789";
        assert_eq!(parse(stat), Some(7));
        assert_eq!(parse(b"12 (a) S 1"), None);
        assert_eq!(
            parse(b"12 (a) 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 46 0"),
            None
        );
        assert_eq!(parse(b"nonsense"), None);
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[test]
    fn this_process_has_threads() {
        assert!(threads().is_some_and(|count| count >= 1));
    }
}
