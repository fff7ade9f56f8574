//! The key-value server and its clients, over the locks and threads of `super::flavour`.
//!
//! | file | what | locks |
//! |---|---|---|
//! | `store.rs` | the keys, in shards | a reader-writer lock a shard |
//! | `log.rs` | the write-ahead log, with group commit | the tail with its condvar, the file |
//! | `compactor.rs` | rewrites the log when it has grown | its orders, with a condvar |
//! | `service.rs` | what a request does | the counters |
//! | `protocol.rs` | requests and answers, a line each | |
//! | `server.rs` | a thread per connection | |
//! | `pool.rs` | the connections of the clients | those at rest, with a condvar |
//! | `load.rs` | what the clients ask for | |
//!
//! Order: shards, ascending; then the tail of the log; then the file; the others are leaves.

mod compactor;
mod load;
mod log;
mod pool;
mod protocol;
mod server;
mod service;
mod store;

use std::io;
use std::net::{Ipv4Addr, TcpListener};

use self::compactor::Orders;
use self::service::Service;
use super::flavour;

pub(crate) use self::load::Summary;

/// The size of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// Threads that send requests.
    pub(crate) workers: usize,
    /// Connections that they share. With none of them, they call the service themselves.
    pub(crate) connections: usize,
    /// Requests of each worker.
    pub(crate) requests: usize,
    /// Keys of each worker.
    pub(crate) keys: usize,
    /// Bytes of a value.
    pub(crate) value: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            workers: 6,
            connections: 4,
            requests: 500,
            keys: 64,
            value: 100,
        }
    }
}

/// Runs the server and its clients until the clients have what they asked for.
///
/// # Errors
///
/// If a socket or the file of the log fails.
pub(crate) fn run(settings: &Settings) -> io::Result<Summary> {
    let orders = Orders::new();
    let service = Service::open(&orders)?;
    let mut summary = flavour::thread::scope(|scope| {
        let compactor = scope.spawn(|| compactor::work(&service, &orders));
        let ended = serve_load(&service, settings);
        // Whatever became of the clients, the compactor has to receive the end, or the scope never ends.
        orders.stop();
        let compactions = compactor.join().expect("the compactor does not panic")?;
        let mut summary = ended?;
        summary.compactions = compactions;
        io::Result::Ok(summary)
    })?;
    summary.keys = service.len();
    summary.recovered = service.agrees_with_log()?;
    Ok(summary)
}

fn serve_load(service: &Service<'_>, settings: &Settings) -> io::Result<Summary> {
    if settings.connections == 0 {
        return load::run(settings, |request| Ok(service.answer(request)));
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    // All connect before any thread is accepted, so that the server can count on them.
    let pool = pool::Pool::connect(listener.local_addr()?, settings.connections)?;
    flavour::thread::scope(|scope| {
        let server = scope.spawn(|| server::serve(service, &listener, settings.connections));
        let summary = load::run(settings, |request| pool.checkout().ask(request));
        // The clients hang up, which ends the sessions.
        drop(pool);
        server.join().expect("no session panics")?;
        summary
    })
}
