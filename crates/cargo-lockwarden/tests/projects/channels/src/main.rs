//! Channels of crossbeam-channel, under another name and by way of a dependency of another edition.

use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use chan::{Receiver, after, bounded, select, select_biased, tick, unbounded};

#[cfg(feature = "constant")]
const NOTHING: Receiver<()> = chan::never();

static LEDGER: Mutex<u32> = Mutex::new(0);
static AUDIT: Mutex<u32> = Mutex::new(0);

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("answers") => answers(),
        Some("cycle") => cycle(),
        Some("room") => room(),
        Some("selects") => selects(),
        Some("pool") => pool(),
        _ => panic!("no such kind"),
    }
    println!("ended");
}

/// All that ends.
fn answers() {
    let (questions, asked) = bounded(0);
    let (reply, answered) = bounded(0);
    let server = thread::spawn(move || {
        for question in asked {
            reply.send(question + 1).unwrap();
        }
    });
    for _ in 0..100 {
        assert_eq!(store::ask(&questions, &answered), 21);
    }
    drop(questions);
    server.join().unwrap();

    let (one, other) = (unbounded(), bounded(1));
    other.0.send(2).unwrap();
    assert_eq!(store::first(&one.1, &other.1), (2, false));
    select! {
        recv(one.1) -> _ => unreachable!(),
        recv(other.1) -> _ => unreachable!(),
        default => {}
    }
    select_biased! {
        recv(one.1) -> _ => unreachable!(),
        send(other.0, 3) -> sent => sent.unwrap(),
    }
    let ticks = tick(Duration::from_millis(5));
    let over = after(Duration::from_millis(200));
    let mut count = 0;
    while count < 3 {
        select! {
            recv(ticks) -> _ => count += 1,
            recv(over) -> _ => break,
        }
    }
    assert_eq!(chan::never::<()>().try_recv(), Err(chan::TryRecvError::Empty));

    // A message orders the two sides.
    let (sender, receiver) = unbounded();
    let first = thread::spawn(move || {
        let ledger = LEDGER.lock().unwrap();
        *AUDIT.lock().unwrap() += *ledger;
        drop(ledger);
        sender.send(()).unwrap();
    });
    receiver.recv().unwrap();
    let audit = AUDIT.lock().unwrap();
    *LEDGER.lock().unwrap() += *audit;
    drop(audit);
    first.join().unwrap();
}

/// Two threads wait for a message of the other one.
fn cycle() {
    let (questions, asked) = unbounded::<u32>();
    let (reply, answered) = unbounded::<u32>();
    let server = thread::spawn(move || {
        let question = *LEDGER.lock().unwrap() + asked.recv().unwrap();
        reply.send(question).unwrap();
    });
    let answer = answered.recv();
    let _ = questions.send(1);
    drop((answer, server.join()));
}

/// The channel is full, under a lock that the receiver needs.
fn room() {
    let (sender, receiver) = bounded(1);
    sender.send(0).unwrap();
    let ledger = LEDGER.lock().unwrap();
    let server = thread::spawn(move || {
        let _ledger = LEDGER.lock();
        receiver.recv()
    });
    let _ = sender.send(*ledger);
    drop(ledger);
    let _ = server.join();
}

/// No branch can become possible.
fn selects() {
    let (sender, receiver) = bounded::<u32>(0);
    let _ledger = LEDGER.lock().unwrap();
    select! {
        recv(receiver) -> _ => {}
        recv(unbounded::<u32>().1) -> _ => {}
        recv(chan::never::<u32>()) -> _ => {}
    }
    drop(sender);
}

/// Workers that wait for jobs until the program ends.
fn pool() {
    let (jobs, queue) = unbounded::<u32>();
    for _ in 0..3 {
        let queue: Receiver<u32> = queue.clone();
        thread::spawn(move || queue.iter().for_each(|job| *LEDGER.lock().unwrap() += job));
    }
    jobs.send(1).unwrap();
    // Longer than the detector takes to look at a wait that lasts.
    thread::sleep(Duration::from_millis(1500));
}
