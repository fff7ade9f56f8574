//! The connections that the clients share.

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};

use super::flavour::{Condvar, Mutex};

/// Connections at rest.
pub(super) struct Pool {
    resting: Mutex<Vec<Connection>>,
    returned: Condvar,
}

struct Connection {
    stream: TcpStream,
    answers: BufReader<TcpStream>,
}

/// A connection that goes back to its pool when this is dropped.
pub(super) struct Loan<'a> {
    pool: &'a Pool,
    /// Always there until it is dropped.
    connection: Option<Connection>,
}

impl Pool {
    pub(super) fn connect(address: SocketAddr, connections: usize) -> io::Result<Self> {
        let connect = |_| {
            let stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            let answers = BufReader::new(stream.try_clone()?);
            Ok(Connection { stream, answers })
        };
        let connections = (0..connections).map(connect).collect::<io::Result<_>>()?;
        Ok(Self {
            resting: Mutex::new(connections),
            returned: Condvar::new(),
        })
    }

    /// Takes a connection, and waits for one if all are lent.
    pub(super) fn checkout(&self) -> Loan<'_> {
        let mut resting = self.resting.lock();
        loop {
            let connection = resting.pop();
            if connection.is_some() {
                let pool = self;
                return Loan { pool, connection };
            }
            self.returned.wait(&mut resting);
        }
    }
}

impl Loan<'_> {
    /// Sends a request and returns the answer.
    pub(super) fn ask(&mut self, request: &str) -> io::Result<String> {
        let connection = self.connection.as_mut().ok_or(ErrorKind::NotConnected)?;
        // One write each, or the second half waits for the answer to the first.
        let line = format!("{request}\n");
        connection.stream.write_all(line.as_bytes())?;
        let mut answer = String::new();
        if connection.answers.read_line(&mut answer)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        answer.truncate(answer.trim_end().len());
        Ok(answer)
    }
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        self.pool.resting.lock().extend(self.connection.take());
        self.pool.returned.notify_one();
    }
}
