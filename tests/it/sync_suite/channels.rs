//! Channels: names, signatures and behaviour, demanded of both flavours by the same lines.

use std::error::Error;
use std::thread;
use std::time::Duration;

use super::sync::mpsc::{
    self, IntoIter, Iter, Receiver, RecvError, RecvTimeoutError, SendError, Sender, SyncSender,
    TryIter, TryRecvError, TrySendError, channel, sync_channel,
};

const LIMIT: Duration = Duration::from_secs(60);

type S = &'static str;

#[test]
fn the_signatures_are_those_of_std() {
    const _: fn() -> (Sender<S>, Receiver<S>) = channel;
    const _: fn(usize) -> (SyncSender<S>, Receiver<S>) = sync_channel;
    const _: fn(&Sender<S>, S) -> Result<(), SendError<S>> = Sender::send;
    const _: fn(&SyncSender<S>, S) -> Result<(), SendError<S>> = SyncSender::send;
    const _: fn(&SyncSender<S>, S) -> Result<(), TrySendError<S>> = SyncSender::try_send;
    const _: fn(&Receiver<S>) -> Result<S, RecvError> = Receiver::recv;
    const _: fn(&Receiver<S>) -> Result<S, TryRecvError> = Receiver::try_recv;
    const _: fn(&Receiver<S>, Duration) -> Result<S, RecvTimeoutError> = Receiver::recv_timeout;
    const _: fn(&'static Receiver<S>) -> Iter<'static, S> = Receiver::iter;
    const _: fn(&'static Receiver<S>) -> TryIter<'static, S> = Receiver::try_iter;
    const _: fn(Receiver<S>) -> IntoIter<S> = Receiver::into_iter;
    const _: fn(&'static Receiver<S>) -> Iter<'static, S> =
        <&Receiver<S> as IntoIterator>::into_iter;
}

#[test]
fn messages_come_in_the_order_in_which_they_were_sent() {
    let (sender, receiver) = channel();
    for n in 0..100 {
        sender.send(n).unwrap();
    }
    drop(sender);
    assert!(receiver.into_iter().eq(0..100));
}

#[test]
fn many_senders_reach_one_receiver() {
    for bound in [None, Some(0), Some(3)] {
        let mut sum = 0;
        thread::scope(|scope| {
            let receiver = match bound {
                None => {
                    let (sender, receiver) = channel();
                    for n in 0..4 {
                        let sender = sender.clone();
                        scope.spawn(move || (0..50).for_each(|m| sender.send(n * m).unwrap()));
                    }
                    receiver
                }
                Some(bound) => {
                    let (sender, receiver) = sync_channel(bound);
                    for n in 0..4 {
                        let sender = sender.clone();
                        scope.spawn(move || (0..50).for_each(|m| sender.send(n * m).unwrap()));
                    }
                    receiver
                }
            };
            for n in &receiver {
                sum += n;
            }
        });
        assert_eq!(sum, 6 * 49 * 25);
    }
}

#[test]
fn a_sender_may_be_shared() {
    let (sender, receiver) = channel();
    thread::scope(|scope| {
        for n in 0..3 {
            let sender = &sender;
            scope.spawn(move || sender.send(n).unwrap());
        }
    });
    assert_eq!(receiver.try_iter().sum::<i32>(), 3);
}

#[test]
fn a_receiver_whose_senders_are_gone_says_so_after_the_last_message() {
    let (sender, receiver) = channel();
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    let short = receiver.recv_timeout(Duration::from_millis(1));
    assert_eq!(short, Err(RecvTimeoutError::Timeout));
    sender.send("a").unwrap();
    drop(sender);
    assert_eq!(receiver.recv_timeout(LIMIT), Ok("a"));
    assert_eq!(receiver.recv(), Err(RecvError));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
    let end = receiver.recv_timeout(LIMIT);
    assert_eq!(end, Err(RecvTimeoutError::Disconnected));
    assert_eq!(
        (receiver.iter().next(), receiver.try_iter().next()),
        (None, None)
    );
}

#[test]
fn what_cannot_be_sent_comes_back() {
    let (sender, receiver) = channel();
    drop(receiver);
    assert_eq!(sender.send(String::from("a")).unwrap_err().0, "a");
    let (sender, receiver) = sync_channel(1);
    sender.try_send(String::from("a")).unwrap();
    let full = sender.try_send(String::from("b")).unwrap_err();
    assert_eq!(full, TrySendError::Full(String::from("b")));
    drop(receiver);
    let gone = sender.try_send(String::from("c")).unwrap_err();
    assert_eq!(gone, TrySendError::Disconnected(String::from("c")));
    assert_eq!(sender.send(String::from("d")).unwrap_err().0, "d");
    let (sender, _receiver) = sync_channel(0);
    assert_eq!(sender.try_send(1), Err(TrySendError::Full(1)));
}

#[test]
fn a_waiting_send_fails_when_the_receiver_is_gone() {
    let (sender, receiver) = sync_channel(0);
    thread::scope(|scope| {
        let waiting = scope.spawn(move || sender.send(7));
        drop(receiver);
        assert_eq!(waiting.join().unwrap().unwrap_err().0, 7);
    });
}

#[test]
fn messages_that_no_thread_receives_are_dropped_with_the_receiver() {
    let counted = std::sync::Arc::new(());
    let (sender, receiver) = sync_channel(3);
    for _ in 0..3 {
        sender.send(counted.clone()).unwrap();
    }
    drop(receiver);
    assert_eq!(std::sync::Arc::strong_count(&counted), 1);
    drop(sender);
}

#[test]
fn senders_that_wait_for_room_go_on_one_by_one() {
    let (sender, receiver) = sync_channel(1);
    sender.send(0).unwrap();
    thread::scope(|scope| {
        for n in 1..5 {
            let sender = sender.clone();
            scope.spawn(move || sender.send(n).unwrap());
        }
        drop(sender);
        let mut all: Vec<i32> = receiver.iter().collect();
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2, 3, 4]);
    });
}

#[test]
fn waiting_sends_fail_when_the_receiver_is_gone() {
    let (sender, receiver) = sync_channel(1);
    sender.send(0).unwrap();
    thread::scope(|scope| {
        let waiting: Vec<_> = (1..4)
            .map(|n| {
                let sender = sender.clone();
                scope.spawn(move || sender.send(n).unwrap_err().0)
            })
            .collect();
        drop(receiver);
        let back: Vec<i32> = waiting.into_iter().map(|w| w.join().unwrap()).collect();
        assert_eq!(back, [1, 2, 3]);
    });
}

#[test]
fn a_message_is_handed_over_directly_in_every_way() {
    let (sender, receiver) = sync_channel(0);
    thread::scope(|scope| {
        scope.spawn(move || {
            for n in 0..4 {
                sender.send(n).unwrap();
            }
            while sender.try_send(4).is_err() {
                thread::yield_now();
            }
        });
        assert_eq!(receiver.recv(), Ok(0));
        assert_eq!(receiver.recv_timeout(LIMIT), Ok(1));
        let got = std::iter::repeat_with(|| receiver.try_recv().ok());
        assert_eq!(got.flatten().next(), Some(2));
        assert!(receiver.iter().eq([3, 4]));
        assert_eq!(receiver.recv(), Err(RecvError));
    });
}

#[test]
fn a_timeout_that_the_clock_has_no_room_for_is_no_limit() {
    let (sender, receiver) = sync_channel(0);
    thread::scope(|scope| {
        scope.spawn(move || sender.send(1).unwrap());
        assert_eq!(receiver.recv_timeout(Duration::MAX), Ok(1));
        let end = receiver.recv_timeout(Duration::MAX);
        assert_eq!(end, Err(RecvTimeoutError::Disconnected));
    });
}

#[test]
fn messages_that_no_thread_receives_are_dropped_with_the_channel() {
    let counted = std::sync::Arc::new(());
    let (sender, receiver) = channel();
    for _ in 0..3 {
        sender.send(counted.clone()).unwrap();
    }
    drop((receiver.recv(), receiver));
    assert_eq!(std::sync::Arc::strong_count(&counted), 1);
    assert!(sender.send(counted.clone()).is_err());
    assert_eq!(std::sync::Arc::strong_count(&counted), 1);
}

#[test]
fn the_ends_print_and_the_errors_speak() {
    let (sender, receiver) = channel::<u8>();
    let (bounded, _receiver) = sync_channel::<u8>(0);
    assert_eq!(format!("{sender:?}"), "Sender { .. }");
    assert_eq!(format!("{bounded:?}"), "SyncSender { .. }");
    assert_eq!(format!("{receiver:?}"), "Receiver { .. }");
    assert_eq!(
        format!("{:?}", receiver.iter()),
        "Iter { rx: Receiver { .. } }"
    );
    assert_eq!(
        format!("{:?}", receiver.try_iter()),
        "TryIter { rx: Receiver { .. } }"
    );
    assert_eq!(
        format!("{:?}", receiver.into_iter()),
        "IntoIter { rx: Receiver { .. } }"
    );
    fn speaks(error: impl Error) -> bool {
        !error.to_string().is_empty()
    }
    assert!(speaks(SendError(1)) && speaks(TrySendError::Full(1)));
    assert!(speaks(RecvError) && speaks(TryRecvError::Empty));
    assert!(speaks(RecvTimeoutError::Timeout));
    let _: mpsc::TrySendError<u8> = SendError(1).into();
}
