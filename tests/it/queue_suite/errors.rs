//! What is said when something does not work, and what a queue says of itself.

use std::error::Error;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use lockwarden::queue::{
    GetError, GetTimeoutError, LifoQueue, PriorityQueue, PutError, PutTimeoutError, Queue,
    Shutdown, TooManyDone, TryGetError, TryPutError, Unfinished,
};

#[test]
fn a_queue_is_shared_by_threads_if_its_items_can_be_sent() {
    fn shared<T: Send + Sync>() {}
    shared::<Queue<std::cell::Cell<u8>>>();
    shared::<LifoQueue<std::cell::Cell<u8>>>();
    shared::<PriorityQueue<u8>>();
    fn calm<T: UnwindSafe + RefUnwindSafe>() {}
    calm::<Queue<u8>>();
    calm::<LifoQueue<u8>>();
}

#[test]
fn queues_live_in_statics() {
    static FIFO: Queue<u8> = Queue::new();
    static LIFO: LifoQueue<u8> = LifoQueue::bounded(1);
    static PRIORITY: PriorityQueue<u8> = PriorityQueue::bounded_named("priority", 2);
    FIFO.put(1).unwrap();
    LIFO.put(2).unwrap();
    PRIORITY.put(3).unwrap();
    assert_eq!([FIFO.get(), LIFO.get(), PRIORITY.get()], [1, 2, 3].map(Ok));
    let capacities = [FIFO.capacity(), LIFO.capacity(), PRIORITY.capacity()];
    assert_eq!(capacities, [None, Some(1), Some(2)]);
}

#[test]
fn a_queue_prints_how_full_it_is() {
    let queue = Queue::bounded(3);
    queue.put(1).unwrap();
    let text = format!("{queue:?}");
    assert_eq!(text, "Queue { len: 1, capacity: Some(3), .. }");
    let text = format!("{:?}", PriorityQueue::<u8>::default());
    assert_eq!(text, "PriorityQueue { len: 0, capacity: None, .. }");
}

#[test]
fn every_item_that_is_refused_comes_back() {
    let queue = Queue::bounded(1);
    queue.put("in").unwrap();
    let full = queue.try_put("out").unwrap_err();
    assert_eq!(full, TryPutError::Full("out"));
    assert_eq!(full.into_inner(), "out");
    let full = queue.put_timeout("out", Duration::ZERO).unwrap_err();
    assert_eq!(full, PutTimeoutError::Full("out"));
    assert_eq!(full.into_inner(), "out");
    queue.shutdown(Shutdown::Graceful);
    assert_eq!(queue.put("out").unwrap_err().into_inner(), "out");
    let down = queue.try_put("out").unwrap_err();
    assert_eq!(down, TryPutError::ShutDown("out"));
    assert_eq!(down.into_inner(), "out");
    let down = queue.put_timeout("out", Duration::MAX).unwrap_err();
    assert_eq!(down, PutTimeoutError::ShutDown("out"));
    assert_eq!(down.into_inner(), "out");
}

#[test]
fn every_error_says_what_it_is() {
    fn says(error: impl Error, text: &str, debug: &str) {
        assert_eq!(error.to_string(), text);
        assert_eq!(format!("{error:?}"), debug);
    }
    /// Errors that hold an item ask nothing of it.
    struct Plain;
    let (full, empty) = ("the queue is full", "the queue is empty");
    let (down, drained) = ("the queue is shut down", "the queue is shut down and empty");
    says(PutError(Plain), down, "PutError(..)");
    says(TryPutError::Full(Plain), full, "Full(..)");
    says(TryPutError::ShutDown(Plain), down, "ShutDown(..)");
    says(PutTimeoutError::Full(Plain), full, "Full(..)");
    says(PutTimeoutError::ShutDown(Plain), down, "ShutDown(..)");
    says(GetError, drained, "GetError");
    says(TryGetError::Empty, empty, "Empty");
    says(TryGetError::ShutDown, drained, "ShutDown");
    says(GetTimeoutError::Empty, empty, "Empty");
    says(GetTimeoutError::ShutDown, drained, "ShutDown");
    let many = "more items were marked as done than were got from the queue";
    says(TooManyDone, many, "TooManyDone");
    let queue = Queue::new();
    queue.put(1).unwrap();
    let left: Unfinished = queue.join_timeout(Duration::ZERO).unwrap_err();
    let some = "1 items of the queue are not done";
    says(left, some, "Unfinished { count: 1 }");
}
