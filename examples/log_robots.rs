//! Who asks for `/robots.txt`? The gzip'd access logs of a web server are mapped over a pool of
//! threads, and what is found in them is added up.
//!
//! ```text
//! cargo run --example log_robots --features pool
//! cargo run --example log_robots --features pool -- --bug
//! ```
//!
//! It makes its own logs, in a directory of its own that it removes.
//!
//! With `--bug`, the job that reads a log has its halves counted by the same pool, and waits for
//! that. All workers come to wait for halves that only a worker could count: a deadlock over the
//! results of jobs of `reader`, which is reported as soon as the last worker waits. That one panics,
//! so its log is lost; the panic comes out of the results, and its worker counts for the others.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use lockwarden::pool::{Builder, JobError, ThreadPool};
use lockwarden::sync::{Barrier, LazyLock};

const LOGS: usize = 4;
const LINES: usize = 2_000;

static POOL: LazyLock<ThreadPool> = LazyLock::new(|| {
    let pool = Builder::new().threads(LOGS).name("reader").build();
    pool.expect("threads can be spawned")
});

/// In the run with the bug: every worker has a log before the first one asks for help, so that
/// every run looks the same.
static ALL_READ: Barrier = Barrier::named("all read", LOGS);

/// Hits by host.
type Hits = BTreeMap<String, u64>;

fn add(mut hits: Hits, more: Hits) -> Hits {
    for (host, n) in more {
        *hits.entry(host).or_default() += n;
    }
    hits
}

/// A directory that is removed with all that is in it.
struct Directory(PathBuf);

impl Directory {
    fn new() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("log_robots-{}", std::process::id()));
        fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The log of one day, in the common format.
fn write_log(path: &Path, day: usize) -> io::Result<()> {
    let mut log = GzEncoder::new(File::create(path)?, Compression::fast());
    for line in 0..LINES {
        let (host, page) = match line % 100 {
            n if n < day => ("spider.example", "robots.txt"),
            50 => ("crawler.example", "robots.txt"),
            n if n % 2 == 0 => ("crawler.example", "archive.html"),
            _ => ("reader.example", "index.html"),
        };
        let request = format!("[0{}/Mar/2024:12:00:00 +0000] \"GET /{page}", day + 1);
        writeln!(log, "{host} - - {request} HTTP/1.1\" 200 512")?;
    }
    log.finish()?.flush()
}

fn read_log(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    GzDecoder::new(File::open(path)?).read_to_string(&mut text)?;
    Ok(text)
}

fn count(text: &str) -> Hits {
    let mut hits = Hits::new();
    let robots = |line: &&str| line.contains("\"GET /robots.txt ");
    for line in text.lines().filter(robots) {
        let host = line.split(' ').next().unwrap_or_default();
        *hits.entry(host.to_owned()).or_default() += 1;
    }
    hits
}

fn count_log(path: PathBuf) -> Hits {
    count(&read_log(&path).expect("the log can be read"))
}

/// The same with help, for which a worker has to be free.
fn count_log_in_halves(path: PathBuf) -> Hits {
    let mut first = read_log(&path).expect("the log can be read");
    let middle = first[..first.len() / 2].rfind('\n').map_or(0, |n| n + 1);
    let second = first.split_off(middle);
    ALL_READ.wait();
    let halves = POOL.map([first, second], |half| count(&half));
    halves
        .map(|half| half.expect("to count is easy"))
        .fold(Hits::new(), add)
}

/// Makes the logs and has them counted.
fn run(bug: bool) -> io::Result<Vec<Result<Hits, JobError>>> {
    let directory = Directory::new()?;
    let logs: Vec<_> = (0..LOGS)
        .map(|day| directory.0.join(format!("access-{day}.log.gz")))
        .collect();
    for (day, log) in logs.iter().enumerate() {
        write_log(log, day)?;
    }
    let job = if bug { count_log_in_halves } else { count_log };
    // To the end, before the directory goes.
    Ok(POOL.map(logs, job).collect())
}

fn main() -> io::Result<ExitCode> {
    let bug = std::env::args().nth(1).is_some_and(|arg| arg == "--bug");
    if bug && !lockwarden::status().is_on() {
        eprintln!("log_robots: lockwarden is {}", lockwarden::status());
        eprintln!("log_robots: with its bug, this program would hang for ever");
        return Ok(ExitCode::from(2));
    }
    let (mut read, mut hits) = (0, Hits::new());
    for counted in run(bug)? {
        match counted {
            Ok(more) => (read, hits) = (read + 1, add(hits, more)),
            Err(_) => println!("a log could not be counted"),
        }
    }
    println!("{read} of {LOGS} logs were counted");
    for (host, n) in hits {
        println!("{n:>5} {host}");
    }
    Ok(ExitCode::from(u8::from(read < LOGS)))
}
