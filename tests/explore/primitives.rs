//! Hangs of each primitive, in their racy forms: how many schedules it takes to find them, beside the
//! numbers of shuttle where it has the primitive. `EXPLORE_TABLE=1` prints medians over many seeds instead.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use lockwarden::sync::{Arc, Barrier, Condvar, Event, Mutex, OnceLock, Semaphore, mpsc};
use lockwarden::testing::explore::Strategy;
use lockwarden::thread;

use super::explore;

/// Programs of what both crates have.
macro_rules! both {
    ($name:ident, $root:ident) => {
        mod $name {
            use $root::sync::{Arc, Barrier, Condvar, Mutex, Once, mpsc};
            use $root::thread;

            fn beside(left: impl FnOnce() + Send + 'static, right: impl FnOnce()) {
                let other = thread::spawn(left);
                right();
                let _ = other.join();
            }

            pub(super) fn opposite_orders() {
                let locks = Arc::new((Mutex::new(0), Mutex::new(0)));
                let other = Arc::clone(&locks);
                beside(
                    move || {
                        let _right = other.1.lock();
                        let _left = other.0.lock();
                    },
                    || {
                        let _left = locks.0.lock();
                        let _right = locks.1.lock();
                    },
                );
            }

            pub(super) fn one_notification_for_two() {
                let shared = Arc::new((Mutex::new(false), Condvar::new()));
                let waiter = || {
                    let shared = Arc::clone(&shared);
                    thread::spawn(move || {
                        let mut open = shared.0.lock().unwrap();
                        while !*open {
                            open = shared.1.wait(open).unwrap();
                        }
                    })
                };
                let waiters = [waiter(), waiter()];
                *shared.0.lock().unwrap() = true;
                shared.1.notify_one();
                for waiter in waiters {
                    let _ = waiter.join();
                }
            }

            pub(super) fn a_message_awaited_under_the_lock_of_the_sender() {
                let (send, receive) = mpsc::channel();
                let lock = Arc::new(Mutex::new(()));
                let other = Arc::clone(&lock);
                beside(
                    move || {
                        let _held = other.lock();
                        let _ = send.send(());
                    },
                    || {
                        let _held = lock.lock();
                        let _ = receive.recv();
                    },
                );
            }

            pub(super) fn a_full_channel_under_the_lock_of_the_receiver() {
                let (send, receive) = mpsc::sync_channel(1);
                let lock = Arc::new(Mutex::new(()));
                let other = Arc::clone(&lock);
                beside(
                    move || {
                        let _held = other.lock();
                        let _ = send.send(1);
                        let _ = send.send(2);
                    },
                    || {
                        drop(lock.lock());
                        let _ = receive.recv();
                        let _ = receive.recv();
                    },
                );
            }

            pub(super) fn a_barrier_under_the_lock_of_the_other() {
                let shared = Arc::new((Mutex::new(()), Barrier::new(2)));
                let other = Arc::clone(&shared);
                beside(
                    move || {
                        drop(other.0.lock());
                        other.1.wait();
                    },
                    || {
                        let _held = shared.0.lock();
                        shared.1.wait();
                    },
                );
            }

            pub(super) fn an_initialiser_that_needs_the_lock_of_its_caller() {
                let shared = Arc::new((Mutex::new(()), Once::new()));
                let other = Arc::clone(&shared);
                beside(
                    move || other.1.call_once(|| drop(other.0.lock())),
                    || {
                        let _held = shared.0.lock();
                        shared.1.call_once(|| ());
                    },
                );
            }

            pub(super) fn a_join_under_the_lock_of_the_thread() {
                let lock = Arc::new(Mutex::new(()));
                let other = Arc::clone(&lock);
                let worker = thread::spawn(move || drop(other.lock()));
                let held = lock.lock();
                let _ = worker.join();
                drop(held);
            }
        }
    };
}

both!(ours, lockwarden);
both!(shuttles, shuttle);

/// How many schedules shuttle's random scheduler takes.
fn shuttle_number(body: fn(), seed: u64) -> Option<usize> {
    let made = std::sync::Arc::new(AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&made);
    let mut config = shuttle::Config::new();
    config.failure_persistence = shuttle::FailurePersistence::None;
    let scheduler = shuttle::scheduler::RandomScheduler::new_from_seed(seed, 10_000);
    let runner = shuttle::Runner::new(scheduler, config);
    let run = AssertUnwindSafe(move || {
        runner.run(move || {
            count.fetch_add(1, Ordering::Relaxed);
            body();
        });
    });
    let failed = catch_unwind(run).is_err();
    failed.then(|| made.load(Ordering::Relaxed))
}

/// The seeds over which the numbers of the table in `docs/explore.md` are taken.
const SEEDS: std::ops::Range<u64> = 1..22;

/// Prints the median number of schedules that each search takes to find a deadlock.
fn measure(name: &str, body: impl Fn() + Send + Sync + Clone + 'static, shuttle: Option<fn()>) {
    let median = |numbers: &mut dyn Iterator<Item = usize>| {
        let mut numbers: Vec<usize> = numbers.collect();
        numbers.sort_unstable();
        numbers[numbers.len() / 2]
    };
    let ours = |strategy| {
        let number = |seed| {
            let explored = explore(body.clone()).strategy(strategy).seed(seed);
            let outcome = explored.shrink(false).run();
            outcome.assert_deadlock().unwrap().number()
        };
        median(&mut SEEDS.map(number))
    };
    let (random, pct) = (ours(Strategy::Random), ours(Strategy::Pct { depth: 2 }));
    let shuttle =
        shuttle.map(|body| median(&mut SEEDS.map(|seed| shuttle_number(body, seed).unwrap())));
    let shuttle = shuttle.map_or("-".to_owned(), |number| number.to_string());
    println!(
        "| {} | {random} | {pct} | {shuttle} |",
        name.replace('_', " ")
    );
}

/// Asserts that each strategy finds the deadlock; prints after how many schedules.
fn found(name: &str, body: impl Fn() + Send + Sync + Clone + 'static, shuttle: Option<fn()>) {
    if std::env::var_os("EXPLORE_TABLE").is_some() {
        return measure(name, body, shuttle);
    }
    let number = |strategy, seed| {
        let outcome = explore(body.clone()).strategy(strategy).seed(seed).run();
        let finding = outcome.assert_deadlock().unwrap();
        assert!(finding.is_exact(), "{name}: {outcome}");
        assert!(!finding.interleaving().is_empty(), "{name}: {outcome}");
        finding.number()
    };
    let random = number(Strategy::Random, 1);
    let pct = number(Strategy::Pct { depth: 2 }, 1);
    let depth_first = number(Strategy::DepthFirst { preemptions: 2 }, 1);
    let shuttle = shuttle.map_or("-".to_owned(), |body| {
        shuttle_number(body, 1).map_or("none".to_owned(), |number| number.to_string())
    });
    println!("| {name} | {random} | {pct} | {depth_first} | {shuttle} |");
}

macro_rules! found_by_both {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            found(stringify!($name), ours::$name, Some(shuttles::$name));
        })*
    };
}

found_by_both! {
    opposite_orders
    one_notification_for_two
    a_message_awaited_under_the_lock_of_the_sender
    a_full_channel_under_the_lock_of_the_receiver
    a_barrier_under_the_lock_of_the_other
    an_initialiser_that_needs_the_lock_of_its_caller
    a_join_under_the_lock_of_the_thread
}

/// Runs both closures, one on a thread of its own, over what they share.
fn share<T: Send + Sync + 'static>(shared: T, left: fn(&T), right: fn(&T)) {
    let shared = std::sync::Arc::new(shared);
    let other = std::sync::Arc::clone(&shared);
    let thread = thread::spawn(move || left(&other));
    right(&shared);
    let _ = thread.join();
}

#[test]
fn a_set_before_the_clear_is_lost() {
    let body = || {
        share(Event::new(), Event::set, |event| {
            event.clear();
            event.wait();
        });
    };
    found("a_set_before_the_clear_is_lost", body, None);
}

#[test]
fn two_permits_taken_one_by_one() {
    fn take_two(permits: &Semaphore) {
        let first = permits.acquire();
        let second = permits.acquire();
        drop((first, second));
    }
    let body = || share(Semaphore::new(2), take_two, take_two);
    found("two_permits_taken_one_by_one", body, None);
}

#[cfg(feature = "queue")]
#[test]
fn a_full_queue_under_the_lock_of_the_receiver() {
    use lockwarden::queue::Queue;
    let body = || {
        share(
            (lockwarden::sync::Mutex::new(()), Queue::bounded(1)),
            |(lock, queue)| {
                let _held = lock.lock();
                let _ = queue.put(1);
                let _ = queue.put(2);
            },
            |(lock, queue)| {
                drop(lock.lock());
                let _ = queue.get();
                let _ = queue.get();
            },
        );
    };
    found("a_full_queue_under_the_lock_of_the_receiver", body, None);
}

#[cfg(feature = "queue")]
#[test]
fn a_comparison_that_needs_the_lock_of_the_sender() {
    use lockwarden::queue::PriorityQueue;
    use std::cmp::Ordering;

    /// Compares what it points to, under the lock of each.
    struct Locked(std::sync::Arc<lockwarden::sync::Mutex<i32>>);

    impl Ord for Locked {
        fn cmp(&self, other: &Self) -> Ordering {
            let mine = *self.0.lock().unwrap();
            mine.cmp(&other.0.lock().unwrap())
        }
    }

    impl PartialOrd for Locked {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }

    impl Eq for Locked {}

    impl PartialEq for Locked {
        fn eq(&self, other: &Self) -> bool {
            self.cmp(other).is_eq()
        }
    }

    let body = || {
        let numbers = [1, 2].map(|n| std::sync::Arc::new(lockwarden::sync::Mutex::new(n)));
        let queue = PriorityQueue::new();
        queue.put(Locked(numbers[0].clone())).unwrap();
        share(
            (numbers, queue),
            |(numbers, queue)| drop(queue.put(Locked(numbers[1].clone()))),
            |(numbers, queue)| {
                let _held = numbers[0].lock();
                drop(queue.try_get());
            },
        );
    };
    found("a_comparison_that_needs_the_lock_of_the_sender", body, None);
}

#[cfg(feature = "channel")]
#[test]
fn two_tokens_of_a_channel_taken_one_by_one() {
    use lockwarden::channel::{Receiver, Sender, bounded};
    fn take_two((put, take): &(Sender<()>, Receiver<()>)) {
        let _ = take.recv();
        let _ = take.recv();
        let _ = put.send(());
        let _ = put.send(());
    }
    let body = || {
        let tokens = bounded(2);
        tokens.0.send(()).unwrap();
        tokens.0.send(()).unwrap();
        share(tokens, take_two, take_two);
    };
    found("two_tokens_of_a_channel_taken_one_by_one", body, None);
}

#[cfg(feature = "pool")]
#[test]
fn jobs_that_wait_for_jobs_of_their_pool() {
    use lockwarden::pool::ThreadPool;
    let body = || {
        let pool = std::sync::Arc::new(ThreadPool::new(2));
        let outer: Vec<_> = (0..2)
            .map(|_| {
                let inner = std::sync::Arc::clone(&pool);
                pool.submit(move || drop(inner.submit(|| ()).result()))
            })
            .collect();
        for job in outer {
            let _ = job.result();
        }
    };
    found("jobs_that_wait_for_jobs_of_their_pool", body, None);
}

/// Asserts that this many schedules of a right program show nothing.
fn silent(schedules: usize, body: impl Fn() + Send + Sync + 'static) {
    let outcome = explore(body).schedules(schedules).run();
    outcome.assert_clean();
    assert_eq!((outcome.schedules(), outcome.inexact()), (schedules, 0));
}

#[test]
fn right_programs_of_each_primitive_stay_silent() {
    all_silent(300);
}

#[test]
#[ignore = "takes minutes"]
fn right_programs_of_each_primitive_stay_silent_for_long() {
    all_silent(10_000);
}

fn all_silent(schedules: usize) {
    silent(schedules, || {
        share(Event::new(), Event::set, Event::wait);
    });
    silent(schedules, || {
        let take_two = |permits: &Semaphore| drop(permits.acquire_many(2));
        share(Semaphore::new(2), take_two, take_two);
    });
    silent(schedules, || {
        let meet = |shared: &(Mutex<i32>, Barrier)| {
            *shared.0.lock().unwrap() += 1;
            shared.1.wait();
            assert_eq!(*shared.0.lock().unwrap(), 2);
        };
        share((Mutex::new(0), Barrier::new(2)), meet, meet);
    });
    silent(schedules, || {
        share(
            (Mutex::new(false), Condvar::new()),
            |(open, changed)| {
                *open.lock().unwrap() = true;
                changed.notify_all();
            },
            |(open, changed)| {
                let open = open.lock().unwrap();
                drop(changed.wait_while(open, |open| !*open).unwrap());
            },
        );
    });
    #[cfg(feature = "channel")]
    silent(schedules, || {
        let (send, receive) = lockwarden::channel::bounded(1);
        let sender = thread::spawn(move || (0..3).for_each(|n| send.send(n).unwrap()));
        assert_eq!(receive.iter().collect::<Vec<_>>(), [0, 1, 2]);
        sender.join().unwrap();
    });
    silent(schedules, || {
        let get = |value: &OnceLock<i32>| assert_eq!(*value.get_or_init(|| 7), 7);
        share(OnceLock::new(), get, get);
    });
    silent(schedules, || {
        let (send, receive) = mpsc::sync_channel(1);
        let sender = thread::spawn(move || (0..3).for_each(|n| send.send(n).unwrap()));
        assert_eq!(receive.iter().collect::<Vec<_>>(), [0, 1, 2]);
        sender.join().unwrap();
    });
    silent(schedules, || {
        share(
            (AtomicBool::new(false), thread::current()),
            |(done, parked)| {
                done.store(true, Ordering::Release);
                parked.unpark();
            },
            |(done, _)| {
                while !done.load(Ordering::Acquire) {
                    thread::park();
                }
            },
        );
    });
    #[cfg(feature = "queue")]
    silent(schedules, || {
        use lockwarden::queue::Queue;
        share(
            Queue::bounded(1),
            |queue| (0..3).for_each(|n| queue.put(n).unwrap()),
            |queue| (0..3).for_each(|n| assert_eq!(queue.get(), Ok(n))),
        );
    });
    #[cfg(feature = "pool")]
    silent(schedules, || {
        use lockwarden::pool::ThreadPool;
        let pool = ThreadPool::new(2);
        let jobs = [pool.submit(|| 1), pool.submit(|| 2)];
        let sum: i32 = jobs.into_iter().map(|job| job.result().unwrap()).sum();
        assert_eq!(sum, 3);
    });
}

#[test]
fn messages_of_two_senders_come_in_both_orders() {
    let seen = std::sync::Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let orders = std::sync::Arc::clone(&seen);
    let outcome = explore(move || {
        let (send, receive) = mpsc::channel();
        let other = send.clone();
        let sender = thread::spawn(move || other.send(0).unwrap());
        send.send(1).unwrap();
        orders[receive.recv().unwrap()].fetch_add(1, Ordering::Relaxed);
        sender.join().unwrap();
    })
    .schedules(100)
    .run();
    outcome.assert_clean();
    assert_eq!(outcome.inexact(), 0);
    assert!(
        seen.iter().all(|count| count.load(Ordering::Relaxed) > 0),
        "{seen:?}"
    );
}

#[test]
fn a_message_without_a_buffer_is_handed_over_at_a_turn() {
    let outcome = explore(|| {
        let (send, receive) = mpsc::sync_channel(0);
        let senders = [1, 2].map(|number| {
            let send = send.clone();
            thread::spawn(move || send.send(number).unwrap())
        });
        drop(send);
        assert_eq!(receive.iter().sum::<i32>(), 3);
        for sender in senders {
            sender.join().unwrap();
        }
    })
    .schedules(300)
    .run();
    outcome.assert_clean();
    assert_eq!(outcome.inexact(), 0);
}

#[test]
fn a_hand_over_under_the_lock_of_the_receiver() {
    let body = || {
        let (send, receive) = mpsc::sync_channel(0);
        let lock = std::sync::Arc::new(Mutex::new(()));
        let other = std::sync::Arc::clone(&lock);
        let sender = thread::spawn(move || {
            let _held = other.lock();
            let _ = send.send(1);
        });
        drop(lock.lock());
        let _ = receive.recv();
        let _ = sender.join();
    };
    found("a_hand_over_under_the_lock_of_the_receiver", body, None);
}

#[cfg(feature = "channel")]
#[test]
fn a_selection_waits_for_a_lock_before_it_is_completed() {
    use lockwarden::channel::{Select, bounded};
    let waits = std::sync::Arc::new(AtomicUsize::new(0));
    let waited = std::sync::Arc::clone(&waits);
    let outcome = explore(move || {
        let shared = std::sync::Arc::new((Mutex::new(0), Mutex::new(0)));
        let (send, receive) = bounded(0);
        let sender = thread::spawn(move || send.send(1));
        let other = std::sync::Arc::clone(&shared);
        let holder = thread::spawn(move || {
            let mut held = other.0.lock().unwrap();
            *other.1.lock().unwrap() += 1;
            *held += 1;
        });
        let mut select = Select::new();
        select.recv(&receive);
        let chosen = select.select();
        waits.fetch_add(usize::from(shared.0.try_lock().is_err()), Ordering::Relaxed);
        *shared.0.lock().unwrap() += 1;
        assert_eq!(chosen.recv(&receive), Ok(1));
        sender.join().unwrap().unwrap();
        holder.join().unwrap();
        assert_eq!(*shared.0.lock().unwrap(), 2);
    })
    .schedules(300)
    .run();
    outcome.assert_clean();
    assert_eq!(outcome.inexact(), 0);
    assert!(waited.load(Ordering::Relaxed) > 0);
}

#[cfg(feature = "channel")]
#[test]
fn a_selection_takes_a_message_without_a_buffer() {
    use lockwarden::channel::{Select, bounded};
    let outcome = explore(|| {
        let selected = Mutex::new(0);
        let channels = [bounded(0), bounded(0)];
        let senders = channels
            .clone()
            .map(|(send, _)| thread::spawn(move || send.send(1)));
        for _ in 0..2 {
            let mut select = Select::new();
            for (_, receive) in &channels {
                select.recv(receive);
            }
            let chosen = select.select();
            let (_, receive) = &channels[chosen.index()];
            // A point of the schedule between the selection and its completion.
            *selected.lock().unwrap() += 1;
            assert_eq!(chosen.recv(receive), Ok(1));
        }
        for sender in senders {
            sender.join().unwrap().unwrap();
        }
    })
    .schedules(200)
    .run();
    outcome.assert_clean();
    assert_eq!(outcome.inexact(), 0);
}

#[test]
fn a_hang_after_the_end_of_a_thread_is_one_finding_in_each_schedule() {
    // The thread that could notify has come to its end in the schedule, and is on its way out of the system.
    let outcome = explore(|| {
        let shared = Arc::new((Mutex::new(false), Condvar::new()));
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || drop(shared.0.lock()))
            })
            .collect();
        let mut done = shared.0.lock().unwrap();
        while !*done {
            done = shared.1.wait(done).unwrap();
        }
        drop(threads);
    })
    .schedules(200)
    .keep_going(true)
    .shrink(false)
    .run();
    let findings = outcome.findings();
    assert_eq!(findings.len(), 1, "{outcome}");
}
