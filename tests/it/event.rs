//! Events: set, cleared, seen and waited for.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use lockwarden::sync::Event;
use lockwarden::thread;

/// Longer than any wait of a test that passes.
const LIMIT: Duration = Duration::from_secs(20);

#[test]
fn it_is_set_until_it_is_cleared() {
    static EVENT: Event = Event::named("event");
    EVENT.set_label("of the test");
    assert!(!EVENT.is_set());
    assert!(!EVENT.wait_timeout(Duration::from_millis(1)));
    for _ in 0..3 {
        EVENT.set();
        EVENT.set();
        assert!(EVENT.is_set());
        EVENT.wait();
        assert!(EVENT.wait_timeout(Duration::ZERO));
        EVENT.clear();
        EVENT.clear();
        assert!(!EVENT.is_set());
        assert!(!EVENT.wait_timeout(Duration::ZERO));
    }
}

#[test]
fn all_who_wait_go_on() {
    const THREADS: usize = 4;
    let (event, awake) = (Event::new(), AtomicUsize::new(0));
    thread::scope(|scope| {
        for n in 0..THREADS {
            let (event, awake) = (&event, &awake);
            scope.spawn(move || {
                match n % 2 {
                    0 => event.wait(),
                    _ => assert!(event.wait_timeout(LIMIT)),
                }
                assert!(event.is_set());
                awake.fetch_add(1, Ordering::Relaxed);
            });
        }
        event.set();
    });
    assert_eq!(awake.into_inner(), THREADS);
}

/// Whether a thread that is about to wait is asleep cannot be seen, so this is done until one was.
#[test]
fn who_waits_goes_on_though_it_is_cleared_at_once() {
    let event = Event::new();
    let (send, awake) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            assert!(event.wait_timeout(LIMIT));
            send.send(()).unwrap();
        });
        while awake.try_recv().is_err() {
            event.set();
            event.clear();
            thread::yield_now();
        }
    });
}

#[test]
fn what_was_done_before_it_was_set_is_seen() {
    let (ping, pong) = (Event::new(), Event::new());
    let value = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..1000 {
                assert!(ping.wait_timeout(LIMIT));
                ping.clear();
                assert_eq!(value.load(Ordering::Relaxed), 2 * round + 1);
                value.store(2 * round + 2, Ordering::Relaxed);
                pong.set();
            }
        });
        for round in 0..1000 {
            value.store(2 * round + 1, Ordering::Relaxed);
            ping.set();
            assert!(pong.wait_timeout(LIMIT));
            pong.clear();
            assert_eq!(value.load(Ordering::Relaxed), 2 * round + 2);
        }
    });
}

#[test]
fn events_print_and_are_made_by_default() {
    let event = Event::default();
    assert_eq!(format!("{event:?}"), "Event { is_set: false, .. }");
    event.set();
    assert_eq!(format!("{event:?}"), "Event { is_set: true, .. }");
}

#[test]
fn they_can_be_shared_and_sent() {
    fn is_shared<T: Send + Sync + std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    is_shared::<Event>();
}
