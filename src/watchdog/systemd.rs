//! Pings of systemd while all is well.
//!
//! A service with `WatchdogSec=` in its unit is restarted by systemd when it does not say in time
//! that it is alive. It says so at half of that time, and not while anything stalls. Where systemd
//! does not ask for pings, none are sent.

use std::io;
use std::time::Duration;

use sd_notify::NotifyState;

use crate::sink;

/// Says that the program is alive.
#[derive(Debug)]
pub(super) struct Pinger {
    /// Half of the time after which systemd gives the program up.
    every: Duration,
    /// When it was last said, in nanoseconds.
    last: Option<u64>,
    complained: bool,
}

impl Pinger {
    /// One, if systemd asks this process for pings.
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

    /// How often to look whether it is time.
    pub(super) fn tick(&self) -> Duration {
        self.every / 10
    }

    /// Says at `now` that all is well, if it is time, or will be before the next look.
    pub(super) fn ping(&mut self, now: u64) {
        if !self.is_due(now) {
            return;
        }
        self.last = Some(now);
        if let Err(error) = say_so()
            && !std::mem::replace(&mut self.complained, true)
        {
            sink::say(&format!(
                "watchdog: systemd cannot be told that all is well: {error}"
            ));
        }
    }

    fn is_due(&self, now: u64) -> bool {
        self.last.is_none_or(|last| {
            let since = Duration::from_nanos(now.saturating_sub(last));
            since + self.tick() >= self.every
        })
    }
}

/// Says that all is well to the socket that `NOTIFY_SOCKET` names.
fn say_so() -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Some(socket) = abstract_socket(std::env::var_os("NOTIFY_SOCKET")) {
        return abstractly::tell(&socket, &NotifyState::Watchdog);
    }
    sd_notify::notify(&[NotifyState::Watchdog])
}

/// The name of a socket that has no path, but a name in the abstract name space, which is written
/// with `@` in place of the zero byte before it. The crate takes that for a path.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn abstract_socket(socket: Option<std::ffi::OsString>) -> Option<Vec<u8>> {
    use std::os::unix::ffi::OsStringExt as _;

    let socket = socket?.into_vec();
    socket.strip_prefix(b"@").map(<[u8]>::to_vec)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod abstractly {
    use std::io;
    #[cfg(target_os = "android")]
    use std::os::android::net::SocketAddrExt as _;
    #[cfg(target_os = "linux")]
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    use sd_notify::NotifyState;

    /// Sends it to the socket with this name.
    pub(super) fn tell(name: &[u8], state: &NotifyState<'_>) -> io::Result<()> {
        let address = SocketAddr::from_abstract_name(name)?;
        let socket = UnixDatagram::unbound()?;
        let words = format!("{state}\n");
        socket.send_to_addr(words.as_bytes(), &address).map(drop)
    }
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
