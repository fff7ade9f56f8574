//! A TCP ledger: accounts each behind a lock of its own, a thread per client, an audit log, and
//! thousands of transfers over real sockets.
//!
//! ```text
//! cargo run --example ledger                 transfers lock in the order of their arguments
//! cargo run --example ledger -- --ordered    transfers lock with `lockwarden::acquire`
//! ```
//!
//! The first run has the classic bug: a transfer from 17 to 4 and one from 4 to 17 lock the same
//! two accounts the other way round. `lockwarden` reports that inversion as soon as both have
//! happened; nothing needs to hang for it. Should two of them really meet, the deadlock is
//! reported, and broken by a panic in one of the two: the server does what servers do with a
//! request that panics, and the client tries again. The books balance in the end.
//!
//! The second run asks for both accounts at once, and nothing is found.
//!
//! The protocol is a line each way: `TRANSFER <from> <to> <cents>` is answered by `DONE`, `RETRY`,
//! or `REFUSED <why>`.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, BufRead, BufReader, ErrorKind, Lines, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::thread::{self, ScopedJoinHandle};

use lockwarden::acquire;
use lockwarden::config::{Config, Status};
use lockwarden::report::Verdict;
use lockwarden::sync::{Mutex, MutexGuard, PoisonError, RwLock};

const ACCOUNTS: usize = 20;
const CLIENTS: usize = 4;
const TRANSFERS_PER_CLIENT: usize = 1_000;
const OPENING_BALANCE: i64 = 100_000;

// ---- the books ----------------------------------------------------------------------------------

struct Bank {
    accounts: Vec<Mutex<i64>>,
    audit: Mutex<Vec<Transfer>>,
    statistics: RwLock<Statistics>,
    ordered: bool,
}

#[derive(Clone, Copy)]
struct Transfer {
    from: usize,
    to: usize,
    cents: i64,
}

#[derive(Clone, Copy, Default)]
struct Statistics {
    done: usize,
    refused: usize,
    broken_off: usize,
}

impl Bank {
    fn open(ordered: bool) -> Self {
        let account = |number| {
            let account = Mutex::named("account", OPENING_BALANCE);
            account.set_label(format!("account {number}"));
            account
        };
        Self {
            accounts: (0..ACCOUNTS).map(account).collect(),
            audit: Mutex::named("audit log", Vec::new()),
            statistics: RwLock::named("statistics", Statistics::default()),
            ordered,
        }
    }

    fn transfer(&self, transfer: Transfer) -> Result<(), Box<dyn Error>> {
        let account = |number| self.accounts.get(number).ok_or("there is no such account");
        let (from, to) = (account(transfer.from)?, account(transfer.to)?);
        if self.ordered {
            // An error here is one account given twice, or a lock held that is above one of them.
            let held = acquire((from, to))?.checked();
            let mut held = held.unwrap_or_else(PoisonError::into_inner);
            let (from, to) = &mut *held;
            self.book(transfer, from, to)
        } else if transfer.from == transfer.to {
            Err("both accounts are the same".into())
        } else {
            // The bug: the caller decides the order.
            let mut from = lock(from);
            let mut to = lock(to);
            self.book(transfer, &mut from, &mut to)
        }
    }

    fn book(&self, transfer: Transfer, from: &mut i64, to: &mut i64) -> Result<(), Box<dyn Error>> {
        if *from < transfer.cents {
            return Err("the account does not cover it".into());
        }
        *from -= transfer.cents;
        *to += transfer.cents;
        // With the accounts locked, so that the log has the transfers of each in their order.
        lock(&self.audit).push(transfer);
        Ok(())
    }

    fn count(&self, what: impl FnOnce(&mut Statistics)) {
        what(&mut self.statistics.write().expect("counting does not panic"));
    }

    fn total(&self) -> i64 {
        self.accounts.iter().map(|account| *lock(account)).sum()
    }

    /// Whether every balance is what the audit log makes of the opening balance.
    fn agrees_with_audit(&self) -> bool {
        let mut expected = vec![OPENING_BALANCE; self.accounts.len()];
        for transfer in lock(&self.audit).iter() {
            expected[transfer.from] -= transfer.cents;
            expected[transfer.to] += transfer.cents;
        }
        let mut accounts = self.accounts.iter().zip(expected);
        accounts.all(|(account, expected)| *lock(account) == expected)
    }
}

/// Locks, poisoned or not.
///
/// The panic that breaks a deadlock unwinds through the guard of the first account, and poisons
/// it. It comes from the second `lock`, before a balance has changed, so the account is in order.
#[track_caller]
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| {
        mutex.clear_poison();
        poisoned.into_inner()
    })
}

// ---- the server ---------------------------------------------------------------------------------

/// Serves this many clients, each in a thread of its own, until they hang up.
fn serve(bank: &Bank, listener: &TcpListener, clients: usize) -> io::Result<()> {
    thread::scope(|scope| {
        for number in 0..clients {
            let (stream, _) = listener.accept()?;
            let thread = thread::Builder::new().name(format!("session {number}"));
            thread.spawn_scoped(scope, move || {
                session(bank, &stream)
                    .unwrap_or_else(|e| println!("session {number} broke off: {e}"));
            })?;
        }
        Ok(())
    })
}

fn session(bank: &Bank, stream: &TcpStream) -> io::Result<()> {
    let mut out = stream;
    for line in BufReader::new(stream).lines() {
        let line = line?;
        // A request that panics is the end of that request, not of the session.
        let answer = match panic::catch_unwind(AssertUnwindSafe(|| handle(bank, &line))) {
            Ok(Ok(())) => {
                bank.count(|statistics| statistics.done += 1);
                "DONE\n".to_owned()
            }
            Ok(Err(why)) => {
                bank.count(|statistics| statistics.refused += 1);
                format!("REFUSED {why}\n")
            }
            Err(_) => {
                bank.count(|statistics| statistics.broken_off += 1);
                "RETRY\n".to_owned()
            }
        };
        out.write_all(answer.as_bytes())?;
    }
    Ok(())
}

fn handle(bank: &Bank, line: &str) -> Result<(), Box<dyn Error>> {
    let words: Vec<&str> = line.split(' ').collect();
    let ["TRANSFER", from, to, cents] = words[..] else {
        return Err("the request is not understood".into());
    };
    let (from, to, cents) = (from.parse()?, to.parse()?, cents.parse()?);
    bank.transfer(Transfer { from, to, cents })
}

// ---- the clients --------------------------------------------------------------------------------

struct Client {
    out: TcpStream,
    answers: Lines<BufReader<TcpStream>>,
}

impl Client {
    fn connect(address: SocketAddr) -> io::Result<Self> {
        let out = TcpStream::connect(address)?;
        out.set_nodelay(true)?;
        let answers = BufReader::new(out.try_clone()?).lines();
        Ok(Self { out, answers })
    }

    /// Sends a transfer, and sends it again until it is done or refused.
    fn send(&mut self, transfer: Transfer) -> io::Result<()> {
        let Transfer { from, to, cents } = transfer;
        let request = format!("TRANSFER {from} {to} {cents}\n");
        loop {
            self.out.write_all(request.as_bytes())?;
            match self.answers.next().transpose()?.as_deref() {
                Some("RETRY") => {}
                Some(_) => return Ok(()),
                None => return Err(ErrorKind::UnexpectedEof.into()),
            }
        }
    }

    fn send_many(mut self, mut random: Random) -> io::Result<()> {
        for _ in 0..TRANSFERS_PER_CLIENT {
            let from = random.below(ACCOUNTS);
            let to = (from + 1 + random.below(ACCOUNTS - 1)) % ACCOUNTS;
            let cents = 1 + random.below(500) as i64;
            self.send(Transfer { from, to, cents })?;
        }
        Ok(())
    }
}

/// A xorshift generator: the same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % bound
    }
}

// ---- the run ------------------------------------------------------------------------------------

/// How many reports were made. Its lock is not watched: the callback uses it.
static REPORTS: std::sync::Mutex<BTreeMap<Verdict, usize>> = std::sync::Mutex::new(BTreeMap::new());

/// Counts the reports, and keeps the panics that break deadlocks from being printed twice.
fn watch() -> Result<(), Box<dyn Error>> {
    Config::new()
        // Every two accounts are inverted, and every ring of them, by the same two lines: one
        // report is enough. A deadlock that forms is reported all the same.
        .max_reports(1)
        .callback(|report| {
            let mut reports = REPORTS.lock().unwrap_or_else(PoisonError::into_inner);
            *reports.entry(report.verdict).or_default() += 1;
        })
        .install()?;
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let words = info.payload_as_str().unwrap_or_default();
        if !words.starts_with("lockwarden: ") {
            usual(info);
        }
    }));
    Ok(())
}

fn run(bank: &Bank) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    println!("ledger: {ACCOUNTS} accounts at {address}, {CLIENTS} clients");
    // All connect before any thread is accepted, so that the server can count on them.
    let clients = (0..CLIENTS).map(|_| Client::connect(address));
    let mut clients = clients.collect::<io::Result<Vec<Client>>>()?;
    thread::scope(|scope| {
        let server = scope.spawn(|| serve(bank, &listener, CLIENTS));
        // One transfer each way, one after the other: nothing can hang yet, and the inversion is
        // seen all the same.
        let cents = 100;
        clients[0].send(Transfer {
            from: 17,
            to: 4,
            cents,
        })?;
        clients[1].send(Transfer {
            from: 4,
            to: 17,
            cents,
        })?;
        // Then all of them at once.
        let mut threads = vec![server];
        for (number, client) in clients.into_iter().enumerate() {
            let random = Random(number as u64 + 1);
            threads.push(scope.spawn(move || client.send_many(random)));
        }
        let mut ends = threads.into_iter().map(ScopedJoinHandle::join);
        ends.try_for_each(|end| end.expect("no panic leaves a request"))
    })
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let ordered = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--ordered") => true,
        Some(_) => {
            eprintln!("usage: ledger [--ordered]");
            return Ok(ExitCode::from(2));
        }
    };
    if !ordered && !lockwarden::status().is_on() {
        eprintln!("ledger: lockwarden is {}", lockwarden::status());
        eprintln!("ledger: a deadlock would hang for ever; --ordered has none");
        return Ok(ExitCode::from(2));
    }
    watch()?;
    let bank = Bank::open(ordered);
    run(&bank)?;

    let statistics = *bank
        .statistics
        .read()
        .unwrap_or_else(PoisonError::into_inner);
    println!(
        "transfers: {} done, {} refused, {} broken off and sent again",
        statistics.done, statistics.refused, statistics.broken_off
    );
    let (before, after) = (OPENING_BALANCE * ACCOUNTS as i64, bank.total());
    let balanced = before == after && bank.agrees_with_audit();
    let verdict = if balanced { "balanced" } else { "NOT BALANCED" };
    println!("books:     {before} before, {after} after: {verdict}");
    let reports = REPORTS.lock().unwrap_or_else(PoisonError::into_inner);
    println!("reports:   {}", summary(&reports));
    // What each run is there to show.
    let as_expected = match ordered {
        true => reports.is_empty(),
        false => reports.contains_key(&Verdict::Inversion),
    };
    Ok(ExitCode::from(u8::from(!(balanced && as_expected))))
}

fn summary(reports: &BTreeMap<Verdict, usize>) -> String {
    let seen = match lockwarden::status() {
        Status::On(activity) => activity.reports as usize,
        _ => return "nothing is watched in this build".to_owned(),
    };
    if seen == 0 {
        return "nothing was found".to_owned();
    }
    let mut parts: Vec<String> = reports
        .iter()
        .map(|(verdict, n)| format!("{n} {verdict}"))
        .collect();
    let reported: usize = reports.values().sum();
    if seen > reported {
        parts.push(format!("{} more that were only counted", seen - reported));
    }
    parts.join(", ")
}
