//! Tests that hang in some interleavings of their threads, and none that does in all.

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
    use std::sync::{mpsc, Arc, Mutex};
    use std::thread;

    #[test]
    fn opposite_orders() {
        let locks = Arc::new((Mutex::new(0), Mutex::new(0)));
        let other = Arc::clone(&locks);
        let thread = thread::spawn(move || {
            let mut right = other.1.lock().unwrap();
            *right += *other.0.lock().unwrap();
        });
        {
            let mut left = locks.0.lock().unwrap();
            *left += *locks.1.lock().unwrap();
        }
        thread.join().unwrap();
    }

    #[test]
    fn a_right_one() {
        let (send, receive) = mpsc::channel();
        let threads: Vec<_> = (0..2)
            .map(|number| {
                let send = send.clone();
                thread::spawn(move || send.send(number).unwrap())
            })
            .collect();
        drop(send);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(receive.iter().sum::<i32>(), 1);
    }

    #[test]
    fn an_addition_of_atomics_is_lost() {
        let count = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&count);
        let add = |count: &AtomicUsize| {
            let seen = count.load(Ordering::SeqCst);
            count.store(seen + 1, Ordering::SeqCst);
        };
        let adder = thread::spawn(move || add(&other));
        add(&count);
        adder.join().unwrap();
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn an_atomic_flag_is_seen() {
        static SET: AtomicBool = AtomicBool::new(false);
        let setter = thread::spawn(|| SET.store(true, Ordering::Release));
        while !SET.load(Ordering::Acquire) {
            std::hint::spin_loop();
        }
        setter.join().unwrap();
    }

    #[test]
    fn the_layout_of_atomics_is_that_of_std() {
        let mut number = 1_usize;
        {
            // SAFETY: nothing else uses the number meanwhile.
            let atomic = unsafe { AtomicUsize::from_ptr(&mut number) };
            let other = thread::scope(|scope| {
                let adder = scope.spawn(|| atomic.fetch_add(2, Ordering::Relaxed));
                adder.join().unwrap()
            });
            assert_eq!((other, atomic.load(Ordering::Relaxed)), (1, 3));
            assert_eq!(atomic.as_ptr(), std::ptr::from_ref(atomic).cast_mut().cast());
        }
        assert_eq!(number, 3);
        let mut pointer = AtomicPtr::new(&mut number);
        let at = *pointer.get_mut();
        assert_eq!(at, pointer.into_inner());
        assert_eq!(size_of::<AtomicBool>(), 1);
        assert_eq!(format!("{:?} {:?}", AtomicBool::default(), AtomicUsize::from(4)), "false 4");
        let up = AtomicUsize::new(4);
        assert_eq!(up.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |old| (old < 5).then_some(old + 1)), Ok(4));
        assert_eq!(up.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |old| (old < 5).then_some(old + 1)), Err(5));
    }

    #[test]
    fn one_without_threads() {
        assert_eq!(Mutex::new(5).into_inner().unwrap(), 5);
    }
}
