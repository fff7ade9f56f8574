//! A daemon that is meant to run for ever, with a heartbeat. When it is missed, the process says where
//! each of its threads is, and starts itself anew, by `exec`: the same process to whoever looks after
//! it, with the memory of a fresh one. It does so once; then it gives up.
//!
//! ```text
//! cargo run --example daemon             reads from its peers with a limit
//! cargo run --example daemon -- --bug    reads for as long as it takes
//! ```
//!
//! The daemon asks three peers in turn, of which the second accepts connections and never says a word.
//! In the first run that is an error, and the daemon goes on with the next peer. In the second run it
//! waits for ever. No thread holds a lock, and no thread waits for anything that is watched, so no deadlock
//! is there to be found: what is missed is the sign of life that the loop gives before each peer.
//!
//! The report says that the heartbeat `rounds` is missed, and the dump shows the thread in its `read`.
//! The program is then started anew, with the same arguments, and hangs at the same peer, as the bug
//! is still there. That is reported too, and the process ends with code 3.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use lockwarden::thread;
use lockwarden::watchdog::{Heartbeat, Watchdog};

/// How long a peer may take.
const READ_LIMIT: Duration = Duration::from_secs(1);
/// How long the loop may take for a peer.
const BEAT_LIMIT: Duration = Duration::from_secs(3);

/// Reads what a peer has to say.
fn ask(peer: SocketAddr, bug: bool) -> io::Result<String> {
    let mut stream = TcpStream::connect(peer)?;
    if !bug {
        stream.set_read_timeout(Some(READ_LIMIT))?;
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Asks all peers, with a sign of life before each. A daemon would begin again after that.
fn round(peers: &[SocketAddr], heartbeat: &Heartbeat, bug: bool) {
    for (peer, number) in peers.iter().zip(1..) {
        heartbeat.beat();
        match ask(*peer, bug) {
            Ok(answer) => println!("peer {number}: {answer}"),
            Err(_) => println!("peer {number} does not answer"),
        }
    }
}

/// A peer that says `hello` to one who comes.
fn peer() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let answer = move || {
        if let Ok((mut stream, _)) = listener.accept() {
            // One that has gone needs no answer.
            let _ = stream.write_all(b"hello");
        }
    };
    thread::Builder::new()
        .name("peer".to_owned())
        .spawn(answer)?;
    Ok(address)
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let bug = std::env::args().nth(1).is_some_and(|arg| arg == "--bug");
    // The actions are done in this order: the last one only if there is no restart any more.
    let watchdog = Watchdog::builder().stderr().restart(1).exit(3).spawn()?;
    println!("the daemon starts");
    // The system accepts for one that never looks.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let peers = [peer()?, silent.local_addr()?, peer()?];
    let heartbeat = watchdog.heartbeat("rounds", BEAT_LIMIT);
    let rounds = thread::Builder::new()
        .name("rounds".to_owned())
        .spawn(move || round(&peers, &heartbeat, bug))?;
    let is_well = rounds.join().is_ok();
    println!("the round is over");
    Ok(ExitCode::from(u8::from(!is_well)))
}
