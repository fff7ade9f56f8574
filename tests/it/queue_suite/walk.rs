//! Random walks beside a model that is a sorted or unsorted `Vec`.

use std::time::Duration;

use lockwarden::queue::{
    GetTimeoutError, LifoQueue, PriorityQueue, PutTimeoutError, Queue, Shutdown, TryGetError,
    TryPutError,
};

/// A generator of the kind "xorshift64*".
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % bound
    }
}

/// What a queue should do.
struct Model {
    items: Vec<u64>,
    /// Where the next one is among the items.
    next: fn(&[u64]) -> usize,
    capacity: Option<usize>,
    taken: usize,
    down: bool,
}

impl Model {
    fn put(&mut self, item: u64) -> Result<(), TryPutError<u64>> {
        if self.down {
            return Err(TryPutError::ShutDown(item));
        }
        if self.capacity == Some(self.items.len()) {
            return Err(TryPutError::Full(item));
        }
        self.items.push(item);
        Ok(())
    }

    fn get(&mut self) -> Result<u64, TryGetError> {
        if self.items.is_empty() {
            return Err(match self.down {
                true => TryGetError::ShutDown,
                false => TryGetError::Empty,
            });
        }
        self.taken += 1;
        Ok(self.items.remove((self.next)(&self.items)))
    }
}

fn first(_: &[u64]) -> usize {
    0
}

fn last(items: &[u64]) -> usize {
    items.len() - 1
}

fn smallest(items: &[u64]) -> usize {
    let smallest = items.iter().min().unwrap();
    items.iter().position(|item| item == smallest).unwrap()
}

/// Does the same with a queue and with the model, for a while.
macro_rules! walk {
    ($queue:expr, $next:expr, $seed:expr) => {{
        let (queue, mut random) = ($queue, Random($seed));
        let mut model = Model {
            items: Vec::new(),
            next: $next,
            capacity: queue.capacity(),
            taken: 0,
            down: false,
        };
        for step in 0..2_000 {
            let at = format!("seed {}, step {step}", $seed);
            let item = random.below(20);
            match random.below(if step < 1_500 { 98 } else { 100 }) {
                0..30 => assert_eq!(queue.try_put(item), model.put(item), "{at}"),
                30..40 => {
                    let put = queue
                        .put_timeout(item, Duration::ZERO)
                        .map_err(|e| match e {
                            PutTimeoutError::Full(item) => TryPutError::Full(item),
                            PutTimeoutError::ShutDown(item) => TryPutError::ShutDown(item),
                        });
                    assert_eq!(put, model.put(item), "{at}");
                }
                40..60 => assert_eq!(queue.try_get(), model.get(), "{at}"),
                60..70 => {
                    let got = queue.get_timeout(Duration::ZERO).map_err(|e| match e {
                        GetTimeoutError::Empty => TryGetError::Empty,
                        GetTimeoutError::ShutDown => TryGetError::ShutDown,
                    });
                    assert_eq!(got, model.get(), "{at}");
                }
                70..76 if !queue.is_empty() => assert_eq!(queue.get().ok(), model.get().ok()),
                76..80 if !queue.is_full() => {
                    assert_eq!(queue.put(item).is_ok(), model.put(item).is_ok(), "{at}");
                }
                80..95 => {
                    let is_one_too_many = model.taken == 0;
                    assert_eq!(queue.task_done().is_err(), is_one_too_many, "{at}");
                    model.taken = model.taken.saturating_sub(1);
                }
                95..98 => {
                    let left = queue.join_timeout(Duration::ZERO).map_err(|e| e.count);
                    let unfinished = model.items.len() + model.taken;
                    assert_eq!(left.err().unwrap_or(0), unfinished, "{at}");
                }
                98 => {
                    queue.shutdown(Shutdown::Graceful);
                    model.down = true;
                }
                99 if step > 1_900 => {
                    queue.shutdown(Shutdown::Immediate);
                    model.down = true;
                    model.items.clear();
                }
                _ => {}
            }
            assert_eq!(queue.len(), model.items.len(), "{at}");
            assert_eq!(queue.is_empty(), model.items.is_empty(), "{at}");
            let is_full = model.capacity == Some(model.items.len());
            assert_eq!(queue.is_full(), is_full, "{at}");
            assert_eq!(queue.is_shut_down(), model.down, "{at}");
        }
        model.down
    }};
}

#[test]
fn a_queue_does_what_the_model_does() {
    let mut shut_down = 0;
    for seed in 1..=20 {
        shut_down += u32::from(walk!(Queue::new(), first, seed));
        shut_down += u32::from(walk!(Queue::bounded(3), first, seed));
        shut_down += u32::from(walk!(LifoQueue::new(), last, seed));
        shut_down += u32::from(walk!(LifoQueue::bounded(2), last, seed));
        shut_down += u32::from(walk!(PriorityQueue::new(), smallest, seed));
        shut_down += u32::from(walk!(PriorityQueue::bounded(5), smallest, seed));
    }
    assert!(shut_down > 60, "the walks end in a shutdown: {shut_down}");
}
