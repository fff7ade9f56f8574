//! Crossbeam's channels: what a message, a disconnection and a selection put between two lock orders.

use lockwarden::channel::{
    Receiver, RecvTimeoutError, Select, Sender, TryRecvError, TrySendError, bounded, select,
    unbounded,
};
use lockwarden::thread;

use super::harness::Reported::{All, Default};
use super::harness::{LIMIT, apart, found, orders};

type Ends = (Sender<()>, Receiver<()>);

/// Runs the second order after what `receive` gets from what `send` sends after the first.
fn through(
    (sender, receiver): Ends,
    send: impl FnOnce(Sender<()>) + Send + 'static,
    receive: impl FnOnce(Receiver<()>) + Send + 'static,
) {
    let (ab, ba) = orders();
    let first = thread::spawn(move || {
        ab();
        send(sender);
    });
    let second = thread::spawn(move || {
        receive(receiver);
        ba();
    });
    first.join().unwrap();
    second.join().unwrap();
}

/// A channel of each sort.
fn sorts() -> [Ends; 3] {
    [unbounded(), bounded(1), bounded(0)]
}

#[test]
fn every_way_to_receive_orders() {
    let ways: [fn(Receiver<()>); 9] = [
        |r| r.recv().unwrap(),
        |r| while r.try_recv().is_err() {},
        |r| r.recv_timeout(LIMIT).unwrap(),
        |r| r.recv_deadline(std::time::Instant::now() + LIMIT).unwrap(),
        |r| r.iter().next().unwrap(),
        |r| while r.try_iter().next().is_none() {},
        |r| r.into_iter().next().unwrap(),
        |r| {
            let (_kept, other) = unbounded::<()>();
            select! {
                recv(r) -> message => message.unwrap(),
                recv(other) -> _ => unreachable!(),
            }
        },
        |r| {
            let mut choice = Select::new();
            choice.recv(&r);
            choice.ready();
            choice.select().recv(&r).unwrap();
        },
    ];
    let run = || {
        for way in ways {
            sorts()
                .into_iter()
                .for_each(|ends| through(ends, |s| s.send(()).unwrap(), way));
        }
    };
    assert_eq!(found!(All, run), ["Ordered a b"; 27]);
}

#[test]
fn every_way_to_send_orders() {
    let ways: [fn(Sender<()>); 4] = [
        |s| while s.try_send(()) == Err(TrySendError::Full(())) {},
        |s| s.send_timeout((), LIMIT).unwrap(),
        |s| {
            s.send_deadline((), std::time::Instant::now() + LIMIT)
                .unwrap()
        },
        |s| {
            let (_kept, other) = unbounded::<()>();
            select! {
                send(s, ()) -> sent => sent.unwrap(),
                recv(other) -> _ => unreachable!(),
            }
        },
    ];
    let run = || {
        for way in ways {
            sorts()
                .into_iter()
                .for_each(|ends| through(ends, way, |r| r.recv().unwrap()));
        }
    };
    assert_eq!(found!(All, run), ["Ordered a b"; 12]);
}

#[test]
fn a_receive_that_fails_is_after_the_drops_of_all_senders() {
    let ways: [fn(Receiver<()>); 5] = [
        |r| assert!(r.recv().is_err()),
        |r| while r.try_recv() != Err(TryRecvError::Disconnected) {},
        |r| {
            let gone = Err(RecvTimeoutError::Disconnected);
            assert_eq!(r.recv_timeout(LIMIT), gone);
        },
        |r| assert_eq!(r.iter().count(), 0),
        |r| {
            let (_kept, other) = unbounded::<()>();
            select! {
                recv(r) -> message => assert!(message.is_err()),
                recv(other) -> _ => unreachable!(),
            }
        },
    ];
    let run = || {
        for way in ways {
            sorts()
                .into_iter()
                .for_each(|ends| through(ends, drop, way));
        }
    };
    assert_eq!(found!(All, run), ["Ordered a b"; 15]);
}

#[test]
fn a_send_that_fails_is_after_the_drops_of_all_receivers() {
    let run = || {
        let ways: [fn(Sender<()>); 3] = [
            |s| while s.send(()).is_ok() {},
            |s| while s.try_send(()) != Err(TrySendError::Disconnected(())) {},
            |s| {
                let (_kept, other) = unbounded::<()>();
                let mut gone = false;
                while !gone {
                    select! {
                        send(s, ()) -> sent => gone = sent.is_err(),
                        recv(other) -> _ => unreachable!(),
                    }
                }
            },
        ];
        for way in ways {
            for (sender, receiver) in sorts() {
                let (ab, ba) = orders();
                let first = thread::spawn(move || {
                    ab();
                    drop(receiver);
                });
                let second = thread::spawn(move || {
                    way(sender);
                    ba();
                });
                first.join().unwrap();
                second.join().unwrap();
            }
        }
    };
    assert_eq!(found!(All, run), ["Ordered a b"; 9]);
}

#[test]
fn a_receipt_orders_nothing_for_the_sender() {
    let run = || {
        for (sender, receiver) in sorts() {
            let (ab, ba) = orders();
            let first = thread::spawn(move || {
                ab();
                receiver.recv().unwrap();
            });
            sender.send(()).unwrap();
            while !first.is_finished() {
                thread::yield_now();
            }
            ba();
            first.join().unwrap();
        }
    };
    assert_eq!(found!(Default, run), ["Inversion a b"; 3]);
}

#[test]
fn a_message_orders_nothing_for_other_receivers() {
    let run = || {
        let (ab, ba) = orders();
        let (sender, receiver) = unbounded();
        // One for each, of which the first is sent after the order.
        thread::scope(|scope| {
            let (early, late) = (sender.clone(), sender);
            let other = receiver.clone();
            early.send(()).unwrap();
            apart(
                scope,
                move || {
                    other.recv().unwrap();
                    ab();
                    late.send(()).unwrap();
                },
                move || {
                    // The message is there, and is left there.
                    let mut choice = Select::new();
                    choice.recv(&receiver);
                    choice.ready();
                    ba();
                },
            );
            drop(early);
        });
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}
