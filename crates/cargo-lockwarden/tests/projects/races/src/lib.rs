//! Tests that hang in some interleavings of their threads, and none that does in all.

#[cfg(test)]
mod tests {
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
    fn one_without_threads() {
        assert_eq!(Mutex::new(5).into_inner().unwrap(), 5);
    }
}
