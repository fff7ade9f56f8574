//! How threads end: with a value, with a panic, unjoined.

use std::cell::Cell;
use std::panic::{panic_any, resume_unwind};
use std::sync::mpsc;

use super::thread;

/// Says where it was dropped.
struct Tells(mpsc::Sender<thread::ThreadId>);

impl Drop for Tells {
    fn drop(&mut self) {
        let _ = self.0.send(thread::current().id());
    }
}

#[test]
fn a_value_is_returned_by_the_join() {
    assert_eq!(thread::spawn(|| vec![1, 2]).join().unwrap(), [1, 2]);
    // A value need not be `Sync`, and a handle is all the same.
    let handle = thread::spawn(|| Cell::new(3));
    let shared: &(dyn Send + Sync) = &handle;
    let _ = shared;
    assert_eq!(handle.join().unwrap().get(), 3);
}

#[test]
fn the_payload_of_a_panic_is_returned_by_the_join() {
    #[derive(Debug, PartialEq)]
    struct Own(u8);
    let own = thread::spawn(|| resume_unwind(Box::new(Own(1))));
    assert_eq!(own.join().unwrap_err().downcast_ref(), Some(&Own(1)));
    let text = thread::spawn(|| resume_unwind(Box::new("text")));
    assert_eq!(text.join().unwrap_err().downcast_ref(), Some(&"text"));
    thread::scope(|s| {
        let own = s.spawn(|| resume_unwind(Box::new(Own(2))));
        assert_eq!(own.join().unwrap_err().downcast_ref(), Some(&Own(2)));
    });
}

#[test]
fn a_panic_with_a_message_has_the_message_as_its_payload() {
    let number = std::hint::black_box(7);
    let formatted = thread::spawn(move || panic!("number {number}"))
        .join()
        .unwrap_err();
    assert_eq!(formatted.downcast_ref(), Some(&"number 7".to_owned()));
    let any = thread::spawn(|| panic_any(9_u64)).join().unwrap_err();
    assert_eq!(any.downcast_ref(), Some(&9_u64));
}

#[test]
fn a_panic_goes_through_two_joins_unchanged() {
    let outer = thread::spawn(|| {
        let inner = thread::spawn(|| resume_unwind(Box::new("deep")));
        resume_unwind(inner.join().unwrap_err())
    });
    assert_eq!(outer.join().unwrap_err().downcast_ref(), Some(&"deep"));
}

#[test]
fn what_a_thread_owned_and_returned_is_dropped_if_no_thread_joins_it() {
    let (sender, receiver) = mpsc::channel();
    let (value, owned, payload) = (Tells(sender.clone()), Tells(sender.clone()), Tells(sender));
    let first = thread::spawn(move || {
        let _owned = owned;
        value
    });
    let id = first.thread().id();
    drop(first);
    let second = thread::spawn(move || resume_unwind(Box::new(payload)));
    drop(second);
    // The channel ends when the last of the three is gone. The value and the payload may go with
    // the thread or with the handle, whichever is later.
    let receiver: Vec<_> = receiver.iter().collect();
    assert_eq!(receiver.len(), 3);
    assert!(receiver.contains(&id));
}

#[test]
fn a_thread_is_finished_when_it_is_at_its_end() {
    let (go, wait) = mpsc::channel::<()>();
    let handle = thread::spawn(move || wait.recv());
    assert!(!handle.is_finished());
    drop(go);
    while !handle.is_finished() {
        thread::yield_now();
    }
    handle.join().unwrap().unwrap_err();
}

#[test]
fn thread_locals_are_gone_after_the_join() {
    struct Last(Cell<Option<mpsc::Sender<()>>>);
    impl Drop for Last {
        fn drop(&mut self) {
            self.0.take().unwrap().send(()).unwrap();
        }
    }
    thread_local!(static LAST: Last = const { Last(Cell::new(None)) });
    let (sender, receiver) = mpsc::channel();
    thread::spawn(|| LAST.with(|last| last.0.set(Some(sender))))
        .join()
        .unwrap();
    receiver.try_recv().unwrap();
}
