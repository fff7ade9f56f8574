//! Actors: threads that own their state, and receive tagged messages that ask for an operation. A message that
//! asks for a result carries the channel for that result.
//!
//! ```text
//! cargo run --example actor             the message says all that the other actor has to know
//! cargo run --example actor -- --bug    the other actor asks back
//! ```
//!
//! A shop takes orders, and asks the stock whether there is enough. The stock keeps something back
//! for what the shop has taken on before, which the shop knows. In the first run that is in the
//! message. In the second one the stock asks the shop for it, while the shop waits for the stock:
//! each has the other's question in its mailbox and does not look there. Such a wait could be ended
//! by any thread that has an end of the channel, so it is reported when no thread is left that runs:
//! here at once, since the customer waits as well.
//!
//! The report says that all three threads wait, each for the answer of another, and in which line; and
//! one of them panics. That drops its mailbox with the questions in it, so that the others are reported
//! that there will be no answer, and the program ends.

use std::error::Error;
use std::io;
use std::process::ExitCode;

use lockwarden::sync::mpsc::{self, Receiver, RecvError, Sender};
use lockwarden::thread::{self, JoinHandle};

const STOCK: u32 = 10;

enum ToShop {
    Order(u32, Sender<bool>),
    Promised(Sender<u32>),
    Close,
}

enum ToStock {
    Reserve(Reservation, Sender<bool>),
    Close,
}

struct Reservation {
    pieces: u32,
    /// How many have been promised before. Without it, the stock asks for that: the bug.
    promised: Option<u32>,
}

/// A thread with a mailbox.
struct Actor<M> {
    mailbox: Sender<M>,
    thread: JoinHandle<()>,
}

impl<M: Send + 'static> Actor<M> {
    fn start(
        name: &'static str,
        (mailbox, messages): (Sender<M>, Receiver<M>),
        act: impl FnOnce(Receiver<M>) + Send + 'static,
    ) -> io::Result<Self> {
        let thread = thread::Builder::new().name(name.to_owned());
        let thread = thread.spawn(move || act(messages))?;
        Ok(Self { mailbox, thread })
    }
}

/// Sends a message with the place where the answer is to go, and waits for it there.
///
/// If the other actor ends or drops the message, there is no answer. Reports show the caller's line.
#[track_caller]
fn ask<M, A>(
    name: &'static str,
    mailbox: &Sender<M>,
    message: impl FnOnce(Sender<A>) -> M,
) -> Result<A, RecvError> {
    let (to_answer, answer) = mpsc::channel_named(name);
    mailbox.send(message(to_answer)).map_err(|_| RecvError)?;
    answer.recv()
}

fn shop(messages: Receiver<ToShop>, stock: Sender<ToStock>, bug: bool) {
    let mut promised = 0;
    for message in messages {
        match message {
            ToShop::Order(pieces, to_answer) => {
                let reservation = |to_answer| {
                    let promised = (!bug).then_some(promised);
                    ToStock::Reserve(Reservation { pieces, promised }, to_answer)
                };
                let Ok(reserved) = ask("answer of the stock", &stock, reservation) else {
                    return; // Whoever waits for the answer learns that there is none.
                };
                promised += if reserved { pieces } else { 0 };
                let _ = to_answer.send(reserved);
            }
            ToShop::Promised(to_answer) => _ = to_answer.send(promised),
            ToShop::Close => return,
        }
    }
}

fn stock(messages: Receiver<ToStock>, shop: Sender<ToShop>, pieces: u32) {
    for message in messages {
        match message {
            ToStock::Reserve(wanted, to_answer) => {
                let promised = match wanted.promised {
                    Some(promised) => Ok(promised),
                    None => ask("promises of the shop", &shop, ToShop::Promised),
                };
                let Ok(promised) = promised else { return };
                let _ = to_answer.send(promised + wanted.pieces <= pieces);
            }
            ToStock::Close => return,
        }
    }
}

fn run(bug: bool) -> Result<(), Box<dyn Error>> {
    let at_shop = mpsc::channel_named("shop");
    let at_stock = mpsc::channel_named("stock");
    let (to_shop, to_stock) = (at_shop.0.clone(), at_stock.0.clone());
    let shop = Actor::start("shop", at_shop, move |own| shop(own, to_stock, bug))?;
    let stock = Actor::start("stock", at_stock, move |own| stock(own, to_shop, STOCK))?;
    println!("there are {STOCK} pieces");
    for pieces in [6, 5, 4] {
        let order = |to_answer| ToShop::Order(pieces, to_answer);
        let taken = ask("answer of the shop", &shop.mailbox, order)?;
        let outcome = if taken { "taken" } else { "refused" };
        println!("{pieces} pieces: {outcome}");
    }
    // Each has a sender of the other's mailbox, so neither would end by itself.
    shop.mailbox.send(ToShop::Close)?;
    stock.mailbox.send(ToStock::Close)?;
    let ends = [shop.thread.join(), stock.thread.join()];
    assert!(ends.iter().all(Result::is_ok), "no actor panics");
    Ok(())
}

fn main() -> ExitCode {
    let bug = std::env::args().nth(1).is_some_and(|arg| arg == "--bug");
    if bug && !lockwarden::status().is_on() {
        eprintln!("actor: lockwarden is {}", lockwarden::status());
        eprintln!("actor: with its bug, this program would hang for ever");
        return ExitCode::from(2);
    }
    match run(bug) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            println!("no answer: {e}");
            ExitCode::FAILURE
        }
    }
}
