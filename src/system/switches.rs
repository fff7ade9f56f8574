//! How often a thread has switched to another one, as the operating system reports it: on Linux and Android, out of `/proc`.

/// Returns how often the thread with this id of the operating system, one of the calling process, has switched to another
/// thread, by itself or not, if it sleeps; `None` if it does not, or the system does not report it.
///
/// Two calls that return the same count show that the thread was not scheduled between them.
///
/// Costs the read of a file in `/proc`, some microseconds. Only Linux and Android report it.
///
/// # Examples
///
/// ```
/// use lockwarden::instrument::switches_of_asleep;
///
/// // The calling thread, which has the id of its process, runs.
/// assert_eq!(switches_of_asleep(std::process::id()), None);
/// ```
#[must_use]
pub fn switches_of_asleep(os_id: u32) -> Option<u64> {
    // Missing on other systems.
    let status = std::fs::read(format!("/proc/self/task/{os_id}/status")).ok()?;
    // The name of a thread may have any bytes.
    parse(&String::from_utf8_lossy(&status))
}

fn parse(status: &str) -> Option<u64> {
    let (mut is_asleep, mut counts, mut switches) = (false, 0, 0);
    for line in status.lines() {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        if name == "State" {
            is_asleep = value.trim_start().starts_with('S');
        } else if name.ends_with("voluntary_ctxt_switches") {
            counts += 1;
            switches += value.trim().parse::<u64>().ok()?;
        }
    }
    (is_asleep && counts == 2).then_some(switches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_of_both_kinds_count() {
        let counts = "voluntary_ctxt_switches:\t5\nnonvoluntary_ctxt_switches:\t2\n";
        assert_eq!(parse(&format!("State:\tS (sleeping)\n{counts}")), Some(7));
        assert_eq!(parse(&format!("State:\tR (running)\n{counts}")), None);
        assert_eq!(parse("State:\tS (sleeping)\n"), None);
    }
}
