//! A thread per connection.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

use super::flavour::thread;
use super::service::Service;

/// Serves this many clients until they hang up.
pub(super) fn serve(
    service: &Service<'_>,
    listener: &TcpListener,
    clients: usize,
) -> io::Result<()> {
    thread::scope(|scope| {
        let mut sessions = Vec::new();
        for _ in 0..clients {
            let (stream, _) = listener.accept()?;
            sessions.push(scope.spawn(move || session(service, &stream)));
        }
        let mut ends = sessions.into_iter().map(|session| session.join());
        ends.try_for_each(|end| end.expect("no request panics"))
    })
}

fn session(service: &Service<'_>, mut stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    for line in BufReader::new(stream).lines() {
        let mut answer = service.answer(&line?);
        answer.push('\n');
        stream.write_all(answer.as_bytes())?;
    }
    Ok(())
}
