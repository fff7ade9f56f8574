//! After a fork the child starts clean, whatever the parent knew of the locks.
#![cfg(all(unix, any(debug_assertions, feature = "always")))]
#![allow(unsafe_code)]

use lockwarden::sync::Mutex;

/// Runs `child` in a forked process and returns how it ended: zero if it did not panic.
fn in_child(child: impl FnOnce() + std::panic::UnwindSafe) -> i32 {
    // SAFETY: the child runs on this thread alone, which held no lock at the fork, and leaves
    // without running what the parent has registered.
    unsafe {
        match libc::fork() {
            0 => {
                // No wait without bounds.
                libc::alarm(20);
                let code = i32::from(std::panic::catch_unwind(child).is_err());
                libc::_exit(code)
            }
            pid => {
                assert!(pid > 0, "the process could not be forked");
                let mut status = 0;
                assert_eq!(libc::waitpid(pid, &mut status, 0), pid);
                status
            }
        }
    }
}

#[test]
fn a_child_nests_locks_that_were_nested_before_the_fork() {
    let [a, b, c, d] = [(); 4].map(|()| Mutex::new(0));
    let nest = |first: &Mutex<i32>, second: &Mutex<i32>, third: &Mutex<i32>| {
        let _first = first.lock().unwrap();
        let _second = second.lock().unwrap();
        *third.lock().unwrap() += 1;
    };
    nest(&a, &b, &c);
    let status = in_child(std::panic::AssertUnwindSafe(|| {
        nest(&a, &b, &c);
        nest(&b, &d, &c);
        nest(&d, &a, &c);
        assert!(lockwarden::status().is_on());
    }));
    assert_eq!(status, 0);
    nest(&a, &b, &d);
}
