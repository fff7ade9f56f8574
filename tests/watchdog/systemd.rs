//! systemd is pinged while all is well, and not while anything stalls.

use std::os::unix::net::UnixDatagram;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use lockwarden::watchdog::{Phase, Watchdog};

use crate::child::{LIMIT, STALL, Standstill, apart};

/// What systemd gives a service for a sign of life.
const WATCHDOG_USEC: &str = "400000";

#[test]
fn pings_come_at_half_of_the_time_and_stop_during_a_stall() {
    let path = std::env::temp_dir().join(format!("lockwarden-{}-notify", std::process::id()));
    let socket = path.to_str().unwrap();
    apart!(
        &[("NOTIFY_SOCKET", socket), ("WATCHDOG_USEC", WATCHDOG_USEC)],
        || {
            let socket = UnixDatagram::bind(std::env::var_os("NOTIFY_SOCKET").unwrap()).unwrap();
            socket.set_read_timeout(Some(LIMIT)).unwrap();
            let (tell, phases) = mpsc::channel();
            let builder = Watchdog::builder()
                .wait_limit(STALL)
                .on_alert(move |alert| {
                    let _ = tell.send(alert.phase);
                });
            let _watchdog = builder.systemd().spawn().unwrap();
            let ping = || {
                let mut words = [0; 64];
                let length = socket.recv(&mut words).expect("a ping comes");
                assert_eq!(&words[..length], b"WATCHDOG=1\n");
            };
            (0..3).for_each(|_| ping());

            let standstill = Standstill::begin();
            assert_eq!(phases.recv_timeout(LIMIT), Ok(Phase::Began));
            // Those that came before the stall was reported.
            socket.set_nonblocking(true).unwrap();
            while socket.recv(&mut [0; 64]).is_ok() {}
            // The next alert comes after as long again; there is no ping until then.
            assert_eq!(phases.recv_timeout(LIMIT), Ok(Phase::GoesOn));
            assert_eq!(phases.recv_timeout(LIMIT), Ok(Phase::GoesOn));
            let silent = socket.recv(&mut [0; 64]).expect_err("nothing is well");
            assert_eq!(silent.kind(), std::io::ErrorKind::WouldBlock);

            standstill.end();
            assert_eq!(phases.recv_timeout(LIMIT), Ok(Phase::Ended));
            socket.set_nonblocking(false).unwrap();
            ping();
        },
        |outcome| outcome.succeeds()
    );
    let _ = std::fs::remove_file(&path);
}

/// A socket without a path, as systemd gives it to what runs in a name space of its own.
#[cfg(target_os = "linux")]
#[test]
fn a_socket_that_has_no_path_is_served_too() {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::SocketAddr;

    let socket = format!("@lockwarden-{}-notify", std::process::id());
    apart!(
        &[("NOTIFY_SOCKET", &socket), ("WATCHDOG_USEC", WATCHDOG_USEC)],
        || {
            let name = std::env::var("NOTIFY_SOCKET").unwrap();
            let address = SocketAddr::from_abstract_name(name.strip_prefix('@').unwrap());
            let socket = UnixDatagram::bind_addr(&address.unwrap()).unwrap();
            socket.set_read_timeout(Some(LIMIT)).unwrap();
            let _watchdog = Watchdog::builder().systemd().spawn().unwrap();
            for _ in 0..2 {
                let mut words = [0; 64];
                let length = socket.recv(&mut words).expect("a ping comes");
                assert_eq!(&words[..length], b"WATCHDOG=1\n");
            }
        },
        |outcome| {
            outcome.succeeds();
            assert!(!outcome.stderr.contains("systemd"), "{}", outcome.stderr);
        }
    );
}

#[test]
fn where_systemd_does_not_ask_nothing_is_sent() {
    let path = std::env::temp_dir().join(format!("lockwarden-{}-quiet", std::process::id()));
    let socket = path.to_str().unwrap();
    apart!(
        &[("NOTIFY_SOCKET", socket)],
        || {
            let socket = UnixDatagram::bind(std::env::var_os("NOTIFY_SOCKET").unwrap()).unwrap();
            socket.set_nonblocking(true).unwrap();
            let (tell, alerts) = mpsc::channel();
            let builder = Watchdog::builder().systemd().on_alert(move |_| {
                let _ = tell.send(Instant::now());
            });
            let watchdog = builder.spawn().unwrap();
            // Many looks later.
            let _heartbeat = watchdog.heartbeat("never beats", Duration::from_millis(300));
            alerts.recv_timeout(LIMIT).expect("it is reported");
            assert!(socket.recv(&mut [0; 64]).is_err());
        },
        |outcome| outcome.succeeds()
    );
    let _ = std::fs::remove_file(&path);
}
