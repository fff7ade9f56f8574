//! Channels: what is demanded of crossbeam's and of ours, by the same lines.

use std::collections::HashSet;
use std::error::Error;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::channel::{
    IntoIter, Iter, ReadyTimeoutError, Receiver, RecvError, RecvTimeoutError, Select,
    SelectTimeoutError, SelectedOperation, SendError, SendTimeoutError, Sender, TryIter,
    TryReadyError, TryRecvError, TrySelectError, TrySendError, after, at, bounded, never, select,
    select_biased, tick, unbounded,
};

const LIMIT: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(1);

type S = &'static str;
type R<T> = Receiver<T>;
type Sent = Result<(), SendError<S>>;
type SentInTime = Result<(), SendTimeoutError<S>>;

#[test]
fn the_signatures_are_those_of_crossbeam() {
    const _: fn() -> (Sender<S>, R<S>) = unbounded;
    const _: fn(usize) -> (Sender<S>, R<S>) = bounded;
    const _: fn(Duration) -> R<Instant> = after;
    const _: fn(Instant) -> R<Instant> = at;
    const _: fn(Duration) -> R<Instant> = tick;
    const _: fn() -> R<S> = never;
    const _: fn(&Sender<S>, S) -> Sent = Sender::send;
    const _: fn(&Sender<S>, S) -> Result<(), TrySendError<S>> = Sender::try_send;
    const _: fn(&Sender<S>, S, Duration) -> SentInTime = Sender::send_timeout;
    const _: fn(&Sender<S>, S, Instant) -> SentInTime = Sender::send_deadline;
    const _: [fn(&Sender<S>) -> bool; 2] = [Sender::is_empty, Sender::is_full];
    const _: fn(&Sender<S>) -> usize = Sender::len;
    const _: fn(&Sender<S>) -> Option<usize> = Sender::capacity;
    const _: fn(&Sender<S>, &Sender<S>) -> bool = Sender::same_channel;
    const _: fn(&R<S>) -> Result<S, RecvError> = Receiver::recv;
    const _: fn(&R<S>) -> Result<S, TryRecvError> = Receiver::try_recv;
    const _: fn(&R<S>, Duration) -> Result<S, RecvTimeoutError> = Receiver::recv_timeout;
    const _: fn(&R<S>, Instant) -> Result<S, RecvTimeoutError> = Receiver::recv_deadline;
    const _: [fn(&R<S>) -> bool; 2] = [Receiver::is_empty, Receiver::is_full];
    const _: fn(&R<S>) -> usize = Receiver::len;
    const _: fn(&R<S>) -> Option<usize> = Receiver::capacity;
    const _: fn(&R<S>, &R<S>) -> bool = Receiver::same_channel;
    const _: fn(&'static R<S>) -> Iter<'static, S> = Receiver::iter;
    const _: fn(&'static R<S>) -> TryIter<'static, S> = Receiver::try_iter;
    const _: fn(R<S>) -> IntoIter<S> = Receiver::into_iter;
    const _: fn(&'static R<S>) -> Iter<'static, S> = <&R<S> as IntoIterator>::into_iter;
    type Choice = Select<'static>;
    type Chosen = SelectedOperation<'static>;
    const _: [fn() -> Choice; 3] = [Choice::new, Choice::new_biased, Choice::default];
    const _: fn(&mut Choice, &'static Sender<S>) -> usize = Choice::send;
    const _: fn(&mut Choice, &'static R<S>) -> usize = Choice::recv;
    const _: fn(&mut Choice, usize) = Choice::remove;
    const _: fn(&mut Choice) -> Result<Chosen, TrySelectError> = Choice::try_select;
    const _: fn(&mut Choice) -> Chosen = Choice::select;
    const _: fn(&mut Choice, Duration) -> Result<Chosen, SelectTimeoutError> =
        Choice::select_timeout;
    const _: fn(&mut Choice, Instant) -> Result<Chosen, SelectTimeoutError> =
        Choice::select_deadline;
    const _: fn(&mut Choice) -> Result<usize, TryReadyError> = Choice::try_ready;
    const _: fn(&mut Choice) -> usize = Choice::ready;
    const _: fn(&mut Choice, Duration) -> Result<usize, ReadyTimeoutError> = Choice::ready_timeout;
    const _: fn(&mut Choice, Instant) -> Result<usize, ReadyTimeoutError> = Choice::ready_deadline;
    const _: fn(&Chosen) -> usize = Chosen::index;
    const _: fn(Chosen, &Sender<S>, S) -> Sent = Chosen::send;
    const _: fn(Chosen, &R<S>) -> Result<S, RecvError> = Chosen::recv;
}

#[test]
fn the_traits_are_those_of_crossbeam() {
    fn ends<T: Send + Sync + Clone + UnwindSafe + RefUnwindSafe + std::fmt::Debug>() {}
    ends::<Sender<std::cell::Cell<u8>>>();
    ends::<Receiver<std::cell::Cell<u8>>>();
    fn choice<T: Send + Sync + Clone + Default + std::fmt::Debug>() {}
    choice::<Select<'static>>();
    fn fused<T: std::iter::FusedIterator + std::fmt::Debug>() {}
    fused::<Iter<'static, u8>>();
    fused::<IntoIter<u8>>();
    let (sender, receiver) = unbounded::<u8>();
    assert_eq!(format!("{sender:?}"), "Sender { .. }");
    assert_eq!(format!("{receiver:?}"), "Receiver { .. }");
    assert_eq!(format!("{:?}", receiver.iter()), "Iter { .. }");
    assert_eq!(format!("{:?}", receiver.try_iter()), "TryIter { .. }");
    assert_eq!(format!("{:?}", Select::new()), "Select { .. }");
    assert_eq!(format!("{:?}", receiver.into_iter()), "IntoIter { .. }");
    fn speaks(error: impl Error) -> bool {
        !error.to_string().is_empty()
    }
    assert!(speaks(SendError(1)) && speaks(TrySendError::Full(1)) && speaks(RecvError));
    assert!(speaks(SendTimeoutError::Timeout(1)) && speaks(TryRecvError::Empty));
    assert!(speaks(RecvTimeoutError::Timeout) && speaks(TrySelectError));
    assert!(speaks(SelectTimeoutError));
}

#[test]
fn messages_come_once_each_and_in_order_whatever_the_capacity() {
    for capacity in [None, Some(0), Some(1), Some(7)] {
        let (sender, receiver) = capacity.map_or_else(unbounded, bounded);
        thread::scope(|scope| {
            scope.spawn(move || (0..200).for_each(|n| sender.send(n).unwrap()));
            assert!(receiver.iter().eq(0..200), "{capacity:?}");
        });
        assert_eq!(receiver.recv(), Err(RecvError));
    }
}

#[test]
fn each_message_goes_to_one_of_the_receivers() {
    for capacity in [None, Some(0), Some(3)] {
        let (sender, receiver) = capacity.map_or_else(unbounded, bounded);
        let mut all: Vec<i32> = thread::scope(|scope| {
            let receiving: Vec<_> = (0..3)
                .map(|_| {
                    let receiver = receiver.clone();
                    scope.spawn(move || receiver.into_iter().collect::<Vec<_>>())
                })
                .collect();
            for of in 0..3 {
                let sender = sender.clone();
                scope.spawn(move || (0..50).for_each(|n| sender.send(of * 50 + n).unwrap()));
            }
            drop(sender);
            let lists = receiving.into_iter().map(|r| r.join().unwrap());
            lists.flatten().collect()
        });
        all.sort_unstable();
        assert!(all.into_iter().eq(0..150), "{capacity:?}");
    }
}

#[test]
fn what_cannot_be_sent_comes_back() {
    let (sender, receiver) = bounded(1);
    let text = || String::from("a");
    sender.try_send(text()).unwrap();
    assert_eq!(sender.try_send(text()), Err(TrySendError::Full(text())));
    let timeout = SendTimeoutError::Timeout(text());
    assert_eq!(sender.send_timeout(text(), SHORT), Err(timeout.clone()));
    assert_eq!(sender.send_deadline(text(), Instant::now()), Err(timeout));
    drop(receiver);
    assert_eq!(sender.send(text()), Err(SendError(text())));
    let gone = TrySendError::Disconnected(text());
    assert_eq!(sender.try_send(text()), Err(gone));
    let gone = SendTimeoutError::Disconnected(text());
    assert_eq!(sender.send_timeout(text(), LIMIT), Err(gone));
}

#[test]
fn a_receiver_whose_senders_are_gone_says_so_after_the_last_message() {
    let (sender, receiver) = unbounded();
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(receiver.recv_timeout(SHORT), Err(RecvTimeoutError::Timeout));
    let over = receiver.recv_deadline(Instant::now());
    assert_eq!(over, Err(RecvTimeoutError::Timeout));
    sender.send(1).unwrap();
    drop(sender);
    assert_eq!(receiver.recv_timeout(LIMIT), Ok(1));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
    let gone = receiver.recv_timeout(LIMIT);
    assert_eq!(gone, Err(RecvTimeoutError::Disconnected));
}

#[test]
fn a_wait_ends_with_an_error_when_the_other_side_is_gone() {
    for capacity in [0, 1] {
        let (sender, receiver) = bounded(capacity);
        (0..capacity).for_each(|n| sender.send(n).unwrap());
        thread::scope(|scope| {
            let waiting = scope.spawn(move || sender.send(7));
            drop(receiver);
            assert_eq!(waiting.join().unwrap(), Err(SendError(7)));
        });
        let (sender, receiver) = bounded::<u8>(capacity);
        thread::scope(|scope| {
            let waiting = scope.spawn(move || receiver.recv());
            drop(sender);
            assert_eq!(waiting.join().unwrap(), Err(RecvError));
        });
    }
}

#[test]
fn a_timeout_that_the_clock_has_no_room_for_is_no_limit() {
    let (sender, receiver) = bounded(0);
    thread::scope(|scope| {
        scope.spawn(move || sender.send_timeout(1, Duration::MAX).unwrap());
        assert_eq!(receiver.recv_timeout(Duration::MAX), Ok(1));
    });
}

#[test]
fn messages_that_no_thread_receives_are_dropped_with_the_channel() {
    let counted = Arc::new(());
    for capacity in [None, Some(5)] {
        let (sender, receiver) = capacity.map_or_else(unbounded, bounded);
        (0..3).for_each(|_| sender.send(counted.clone()).unwrap());
        drop((receiver.recv(), receiver, sender));
        assert_eq!(Arc::strong_count(&counted), 1);
    }
}

#[test]
fn a_channel_knows_how_full_it_is() {
    let (sender, receiver) = bounded(2);
    for n in 0..=2 {
        assert_eq!((sender.len(), receiver.len()), (n, n));
        assert_eq!((sender.is_empty(), receiver.is_empty()), (n == 0, n == 0));
        assert_eq!((sender.is_full(), receiver.is_full()), (n == 2, n == 2));
        sender.try_send(n).ok();
    }
    assert_eq!((sender.capacity(), receiver.capacity()), (Some(2), Some(2)));
    let (sender, receiver) = bounded::<u8>(0);
    assert!(sender.is_empty() && sender.is_full() && receiver.is_empty() && receiver.is_full());
    assert_eq!(unbounded::<u8>().1.capacity(), None);
}

#[test]
fn ends_know_whether_they_are_of_one_channel() {
    let ((a, b), (c, d)) = (unbounded::<Instant>(), bounded(1));
    assert!(a.same_channel(&a.clone()) && b.same_channel(&b.clone()));
    assert!(!a.same_channel(&c) && !b.same_channel(&d));
    let (once, ticks) = (after(LIMIT), tick(LIMIT));
    assert!(once.same_channel(&once.clone()) && ticks.same_channel(&ticks.clone()));
    assert!(!once.same_channel(&ticks) && !once.same_channel(&b));
    assert!(!once.same_channel(&after(LIMIT)));
    assert!(never::<u8>().same_channel(&never()));
}

#[test]
fn clocks_tell_the_time() {
    let start = Instant::now();
    let once = after(SHORT);
    assert_eq!((once.capacity(), once.len()), (Some(1), 0));
    assert!(once.recv().unwrap() >= start + SHORT);
    assert_eq!(once.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(once.recv_timeout(SHORT), Err(RecvTimeoutError::Timeout));
    assert_eq!(at(start).recv(), Ok(start));
    let ticks = tick(SHORT);
    let times: Vec<Instant> = ticks.iter().take(3).collect();
    assert!(times[0] >= start + SHORT);
    assert!(times[1] >= times[0] + SHORT && times[2] >= times[1] + SHORT);
    assert_eq!(never::<u8>().try_recv(), Err(TryRecvError::Empty));
    assert_eq!(
        never::<u8>().recv_timeout(SHORT),
        Err(RecvTimeoutError::Timeout)
    );
}

#[test]
fn a_selection_does_what_can_be_done() {
    let (first, second) = (bounded(1), bounded(1));
    first.0.send(1).unwrap();
    let mut choice = Select::new();
    let receiving = choice.recv(&second.1);
    let full = choice.send(&first.0);
    assert!(choice.try_select().is_err() && choice.try_ready().is_err());
    assert!(choice.select_timeout(SHORT).is_err() && choice.ready_timeout(SHORT).is_err());
    assert!(choice.select_deadline(Instant::now()).is_err());
    assert!(choice.ready_deadline(Instant::now()).is_err());
    second.0.send(2).unwrap();
    assert_eq!(
        (choice.ready(), choice.try_ready()),
        (receiving, Ok(receiving))
    );
    let operation = choice.select();
    assert_eq!(operation.index(), receiving);
    assert_eq!(operation.recv(&second.1), Ok(2));
    first.1.recv().unwrap();
    let operation = choice.select_timeout(LIMIT).unwrap();
    assert_eq!(operation.index(), full);
    operation.send(&first.0, 3).unwrap();
    choice.remove(full);
    let sending = choice.send(&second.0);
    assert!(sending > full);
    assert_eq!(choice.ready_timeout(LIMIT), Ok(sending));
    assert!(Select::new().select_timeout(SHORT).is_err());
}

#[test]
#[should_panic(expected = "no operations")]
fn a_selection_of_nothing_panics() {
    let _ = Select::new().select();
}

#[test]
fn a_selection_that_waits_is_woken_by_each_of_its_channels() {
    for capacity in [0, 1] {
        let channels: Vec<_> = (0..3).map(|_| bounded::<usize>(capacity)).collect();
        for (n, (sender, _)) in channels.iter().enumerate() {
            thread::scope(|scope| {
                scope.spawn(|| sender.send(n).unwrap());
                let mut choice = Select::new();
                for (_, receiver) in &channels {
                    choice.recv(receiver);
                }
                let operation = choice.select();
                assert_eq!(operation.index(), n);
                assert_eq!(operation.recv(&channels[n].1), Ok(n));
            });
        }
    }
}

#[test]
fn two_selections_hand_over_to_each_other() {
    let (there, back) = (bounded(0), bounded(0));
    let play = |out: &Sender<u32>, other: &Receiver<u32>| {
        for n in 0..200 {
            select! {
                send(out, n) -> sent => {
                    sent.unwrap();
                    assert_eq!(other.recv(), Ok(n));
                }
                recv(other) -> got => {
                    assert_eq!(got, Ok(n));
                    out.send(n).unwrap();
                }
            }
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| play(&there.0, &back.1));
        play(&back.0, &there.1);
    });
}

#[test]
fn a_selection_ends_when_the_other_side_is_gone() {
    let (sender, receiver) = bounded::<u8>(0);
    drop(receiver);
    let (kept, empty) = unbounded::<u8>();
    let refused = select! {
        send(sender, 1) -> sent => sent,
        recv(empty) -> _ => unreachable!("{kept:?}"),
    };
    assert_eq!(refused, Err(SendError(1)));
    drop(kept);
    select!(recv(empty) -> got => assert_eq!(got, Err(RecvError)));
    select! { recv(empty) -> got => assert_eq!(got, Err(RecvError)), default => unreachable!() }
}

#[test]
fn of_several_each_may_be_chosen_and_the_first_if_so_wished() {
    let channels: Vec<_> = (0..3).map(|_| bounded::<()>(1)).collect();
    let [(a, _), (b, _), (c, _)] = &channels[..] else {
        unreachable!()
    };
    let mut chosen = HashSet::new();
    while chosen.len() < 3 {
        chosen.insert(select! {
            send(a, ()) -> _ => 0,
            send(b, ()) -> _ => 1,
            send(c, ()) -> _ => 2,
        });
        channels
            .iter()
            .for_each(|(_, receiver)| _ = receiver.try_recv());
    }
    for _ in 0..20 {
        select_biased! {
            send(a, ()) -> sent => sent.unwrap(),
            send(b, ()) -> _ => unreachable!(),
        }
        channels[0].1.recv().unwrap();
    }
    let mut choice = Select::new_biased();
    choice.send(b);
    choice.send(c);
    assert_eq!(choice.ready(), 0);
}

#[test]
fn branches_may_be_written_in_every_way() {
    let (sender, receiver) = unbounded();
    let shared = Arc::new(receiver.clone());
    (0..6).for_each(|n| sender.send(n).unwrap());
    let mut got = Vec::new();
    // A block without a comma, and one that goes on.
    select! {
        recv(receiver) -> message => { got.push(message.unwrap()) }
        default => { unreachable!() }
    }
    got.push(select! {
        recv(&receiver) -> message => { message }.unwrap(),
        default() => unreachable!(),
    });
    // Commas at the ends, the default first, and ends behind other things.
    select! {
        default(LIMIT,) => unreachable!(),
        recv(shared,) -> mut message => {
            message = message.map(|n| n + 10);
            got.push(message.unwrap());
        },
    }
    for maybe in [Some(&receiver), None] {
        select! {
            recv(maybe.unwrap_or(&never())) -> message => got.push(message.unwrap()),
            recv(at(Instant::now() + if maybe.is_some() { LIMIT } else { SHORT })) -> _ => {
                assert!(maybe.is_none())
            }
        }
    }
    // In brackets, on one line, and in each other.
    select!(recv(receiver) -> outer => select! {
        recv(receiver) -> inner => got.extend([outer.unwrap(), inner.unwrap()]),
        default => unreachable!(),
    });
    assert_eq!(got, [0, 1, 12, 3, 4, 5]);
    let nothing = select! { default => 7 };
    assert_eq!(nothing, 7);
    assert!(select! { recv(never::<u8>()) -> _ => false, default(SHORT) => true });
}

#[test]
fn a_body_stands_where_it_is_written() {
    fn next(receiver: &Receiver<i32>) -> Result<i32, RecvError> {
        loop {
            select! {
                recv(receiver) -> message => match message? {
                    0 => continue,
                    1 => break,
                    n => return Ok(n),
                },
                recv(after(LIMIT)) -> _ => unreachable!(),
            }
        }
        Ok(-1)
    }
    let (sender, receiver) = unbounded();
    [0, 5, 0, 1]
        .into_iter()
        .for_each(|n| sender.send(n).unwrap());
    assert_eq!((next(&receiver), next(&receiver)), (Ok(5), Ok(-1)));
    drop(sender);
    assert_eq!(next(&receiver), Err(RecvError));
}

#[test]
fn a_body_may_change_what_was_selected_from() {
    let (sender, mut receiver) = unbounded();
    sender.send(1).unwrap();
    drop(sender);
    let (_kept, other) = unbounded::<u8>();
    let mut got = Vec::new();
    for _ in 0..3 {
        select! {
            recv(receiver) -> message => match message {
                Ok(message) => got.push(message),
                Err(RecvError) => receiver = never(),
            },
            recv(other) -> _ => unreachable!(),
            default => got.push(0),
        }
    }
    assert_eq!(got, [1, 0]);
}

#[test]
fn ends_are_evaluated_once_and_messages_only_when_they_are_sent() {
    let (sender, receiver) = bounded(1);
    let mut evaluated = (0, 0);
    for _ in 0..2 {
        select! {
            send({ evaluated.0 += 1; &sender }, { evaluated.1 += 1; evaluated.1 }) -> sent => {
                sent.unwrap();
            }
            default => {}
        }
    }
    assert_eq!(evaluated, (2, 1));
    assert_eq!(receiver.recv(), Ok(1));
}
