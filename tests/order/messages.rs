//! Messages: what a hand-over through a channel puts between two lock orders.

use std::sync::atomic::{AtomicBool, Ordering};

use lockwarden::sync::Mutex;
use lockwarden::sync::mpsc::{self, RecvTimeoutError, TryRecvError, TrySendError};
use lockwarden::thread;

use super::harness::Reported::{All, Default};
use super::harness::{found, nest, orders};

const NOTHING: [&str; 0] = [];

/// One thread takes the locks in one order and sends, another receives and takes them in the
/// other. The threads are never joined by each other.
fn handed_over() {
    let (ab, ba) = orders();
    let (sender, receiver) = mpsc::channel();
    let first = thread::spawn(move || {
        ab();
        sender.send(()).unwrap();
    });
    let second = thread::spawn(move || {
        receiver.recv().unwrap();
        ba();
    });
    first.join().unwrap();
    second.join().unwrap();
}

#[test]
fn handed_over_by_message_is_ordered() {
    assert_eq!(found!(All, handed_over), ["Ordered a b"]);
}

#[test]
fn handed_over_by_message_is_silent_by_default() {
    assert_eq!(found!(Default, handed_over), NOTHING);
}

/// Runs the second order after what `receive` gets from what `send` sends after the first.
fn through<S: Send + 'static, R: Send + 'static>(
    (sender, receiver): (S, R),
    send: impl FnOnce(S) + Send + 'static,
    receive: impl FnOnce(R) + Send + 'static,
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

#[test]
fn handed_over_through_bounded_channels_is_ordered() {
    let run = || {
        for bound in [0, 1, 5] {
            let channel = mpsc::sync_channel(bound);
            through(channel, |s| s.send(()).unwrap(), |r| r.recv().unwrap());
        }
    };
    assert_eq!(found!(All, run), ["Ordered a b"; 3]);
}

#[test]
fn every_way_to_receive_orders() {
    let run = |receive: fn(mpsc::Receiver<()>)| {
        move || through(mpsc::channel(), |s| s.send(()).unwrap(), receive)
    };
    let ways: [fn(mpsc::Receiver<()>); 5] = [
        |receiver| {
            while receiver.try_recv().is_err() {
                thread::yield_now();
            }
        },
        |receiver| receiver.recv_timeout(super::harness::LIMIT).unwrap(),
        |receiver| receiver.iter().next().unwrap(),
        |receiver| while receiver.try_iter().next().is_none() {},
        |receiver| receiver.into_iter().next().unwrap(),
    ];
    let found = found!(All, || ways.into_iter().for_each(|way| run(way)()));
    assert_eq!(found, ["Ordered a b"; 5]);
}

#[test]
fn a_message_that_was_sent_by_trying_orders() {
    let run = || {
        through(
            mpsc::sync_channel(0),
            |s| {
                while s.try_send(()) == Err(TrySendError::Full(())) {
                    thread::yield_now();
                }
            },
            |r| r.recv().unwrap(),
        );
    };
    assert_eq!(found!(All, run), ["Ordered a b"]);
}

#[test]
fn order_passes_through_a_third_thread() {
    let run = || {
        let (ab, ba) = orders();
        let (sender, between) = mpsc::channel();
        let (on, receiver) = mpsc::channel();
        thread::scope(|s| {
            s.spawn(move || {
                ab();
                sender.send(()).unwrap();
            });
            s.spawn(move || between.iter().for_each(|()| on.send(()).unwrap()));
            s.spawn(move || {
                receiver.recv().unwrap();
                ba();
            });
        });
    };
    assert_eq!(found!(All, run), ["Ordered a b"]);
}

#[test]
fn a_receive_that_fails_is_after_the_drops_of_all_senders() {
    let ways: [fn(mpsc::Receiver<()>); 3] = [
        |receiver| receiver.iter().for_each(drop),
        |receiver| while receiver.try_recv() != Err(TryRecvError::Disconnected) {},
        |receiver| {
            let end = receiver.recv_timeout(super::harness::LIMIT);
            assert_eq!(end, Err(RecvTimeoutError::Disconnected));
        },
    ];
    let run = || {
        for way in ways {
            let (sender, receiver) = mpsc::channel();
            let other = sender.clone();
            through(((sender, other), receiver), drop, way);
            let (sender, receiver) = mpsc::sync_channel(1);
            through((sender, receiver), drop, way);
        }
    };
    assert_eq!(found!(All, run), ["Ordered a b"; 6]);
}

#[test]
fn a_send_that_fails_is_after_the_drop_of_the_receiver() {
    let run = || {
        let (sender, receiver) = mpsc::channel();
        through((receiver, sender), drop, |s| while s.send(()).is_ok() {});
        let (sender, receiver) = mpsc::sync_channel(1);
        through((receiver, sender), drop, |s| {
            s.send(()).ok();
            s.send(()).unwrap_err();
        });
        let (sender, receiver) = mpsc::sync_channel(1);
        through((receiver, sender), drop, |s| {
            while s.try_send(()) != Err(TrySendError::Disconnected(())) {}
        });
    };
    assert_eq!(found!(All, run), ["Ordered a b"; 3]);
}

#[test]
fn what_a_sender_does_after_it_has_sent_is_concurrent() {
    let run = || {
        let (ab, ba) = orders();
        let (sender, receiver) = mpsc::channel();
        let first = thread::spawn(move || {
            sender.send(()).unwrap();
            ab();
        });
        receiver.recv().unwrap();
        while !first.is_finished() {
            thread::yield_now();
        }
        ba();
        first.join().unwrap();
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

/// The same, when the sender has taken locks under others before, so that they are known to it.
#[test]
fn an_order_that_is_repeated_after_a_send_is_concurrent() {
    let run = || {
        let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
        let (sender, receiver) = mpsc::channel();
        let (a, b) = (&a, &b);
        thread::scope(|s| {
            let first = s.spawn(move || {
                for _ in 0..2 {
                    nest(a, b);
                    sender.send(()).unwrap();
                    nest(a, b);
                }
            });
            s.spawn(move || {
                receiver.recv().unwrap();
                while !first.is_finished() {
                    thread::yield_now();
                }
                nest(b, a);
            });
        });
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

#[test]
fn messages_that_cross_order_nothing() {
    let run = || {
        let (ab, ba) = orders();
        let (there, from_first) = mpsc::channel();
        let (back, from_second) = mpsc::channel();
        // Keeps them from meeting, unseen.
        let over = &AtomicBool::new(false);
        thread::scope(|s| {
            s.spawn(move || {
                there.send(()).unwrap();
                ab();
                over.store(true, Ordering::Release);
                from_second.recv().unwrap();
            });
            s.spawn(move || {
                back.send(()).unwrap();
                from_first.recv().unwrap();
                while !over.load(Ordering::Acquire) {
                    thread::yield_now();
                }
                ba();
            });
        });
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

#[test]
fn a_receive_orders_nothing_for_the_sender() {
    let run = || {
        let (ab, ba) = orders();
        let (sender, receiver) = mpsc::sync_channel(1);
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
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

/// Runs the second order after what `send` has sent directly to what `receive` gets after the first.
fn directly(
    send: impl FnOnce(&mpsc::SyncSender<()>) + Send + 'static,
    receive: impl FnOnce(&mpsc::Receiver<()>) + Send + 'static,
) {
    let (ab, ba) = orders();
    let (sender, receiver) = mpsc::sync_channel(0);
    let first = thread::spawn(move || {
        ab();
        receive(&receiver);
    });
    let second = thread::spawn(move || {
        send(&sender);
        ba();
    });
    first.join().unwrap();
    second.join().unwrap();
}

#[test]
fn a_send_without_a_buffer_is_ordered_after_what_the_receiver_did_before() {
    let run = || {
        let late = |receiver: &mpsc::Receiver<()>| {
            // The sender waits meanwhile.
            thread::sleep(std::time::Duration::from_millis(30));
            receiver.recv().unwrap();
        };
        directly(|sender| sender.send(()).unwrap(), late);
        let early = |sender: &mpsc::SyncSender<()>| {
            // The receiver waits meanwhile.
            thread::sleep(std::time::Duration::from_millis(30));
            sender.send(()).unwrap();
        };
        directly(early, |receiver| receiver.recv().unwrap());
        let tries = |sender: &mpsc::SyncSender<()>| {
            while sender.try_send(()).is_err() {
                thread::yield_now();
            }
        };
        let timed = |receiver: &mpsc::Receiver<()>| {
            receiver.recv_timeout(super::harness::LIMIT).unwrap();
        };
        directly(tries, timed);
        let polls = |receiver: &mpsc::Receiver<()>| {
            while receiver.try_recv().is_err() {
                thread::yield_now();
            }
        };
        directly(|sender| sender.send(()).unwrap(), polls);
    };
    assert_eq!(found!(All, run), ["Ordered a b"; 4]);
}

#[test]
fn what_the_receiver_does_after_the_receive_is_concurrent_although_it_receives_again() {
    static RECEIVED: AtomicBool = AtomicBool::new(false);
    static RECEIVES_AGAIN: AtomicBool = AtomicBool::new(false);
    let until = |flag: &AtomicBool| {
        while !flag.load(Ordering::Acquire) {
            thread::yield_now();
        }
    };
    let run = || {
        let (ab, ba) = orders();
        let (sender, receiver) = mpsc::sync_channel(0);
        let again = sender.clone();
        let receives = thread::spawn(move || {
            receiver.recv().unwrap();
            ab();
            RECEIVED.store(true, Ordering::Release);
            receiver.recv().unwrap();
        });
        let sends = thread::spawn(move || {
            sender.send(()).unwrap();
            until(&RECEIVES_AGAIN);
            ba();
        });
        until(&RECEIVED);
        while again.try_send(()).is_err() {
            thread::yield_now();
        }
        RECEIVES_AGAIN.store(true, Ordering::Release);
        receives.join().unwrap();
        sends.join().unwrap();
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

#[test]
fn a_message_of_another_thread_orders_nothing() {
    let run = || {
        let (ab, ba) = orders();
        let (sender, receiver) = mpsc::channel();
        let (_kept, both) = (sender.clone(), sender);
        thread::scope(|s| {
            let first = s.spawn({
                let sender = both.clone();
                move || {
                    ab();
                    drop(sender);
                }
            });
            s.spawn(move || {
                while !first.is_finished() {
                    thread::yield_now();
                }
                both.send(()).unwrap();
            });
            s.spawn(move || {
                receiver.recv().unwrap();
                ba();
            });
        });
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

#[test]
fn a_lock_that_is_released_and_taken_orders_nothing() {
    let run = || {
        let (ab, ba) = orders();
        let done = Mutex::named("done", false);
        thread::scope(|s| {
            s.spawn(|| {
                ab();
                *done.lock().unwrap() = true;
            });
            s.spawn(|| {
                while !*done.lock().unwrap() {
                    thread::yield_now();
                }
                ba();
            });
        });
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}
