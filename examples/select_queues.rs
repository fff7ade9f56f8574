//! One consumer waits for several sources at once: two channels, and a socket, whose lines a helper
//! thread forwards into a third.
//!
//! ```text
//! cargo run --features channel --example select_queues             one credit is given at the start
//! cargo run --features channel --example select_queues -- --bug    credits are given for bookings alone
//! ```
//!
//! A clerk sends orders and returns, one for each credit that it has, so that it is never far ahead.
//! The consumer gives a credit for each that it has booked, and, in the first run, one at the start.
//! In the second run the clerk waits for the first credit, and the consumer for what the clerk sends.
//! That looks well for as long as lines come in from the socket; then no branch can ever be ready.
//!
//! While a thread reads from the socket, nothing is reported: that thread could do anything next. When
//! the peer has hung up, the report says that all threads wait: the clerk for a message of `credits`,
//! the consumer for one of the branches of its selection, in the line of that. One of them panics;
//! its ends of the channels are dropped, by which the others learn that nothing more will come.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::ExitCode;

use lockwarden::channel::{Receiver, Sender, never, select, unbounded_named};
use lockwarden::thread;

/// Sends an order and a return by turns, one for each credit.
fn produce(credits: &Receiver<()>, orders: &Sender<u32>, returns: &Sender<u32>) {
    for number in 0..6 {
        let to = if number % 2 == 0 { orders } else { returns };
        if credits.recv().is_err() || to.send(number).is_err() {
            return; // The consumer is gone.
        }
    }
}

/// Forwards the lines of a socket until the peer hangs up.
fn forward(socket: TcpStream, lines: &Sender<String>) -> io::Result<()> {
    for line in BufReader::new(socket).lines() {
        if lines.send(line?).is_err() {
            break;
        }
    }
    Ok(())
}

struct Sources {
    orders: Receiver<u32>,
    returns: Receiver<u32>,
    lines: Receiver<String>,
}

#[derive(Default)]
struct Booked {
    orders: usize,
    returns: usize,
    lines: usize,
}

/// Books what comes, whatever comes first, until nothing more can come.
fn consume(mut from: Sources, credits: Sender<()>, bug: bool) -> Booked {
    let mut booked = Booked::default();
    let mut open = 3;
    // No thread is there for a credit when the clerk is done: that is no harm.
    let give_credit = || _ = credits.send(());
    if !bug {
        give_credit();
    }
    while open > 0 {
        // A channel without senders is ready for ever. One that never is takes its place.
        select! {
            recv(from.orders) -> order => match order {
                Ok(_) => {
                    booked.orders += 1;
                    give_credit();
                }
                Err(_) => (open, from.orders) = (open - 1, never()),
            },
            recv(from.returns) -> goods => match goods {
                Ok(_) => {
                    booked.returns += 1;
                    give_credit();
                }
                Err(_) => (open, from.returns) = (open - 1, never()),
            },
            recv(from.lines) -> line => match line {
                Ok(_) => booked.lines += 1,
                Err(_) => (open, from.lines) = (open - 1, never()),
            },
        }
    }
    booked
}

fn run(bug: bool) -> io::Result<bool> {
    let (credit, credits) = unbounded_named("credits");
    let (order, orders) = unbounded_named("orders");
    let (goods, returns) = unbounded_named("returns");
    let (line, lines) = unbounded_named("lines");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut peer = TcpStream::connect(listener.local_addr()?)?;
    let (socket, _) = listener.accept()?;

    let named = |name: &str| thread::Builder::new().name(name.to_owned());
    let from = Sources {
        orders,
        returns,
        lines,
    };
    let consumer = named("consumer").spawn(move || consume(from, credit, bug))?;
    let clerk = named("clerk").spawn(move || produce(&credits, &order, &goods))?;
    let forwarder = named("forwarder").spawn(move || forward(socket, &line))?;
    peer.write_all(b"open\npaid\nclosed\n")?;
    drop(peer);

    let forwarded = forwarder.join().is_ok_and(|lines| lines.is_ok());
    println!("the peer has hung up");
    let produced = clerk.join().is_ok();
    let Ok(booked) = consumer.join() else {
        println!("the consumer broke off");
        return Ok(false);
    };
    let Booked {
        orders,
        returns,
        lines,
    } = booked;
    println!("booked: {orders} orders, {returns} returns, {lines} lines");
    Ok(forwarded && produced)
}

fn main() -> ExitCode {
    let bug = std::env::args().nth(1).is_some_and(|arg| arg == "--bug");
    if bug && !lockwarden::status().is_on() {
        eprintln!("select_queues: lockwarden is {}", lockwarden::status());
        eprintln!("select_queues: with its bug, this program would hang for ever");
        return ExitCode::from(2);
    }
    let complete = run(bug).expect("there is a loopback, and threads can be had");
    ExitCode::from(u8::from(!complete))
}
