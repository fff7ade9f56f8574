//! An echo server on the loopback interface, which gives each connection to a pool of threads. Its
//! clients are threads of the same program.
//!
//! ```text
//! cargo run --example thread_pool_server --features pool
//! cargo run --example thread_pool_server --features pool -- --bug
//! ```
//!
//! With `--bug`, the job that serves a connection has each line shouted by another job of the same
//! pool, and waits for it. When there are as many connections as workers, all wait for jobs that are
//! queued behind them. Clients and the listener go on, so it is no deadlock that is certain: the watchdog
//! reports it as a stall, with the wait of each worker, and ends the program.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use lockwarden::pool::{Builder, ThreadPool};
use lockwarden::sync::{Barrier, LazyLock};
use lockwarden::thread;
use lockwarden::watchdog::Watchdog;

const CLIENTS: usize = 3;

static POOL: LazyLock<ThreadPool> = LazyLock::new(|| {
    let pool = Builder::new().threads(CLIENTS).name("server").build();
    pool.expect("threads can be spawned")
});

/// Every client is served by a worker before the first one sends a line, so that every run looks
/// the same.
static ALL_SERVED: Barrier = Barrier::named("all served", CLIENTS);

fn shout(line: &str) -> String {
    line.to_uppercase()
}

/// The same, which needs a worker.
fn shout_elsewhere(line: &str) -> String {
    let line = line.to_owned();
    let job = POOL.submit(move || shout(&line));
    job.result().expect("to shout is easy")
}

/// Greets, and answers each line until the client hangs up.
fn serve(mut stream: TcpStream, answer: fn(&str) -> String) -> io::Result<()> {
    writeln!(stream, "hello")?;
    for line in BufReader::new(stream.try_clone()?).lines() {
        writeln!(stream, "{}", answer(&line?))?;
    }
    Ok(())
}

/// Accepts so many connections, and waits until all are served. Says how many went well.
fn listen(listener: &TcpListener, answer: fn(&str) -> String) -> io::Result<usize> {
    let mut jobs = Vec::new();
    for stream in listener.incoming().take(CLIENTS) {
        let stream = stream?;
        jobs.push(POOL.submit(move || serve(stream, answer)));
    }
    let results = jobs.into_iter().map(|job| job.result());
    Ok(results
        .filter(|result| matches!(result, Ok(Ok(()))))
        .count())
}

/// Sends two lines, and returns what came back.
fn ask(server: SocketAddr, number: usize) -> io::Result<Vec<String>> {
    let mut stream = TcpStream::connect(server)?;
    let mut answers = BufReader::new(stream.try_clone()?).lines();
    let mut next = || {
        answers
            .next()
            .unwrap_or(Err(io::ErrorKind::UnexpectedEof.into()))
    };
    let greeting = next()?;
    ALL_SERVED.wait();
    writeln!(stream, "I am client {number}")?;
    let first = next()?;
    writeln!(stream, "good bye")?;
    Ok(vec![greeting, first, next()?])
}

fn main() -> io::Result<ExitCode> {
    let bug = std::env::args().nth(1).is_some_and(|arg| arg == "--bug");
    if bug && !lockwarden::status().is_on() {
        eprintln!("thread_pool_server: lockwarden is {}", lockwarden::status());
        eprintln!("thread_pool_server: with its bug, this program would hang for ever");
        return Ok(ExitCode::from(2));
    }
    let answer = if bug { shout_elsewhere } else { shout };

    // While clients and the listener run, one of them could cancel a job or shut the pool down, as far as
    // the detector can know. So the watchdog reports the workers, which wait for longer than a job takes.
    let watchdog = Watchdog::builder()
        .event_limit(Duration::from_secs(2))
        .stderr()
        .exit(1);
    let _watchdog = bug.then(|| watchdog.spawn().expect("a thread can be spawned"));

    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (served, answered) = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let thread = thread::Builder::new().name(format!("client {number}"));
                let spawned = thread.spawn_scoped(scope, move || ask(address, number));
                spawned.expect("a thread can be spawned")
            })
            .collect();
        let served = listen(&listener, answer);
        let answered: Vec<_> = clients
            .into_iter()
            .filter_map(|c| c.join().ok()?.ok())
            .collect();
        (served, answered)
    });
    for lines in &answered {
        println!("{}", lines.join(", "));
    }
    println!(
        "{} connections of {CLIENTS} were served, {} answered",
        served?,
        answered.len()
    );
    Ok(ExitCode::from(u8::from(answered.len() != CLIENTS)))
}
