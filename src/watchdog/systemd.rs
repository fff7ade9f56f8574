//! Pings systemd while nothing stalls.
//!
//! systemd restarts a service with `WatchdogSec=` in its unit if the service sends no ping in that
//! time. The watchdog sends one at half of that time, and none while a stall lasts. Where systemd does
//! not ask for pings, none are sent.

use std::io;
use std::time::Duration;

use sd_notify::NotifyState;

use crate::sink;

#[derive(Debug)]
pub(super) struct Pinger {
    /// Half of the time after which systemd restarts the program.
    every: Duration,
    /// When the last ping was sent, in nanoseconds.
    last: Option<u64>,
    complained: bool,
}

impl Pinger {
    pub(super) fn new() -> Option<Self> {
        let limit = sd_notify::watchdog_enabled()?;
        Some(Self::every(limit / 2))
    }

    fn every(every: Duration) -> Self {
        Self {
            every,
            last: None,
            complained: false,
        }
    }

    /// Returns how often to check whether a ping is due.
    pub(super) fn tick(&self) -> Duration {
        self.every / 10
    }

    /// Sends a ping at `now`, if one is due, or will be before the next poll.
    pub(super) fn ping(&mut self, now: u64) {
        if !self.is_due(now) {
            return;
        }
        self.last = Some(now);
        if let Err(error) = say_so()
            && !std::mem::replace(&mut self.complained, true)
        {
            sink::say(&format!("watchdog: the ping of systemd failed: {error}"));
        }
    }

    fn is_due(&self, now: u64) -> bool {
        self.last.is_none_or(|last| {
            let since = Duration::from_nanos(now.saturating_sub(last));
            since + self.tick() >= self.every
        })
    }
}

/// Sends a ping to the socket that `NOTIFY_SOCKET` names.
fn say_so() -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Some(sent) = say_so_abstractly() {
        return sent;
    }
    sd_notify::notify(&[NotifyState::Watchdog])
}

/// Sends a ping if the socket is one in the abstract name space, which has no path and is written with `@` in place of its
/// first byte, zero. The crate `sd_notify` would take that name for a path.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn say_so_abstractly() -> Option<io::Result<()>> {
    #[cfg(target_os = "android")]
    use std::os::android::net::SocketAddrExt as _;
    #[cfg(target_os = "linux")]
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::ffi::OsStringExt as _;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    let socket = std::env::var_os("NOTIFY_SOCKET")?.into_vec();
    let name = socket.strip_prefix(b"@")?;
    let words = format!("{}\n", NotifyState::Watchdog);
    let send = |address| UnixDatagram::unbound()?.send_to_addr(words.as_bytes(), &address);
    Some(
        SocketAddr::from_abstract_name(name)
            .and_then(send)
            .map(drop),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ping_is_due_at_once_and_then_before_the_half_is_over() {
        const S: u64 = 1_000_000_000;
        let mut pinger = Pinger::every(Duration::from_secs(10));
        assert!(pinger.is_due(5 * S));
        pinger.last = Some(5 * S);
        assert!(!pinger.is_due(5 * S + 9 * S - 1));
        assert!(pinger.is_due(14 * S));
        // Nothing was looked at for a while: the machine slept.
        assert!(pinger.is_due(900 * S));
    }
}
