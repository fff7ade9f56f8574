//! As much of HTTP as the service needs: a request for each connection, without a body.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use super::service::Service;

/// How long a client may take to say what it wants, and to take the answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a request may be, in bytes.
const LONGEST: u64 = 16 * 1024;

/// What is sent back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Self {
        let body = body.into();
        Self { status, body }
    }

    fn reason(&self) -> &'static str {
        match self.status {
            200 => "OK",
            400 => "Bad Request",
            404 => "Not Found",
            504 => "Gateway Timeout",
            _ => "",
        }
    }
}

/// A thread for each request, so that there is always one more to say what the others wait for.
pub(crate) fn serve(listener: &TcpListener, service: &Arc<Service>) -> io::Result<()> {
    for number in 1_u64.. {
        let (stream, _) = listener.accept()?;
        let service = Arc::clone(service);
        lockwarden::thread::Builder::new()
            .name(format!("request {number}"))
            .spawn(move || {
                if let Err(error) = answer(&stream, &service) {
                    tracing::warn!(target: "staging", number, %error, "not answered");
                }
            })?;
    }
    Ok(())
}

fn answer(mut stream: &TcpStream, service: &Service) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let answer = match read(stream)? {
        Some((method, path)) => service.answer(&method, &path),
        None => Answer::new(400, "this is not understood\n"),
    };
    let (status, reason, body) = (answer.status, answer.reason(), &answer.body);
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

/// The method and the path. The headers are read, and that is all.
fn read(stream: &TcpStream) -> io::Result<Option<(String, String)>> {
    let mut lines = BufReader::new(stream.take(LONGEST)).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    loop {
        match lines.next().transpose()? {
            Some(line) if line.is_empty() => break,
            Some(_) => {}
            None => return Ok(None),
        }
    }
    let mut words = first.split(' ');
    let (method, path) = (words.next(), words.next());
    let parts = method.zip(path);
    Ok(parts.map(|(method, path)| (method.to_owned(), path.to_owned())))
}
