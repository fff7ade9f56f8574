//! The state of a thread as the operating system reports it: on Linux and Android, out of `/proc`.

use crate::report::Activity;

/// The state of one thread.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) activity: Activity,
    pub(crate) name: Option<String>,
    /// The signals that the thread blocks: one bit each, the lowest for signal 1.
    pub(crate) blocked: u64,
}

impl Seen {
    pub(crate) fn nothing() -> Self {
        Self {
            activity: Activity::Unknown,
            name: None,
            blocked: 0,
        }
    }
}

/// Returns what a thread of this process does.
pub(crate) fn activity(os_id: Option<u32>) -> Activity {
    os_id.map_or(Activity::Unknown, |id| look(id).activity)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn look(_id: u32) -> Seen {
    Seen::nothing()
}

/// Returns the system ids of all threads.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn threads() -> Vec<u32> {
    Vec::new()
}

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use self::proc::{FUTEX_TIME64, look, stat, threads};

#[cfg(any(target_os = "linux", target_os = "android"))]
mod proc {
    use std::fs;

    use super::Seen;
    use crate::engine::sorting;
    use crate::report::Activity;

    /// The number of `futex_time64`, the futex call of 32-bit systems whose deadline has 64 bits. `libc` does not name it.
    pub(crate) const FUTEX_TIME64: libc::c_long = 422;

    /// Returns the system ids of all threads.
    pub(crate) fn threads() -> Vec<u32> {
        let Ok(entries) = fs::read_dir("/proc/self/task") else {
            return Vec::new();
        };
        let mut ids = Vec::new();
        for entry in entries {
            let Ok(entry) = entry else { continue };
            if let Some(Ok(id)) = entry.file_name().to_str().map(str::parse) {
                ids.push(id);
            }
        }
        sorting::sort(&mut ids);
        ids
    }

    pub(crate) fn look(id: u32) -> Seen {
        let path = format!("/proc/self/task/{id}");
        let status = fs::read(format!("{path}/status"));
        let Ok(status) = status else {
            let activity = if fs::exists("/proc/self/task").unwrap_or(false) {
                Activity::Ended
            } else {
                Activity::Unknown
            };
            return Seen {
                activity,
                ..Seen::nothing()
            };
        };
        let status = String::from_utf8_lossy(&status);
        let field = |name: &str| {
            for line in status.lines() {
                if let Some(value) = line.strip_prefix(name) {
                    return Some(value.trim());
                }
            }
            None
        };
        let activity = match field("State:").and_then(|state| state.bytes().next()) {
            Some(b'R') => Activity::Running { cpu: cpu(&path) },
            Some(b'S' | b'I') => sleeping(&path),
            Some(b'D') => Activity::Uninterruptible,
            Some(b'T' | b't') => Activity::Stopped,
            Some(b'Z' | b'X' | b'x') => Activity::Ended,
            _ => Activity::Unknown,
        };
        let blocked = field("SigBlk:").and_then(|mask| u64::from_str_radix(mask, 16).ok());
        Seen {
            activity,
            name: field("Name:").map(str::to_owned),
            blocked: blocked.unwrap_or(0),
        }
    }

    /// Returns the CPU that the thread last ran on: the 39th field.
    fn cpu(path: &str) -> Option<u32> {
        let fields = stat(path)?;
        fields.split_ascii_whitespace().nth(36)?.parse().ok()
    }

    /// Returns the fields behind the name of the thread of this folder in `/proc`.
    pub(crate) fn stat(path: &str) -> Option<String> {
        let stat = fs::read(format!("{path}/stat")).ok()?;
        // The second field is the name, in parentheses, and may contain any character.
        let stat = String::from_utf8_lossy(&stat);
        Some(stat.rsplit_once(')')?.1.to_owned())
    }

    fn sleeping(path: &str) -> Activity {
        let call = fs::read_to_string(format!("{path}/syscall")).unwrap_or_default();
        match call.split_ascii_whitespace().next() {
            // The thread has woken up since.
            Some("running") => Activity::Running { cpu: None },
            // By a type that is parsed elsewhere: each has a parser of its own. It is -1 outside of a call.
            Some(number) => match number.parse::<u64>().map(i64::try_from) {
                Ok(Ok(number)) => Activity::InSystemCall {
                    number,
                    name: name_of(number),
                },
                _ => Activity::Asleep,
            },
            None => Activity::Asleep,
        }
    }

    /// Returns the name of a system call in which threads often sleep.
    fn name_of(number: i64) -> Option<&'static str> {
        #[rustfmt::skip]
        let common: &[(libc::c_long, &str)] = &[
            (libc::SYS_futex, "futex"), (libc::SYS_read, "read"), (libc::SYS_write, "write"),
            (libc::SYS_readv, "readv"), (libc::SYS_writev, "writev"),
            (libc::SYS_nanosleep, "nanosleep"), (libc::SYS_clock_nanosleep, "clock_nanosleep"),
            (libc::SYS_ppoll, "ppoll"), (libc::SYS_pselect6, "pselect6"),
            (libc::SYS_epoll_pwait, "epoll_pwait"), (libc::SYS_accept4, "accept4"),
            (libc::SYS_connect, "connect"),
            (libc::SYS_recvfrom, "recvfrom"), (libc::SYS_recvmsg, "recvmsg"),
            (libc::SYS_sendto, "sendto"), (libc::SYS_sendmsg, "sendmsg"),
            (libc::SYS_wait4, "wait4"), (libc::SYS_waitid, "waitid"), (libc::SYS_flock, "flock"),
            (libc::SYS_fcntl, "fcntl"), (libc::SYS_fsync, "fsync"),
            (libc::SYS_fdatasync, "fdatasync"), (libc::SYS_openat, "openat"),
            (libc::SYS_rt_sigtimedwait, "rt_sigtimedwait"),
            (libc::SYS_io_uring_enter, "io_uring_enter"),
            // On other systems these are not system calls of their own.
            #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))] (libc::SYS_accept, "accept"),
            #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))] (libc::SYS_msgrcv, "msgrcv"),
            #[cfg(target_pointer_width = "32")] (FUTEX_TIME64, "futex"),
            #[cfg(target_arch = "x86_64")] (libc::SYS_poll, "poll"),
            #[cfg(target_arch = "x86_64")] (libc::SYS_select, "select"),
            #[cfg(target_arch = "x86_64")] (libc::SYS_pause, "pause"),
            #[cfg(target_arch = "x86_64")] (libc::SYS_epoll_wait, "epoll_wait"),
            #[cfg(target_arch = "x86_64")] (libc::SYS_open, "open"),
        ];
        // The numbers have a narrower type on other systems.
        #[allow(clippy::unnecessary_cast)]
        for (known, name) in common {
            if *known as i64 == number {
                return Some(name);
            }
        }
        None
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::tracking::thread::slot::os_id;

        #[test]
        fn the_calling_thread_is_listed_and_runs() {
            assert!(threads().contains(&os_id()));
            let seen = look(os_id());
            assert!(
                matches!(seen.activity, Activity::Running { .. }),
                "{seen:?}"
            );
            assert!(seen.name.is_some());
        }

        #[test]
        fn a_thread_that_is_gone_has_ended() {
            let id = std::thread::spawn(os_id).join().unwrap();
            // Waits until the number is free: another thread that gets it would be read instead.
            while fs::exists(format!("/proc/self/task/{id}")).unwrap() {
                std::thread::yield_now();
            }
            assert_eq!(look(id).activity, Activity::Ended);
        }
    }
}
