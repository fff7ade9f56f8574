//! Messages that no thread takes, or that no thread sends.

use std::sync::Arc;

use lockwarden::report::{WaitReason, WaitsFor};
use lockwarden::sync;
use lockwarden::watchdog::Phase;

use super::watch::{Watch, spawn, waiter, waits};
use crate::harness::{Case, case, check};
use crate::turns::{Turns, until};

fn receiver_has_returned(send_first: bool) -> Case {
    case(
        format!(
            "69, the receiver has returned and its value is alive, the send first: {send_first}"
        ),
        move || {
            let watch = Watch::waits();
            let (requests, receiver) = sync::mpsc::sync_channel_named("requests", 1);
            let turns = Arc::new(Turns::new());
            let own_turns = Arc::clone(&turns);
            let sends = spawn("waiter", move || {
                requests.send(0).unwrap();
                own_turns.pass(0);
                if !send_first {
                    own_turns.reach(2);
                }
                (1..3).for_each(|request| requests.send(request).unwrap());
            });
            turns.reach(1);
            if send_first {
                until(|| waits("waiter"));
            }
            // The receiver has got what it wanted; it lives on in this thread.
            assert_eq!(receiver.recv(), Ok(0));
            turns.pass(1);
            let alert = watch.next(Phase::Began);
            let (name, what) = waiter(&alert);
            assert_eq!(name, "waiter");
            let room = WaitReason::Room;
            assert!(matches!(what, WaitsFor::Resource { awaited, .. } if awaited == room));
            assert_eq!((receiver.recv(), receiver.recv()), (Ok(1), Ok(2)));
            sends.join().unwrap();
            watch.next(Phase::Ended);
        },
    )
    .finds("Stall requests")
}

fn lost_reply(wait_first: bool) -> Case {
    let name = format!("76, the sender of a reply is lost, the wait first: {wait_first}");
    case(name, move || {
        let watch = Watch::waits();
        let (reply, replies) = sync::mpsc::channel_named("replies");
        let wait = || spawn("waiter", move || assert_eq!(replies.recv(), Ok("late")));
        // Whoever is to reply meets an error, and leaves the sender in a table of open calls.
        let fail = || spawn("replier", move || [reply]);
        let (waiter_thread, open_calls) = if wait_first {
            let waiter = wait();
            until(|| waits("waiter"));
            (waiter, fail().join().unwrap())
        } else {
            let open_calls = fail().join().unwrap();
            (wait(), open_calls)
        };
        let alert = watch.next(Phase::Began);
        let (name, what) = waiter(&alert);
        assert_eq!(name, "waiter");
        let message = WaitReason::Message;
        assert!(matches!(what, WaitsFor::Resource { awaited, .. } if awaited == message));
        open_calls[0].send("late").unwrap();
        waiter_thread.join().unwrap();
        watch.next(Phase::Ended);
    })
    .finds("Stall replies")
}

#[test]
fn what_no_thread_takes_or_sends_is_reported() {
    let orders = [false, true];
    let both = [receiver_has_returned, lost_reply];
    check!(both.iter().flat_map(|case| orders.map(case)));
}
