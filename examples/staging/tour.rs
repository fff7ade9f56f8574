//! The requests that the program makes of itself.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long anything may take here.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long to wait before it is asked again.
const PAUSE: Duration = Duration::from_millis(50);

type Failure = Box<dyn Error + Send + Sync>;
type Reply = Result<(String, String), Failure>;

/// Makes the service stall, looks at what it says of that, and lets it go on.
pub(crate) fn make(address: SocketAddr) -> Result<(), Failure> {
    show("GET /stock", &ask(address, "GET", "/stock")?);

    let order = start(address, "POST", "/stall")?;
    println!("POST /stall: no answer yet");
    until(address, "/alerts", "for a message of `supplier`")?;
    println!("GET /alerts: it waits for the supplier");
    let stock = start(address, "GET", "/stock")?;
    println!("GET /stock: no answer yet");
    until(address, "/alerts", "for `stock`")?;
    println!("GET /alerts: and another one for the stock");
    for number in [
        "lockwarden_threads_blocked 2",
        "lockwarden_findings_total{verdict=\"Stall\"} 2",
    ] {
        until(address, "/metrics", &format!("\n{number}\n"))?;
        println!("GET /metrics: {number}");
    }
    show("GET /alerts/2", &ask(address, "GET", "/alerts/2")?);

    show("POST /release", &ask(address, "POST", "/release")?);
    show("POST /stall", &end(order)?);
    show("GET /stock", &end(stock)?);
    let alerts = until(address, "/alerts", "report 2 is over")?;
    show("GET /alerts", &("200 OK".to_owned(), alerts));
    Ok(())
}

fn show(what: &str, (status, body): &(String, String)) {
    let gap = if body.lines().count() > 1 { '\n' } else { ' ' };
    println!("{what}: {status}{gap}{}", body.trim_end());
}

/// Asks again and again until the answer contains this: the watchdog looks from time to time, and
/// tells its numbers once a second.
fn until(address: SocketAddr, path: &str, wanted: &str) -> Result<String, Failure> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (_, body) = ask(address, "GET", path)?;
        if body.contains(wanted) {
            return Ok(body);
        }
        if Instant::now() > deadline {
            return Err(format!("{path} does not say {wanted:?}:\n{body}").into());
        }
        thread::sleep(PAUSE);
    }
}

/// Sends a request, and leaves it to another thread to wait for the answer.
fn start(
    address: SocketAddr,
    method: &'static str,
    path: &'static str,
) -> io::Result<JoinHandle<Reply>> {
    thread::Builder::new()
        .name("client".to_owned())
        .spawn(move || ask(address, method, path))
}

fn end(client: JoinHandle<Reply>) -> Reply {
    client.join().expect("clients do not panic")
}

/// The status and the body.
fn ask(address: SocketAddr, method: &str, path: &str) -> Reply {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(2 * PATIENCE))?;
    let request = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no HTTP")?;
    let first = head.lines().next().unwrap_or_default();
    let (_, status) = first.split_once(' ').ok_or("no status")?;
    Ok((status.to_owned(), body.to_owned()))
}
