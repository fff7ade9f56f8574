use std::any::Any;
use std::cell::Cell;
use std::mem;
use std::thread;

use super::support::OnDrop;
use super::sync::mpsc::channel;
use super::sync::{Arc, Mutex, TryLockError};

#[test]
fn the_holder_alone_reaches_the_value() {
    const THREADS: usize = 4;
    const ROUNDS: usize = 500;
    let sum = Mutex::new(0);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    let mut sum = sum.lock().unwrap();
                    let seen = *sum;
                    thread::yield_now();
                    *sum = seen + 1;
                }
            });
        }
    });
    assert_eq!(sum.into_inner().unwrap(), THREADS * ROUNDS);
}

#[test]
fn a_try_is_refused_for_as_long_as_the_lock_is_held() {
    let mutex = Mutex::new(5);
    let held = mutex.lock().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| assert!(matches!(mutex.try_lock(), Err(TryLockError::WouldBlock))));
    });
    drop(held);
    assert_eq!(*mutex.try_lock().unwrap(), 5);
    assert_eq!(*mutex.try_lock().unwrap(), 5);
}

#[test]
fn a_thread_that_waits_gets_the_lock_when_it_is_released() {
    let mutex = Arc::new(Mutex::new(0));
    let (sender, receiver) = channel();
    let held = mutex.lock().unwrap();
    let waiter = thread::spawn({
        let mutex = Arc::clone(&mutex);
        move || {
            sender.send(()).unwrap();
            *mutex.lock().unwrap() += 1;
        }
    });
    receiver.recv().unwrap();
    assert_eq!(*held, 0);
    drop(held);
    waiter.join().unwrap();
    assert_eq!(*mutex.lock().unwrap(), 1);
}

#[test]
fn a_static_needs_no_initialisation() {
    static COUNT: Mutex<u32> = Mutex::new(0);
    static TEXTS: Mutex<Vec<String>> = Mutex::new(Vec::new());
    *COUNT.lock().unwrap() += 2;
    TEXTS.lock().unwrap().push("one".to_owned());
    assert_eq!(*COUNT.lock().unwrap(), 2);
    assert_eq!(TEXTS.lock().unwrap().len(), 1);
}

#[test]
fn a_const_makes_a_new_mutex_at_every_use() {
    #[allow(clippy::declare_interior_mutable_const)]
    const FRESH: Mutex<i32> = Mutex::new(1);
    let several = [FRESH; 3];
    *several[0].lock().unwrap() = 9;
    assert_eq!(*several[1].lock().unwrap(), 1);
}

#[test]
fn a_mutex_of_an_array_becomes_one_of_a_slice() {
    let slice: &Mutex<[i32]> = &Mutex::new([1, 2, 3]);
    slice.lock().unwrap()[1] = 20;
    assert_eq!(*slice.lock().unwrap(), [1, 20, 3]);
    let boxed: Box<Mutex<[i32]>> = Box::new(Mutex::new([4; 8]));
    assert_eq!(boxed.lock().unwrap().len(), 8);
}

#[test]
fn a_mutex_of_a_value_becomes_one_of_a_trait_object() {
    let mut any: Arc<Mutex<dyn Any + Send>> = Arc::new(Mutex::new(7_i32));
    assert_eq!(any.lock().unwrap().downcast_ref(), Some(&7));
    *any.lock().unwrap().downcast_mut::<i32>().unwrap() = 8;
    let inner = Arc::get_mut(&mut any).unwrap().get_mut().unwrap();
    assert_eq!(inner.downcast_ref(), Some(&8));
    assert_eq!(any.try_lock().unwrap().downcast_ref(), Some(&8));
}

#[test]
fn the_value_comes_out_of_an_owned_mutex() {
    let mut mutex = Mutex::new(String::from("a"));
    mutex.get_mut().unwrap().push('b');
    assert_eq!(mutex.into_inner().unwrap(), "ab");
}

#[test]
fn the_value_is_dropped_once_with_the_mutex_and_not_when_taken_out() {
    let drops = Cell::new(0);
    drop(Mutex::new(OnDrop(|| drops.set(drops.get() + 1))));
    assert_eq!(drops.get(), 1);
    let value = Mutex::new(OnDrop(|| drops.set(drops.get() + 1))).into_inner();
    assert_eq!(drops.get(), 1);
    drop(value);
    assert_eq!(drops.get(), 2);
}

#[test]
fn a_forgotten_guard_leaves_the_mutex_locked() {
    let mut mutex = Mutex::new(1);
    mem::forget(mutex.lock());
    assert!(matches!(mutex.try_lock(), Err(TryLockError::WouldBlock)));
    assert!(!mutex.is_poisoned());
    assert_eq!(*mutex.get_mut().unwrap(), 1);
    assert_eq!(mutex.into_inner().unwrap(), 1);
}

#[test]
fn guards_of_several_mutexes_may_go_in_any_order() {
    let mutexes = [Mutex::new(0), Mutex::new(1), Mutex::new(2)];
    let [a, b, c] = mutexes.each_ref().map(|mutex| mutex.lock().unwrap());
    drop(b);
    assert!(mutexes[1].try_lock().is_ok());
    assert!(mutexes[0].try_lock().is_err());
    drop(a);
    drop(c);
    assert!(mutexes.iter().all(|mutex| mutex.try_lock().is_ok()));
}

#[test]
fn a_guard_shows_its_value() {
    let mutex = Mutex::new("text");
    assert_eq!(format!("{}", mutex.lock().unwrap()), "text");
    assert_eq!(format!("{:>6}", mutex.lock().unwrap()), "  text");
    assert_eq!(format!("{:?}", mutex.lock().unwrap()), "\"text\"");
    let list = Mutex::new([1, 2]);
    assert_eq!(
        format!("{:#?}", list.lock().unwrap()),
        "[\n    1,\n    2,\n]"
    );
    assert_eq!(format!("{:02x?}", list.lock().unwrap()), "[01, 02]");
}

#[test]
fn a_mutex_may_hold_another() {
    let outer = Arc::new(Mutex::new(Arc::new(Mutex::new(1))));
    thread::spawn({
        let outer = Arc::clone(&outer);
        move || *outer.lock().unwrap().lock().unwrap() += 1
    })
    .join()
    .unwrap();
    assert_eq!(*outer.lock().unwrap().lock().unwrap(), 2);
}

#[test]
fn a_mutex_of_nothing_works_too() {
    let mutex = Mutex::new(());
    assert!(mutex.try_lock().is_ok());
    drop(mutex.lock().unwrap());
}

#[test]
fn a_lock_can_be_taken_in_a_thread_local_destructor() {
    static ENDED: Mutex<u32> = Mutex::new(0);
    thread_local! {
        static LAST: OnDrop<fn()> = const { OnDrop(|| *ENDED.lock().unwrap() += 1) };
    }
    thread::spawn(|| LAST.with(|_| ())).join().unwrap();
    assert_eq!(*ENDED.lock().unwrap(), 1);
}
