//! A service on hyper whose requests take two connections of its pool: with as many requests at a time as
//! there are connections, each holds one and waits for another. And the way out: a request takes one.
//!
//!     cargo run --features full --example service
//!
//! The work of a request is a task of its own, so a client that goes away does not interrupt it. (What
//! a connection itself awaits may end when its client closes it: hyper waits for that, too, so no
//! deadlock is certain there.)

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use lockwarden::config::Config;
use lockwarden_tokio as tokio;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};

/// A pool of connections to a database.
struct Pool {
    free: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

/// One connection: the number of the queries that it has made.
#[derive(Default)]
struct Connection(u32);

struct Lent<'a> {
    connection: Connection,
    _permit: SemaphorePermit<'a>,
}

impl Pool {
    fn new(connections: usize) -> Self {
        Self {
            free: Semaphore::new(connections),
            idle: Mutex::default(),
        }
    }

    async fn take(&self) -> Lent<'_> {
        let permit = self.free.acquire().await.expect("the pool is open");
        let connection = self.idle.lock().await.pop();
        Lent {
            connection: connection.unwrap_or_default(),
            _permit: permit,
        }
    }

    async fn put_back(&self, lent: Lent<'_>) {
        self.idle.lock().await.push(lent.connection);
    }
}

impl Connection {
    async fn query(&mut self) -> u32 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        self.0 += 1;
        self.0
    }
}

/// Reads an order, and writes a line of the audit through a second connection while it has the first.
async fn wrong(pool: Arc<Pool>) -> u32 {
    let mut order = pool.take().await;
    order.connection.query().await;
    let queries = audit(&pool).await;
    pool.put_back(order).await;
    queries
}

async fn audit(pool: &Pool) -> u32 {
    let mut lent = pool.take().await;
    let queries = lent.connection.query().await;
    pool.put_back(lent).await;
    queries
}

/// Does both with the connection that it has.
async fn right(pool: Arc<Pool>) -> u32 {
    let mut order = pool.take().await;
    order.connection.query().await;
    let queries = order.connection.query().await;
    pool.put_back(order).await;
    queries
}

async fn answer(request: Request<Incoming>, pool: Arc<Pool>) -> Response<Full<Bytes>> {
    let work = match request.uri().path() {
        "/wrong" => tokio::spawn(wrong(pool)),
        _ => tokio::spawn(right(pool)),
    };
    match work.await {
        Ok(queries) => Response::new(Full::from(format!("{queries} queries"))),
        // The report has made the task panic; what it held is free again.
        Err(_) => {
            let mut response = Response::new(Full::from("the work has ended early"));
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
    }
}

async fn serve(listener: TcpListener, pool: Arc<Pool>) {
    loop {
        let (stream, _) = listener.accept().await.expect("a connection is accepted");
        let pool = Arc::clone(&pool);
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let pool = Arc::clone(&pool);
                async move { Ok::<_, Infallible>(answer(request, pool).await) }
            });
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            if let Err(error) = connection.await {
                eprintln!("a connection has failed: {error}");
            }
        });
    }
}

/// The first line of the answer.
async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream
        .write_all(request.as_bytes())
        .await
        .expect("it is sent");
    let mut text = String::new();
    stream
        .read_to_string(&mut text)
        .await
        .expect("it is answered");
    text.lines().next().unwrap_or_default().to_owned()
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    Config::new()
        .stderr(false)
        .callback(|report| println!("{report}"))
        .install()
        .expect("the first configuration is taken");
    tokio::break_deadlocks(true);
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(serve(listener, Arc::new(Pool::new(2))));
    for path in ["/right", "/wrong"] {
        let (first, second) = tokio::join!(get(address, path), get(address, path));
        let mut answers = [first, second];
        answers.sort();
        println!("{path}: {}", answers.join(", "));
    }
}
