//! The sleep of a thread in a futex, as the operating system reports it: on Linux and Android, out of `/proc`.

#[cfg(any(target_os = "linux", target_os = "android"))]
use super::state;

/// The sleep of a thread in a futex that is private to its process, so that no other process wakes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FutexSleep {
    /// It lasts until another thread of the process, or a signal handler, wakes the thread.
    Untimed,
    /// It lasts until then, or until a deadline.
    Timed,
}

/// Returns how the thread with this id of the operating system, one of the calling process, sleeps in a futex; `None` if
/// it does not, or the system does not report it.
///
/// A thread that was woken and has not run yet does not sleep any more. So if all threads of a process were seen asleep
/// without a deadline, each at the same moment, none of them runs again.
///
/// A thread that a debugger or tracer has stopped does not sleep: it may be about to find that it was woken.
///
/// Costs the reads of two files in `/proc`, some microseconds. Only Linux and Android report it.
///
/// # Examples
///
/// ```
/// use lockwarden::instrument::futex_sleep;
///
/// // The calling thread, which has the id of its process, runs.
/// assert_eq!(futex_sleep(std::process::id()), None);
/// ```
#[must_use]
pub fn futex_sleep(os_id: u32) -> Option<FutexSleep> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        read(&format!("/proc/self/task/{os_id}"))
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = os_id;
        None
    }
}

/// The call by which a thread sleeps in a futex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FutexCall {
    pub(crate) address: usize,
    /// The value that the futex had.
    pub(crate) value: u32,
    is_private: bool,
    pub(crate) is_timed: bool,
}

impl FutexCall {
    /// Returns the sleep in a futex that is private to the process.
    pub(crate) fn sleep(self) -> Option<FutexSleep> {
        self.is_private.then_some(match self.is_timed {
            false => FutexSleep::Untimed,
            true => FutexSleep::Timed,
        })
    }
}

/// Returns the call by which the thread with this id of the operating system sleeps in a futex, or is about to.
pub(crate) fn futex_call(os_id: u32) -> Option<FutexCall> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        call(&format!("/proc/self/task/{os_id}"))
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = os_id;
        None
    }
}

/// Returns whether the memory at this address is not shared with other processes, as far as the system says.
pub(crate) fn is_private(address: usize) -> bool {
    // Missing on other systems.
    let maps = std::fs::read("/proc/self/maps").unwrap_or_default();
    let maps = String::from_utf8_lossy(&maps);
    maps.lines().any(|line| is_in_private(line, address))
}

/// Returns whether a line of `maps` is that of a private mapping with this address in it.
fn is_in_private(line: &str, address: usize) -> bool {
    let mut fields = line.split(' ');
    let (range, access) = (fields.next(), fields.next());
    let bounds = range.and_then(|range| range.split_once('-'));
    let [begin, end] = bounds.map_or([None; 2], |(begin, end)| {
        [begin, end].map(|bound| usize::from_str_radix(bound, 16).ok())
    });
    let is_inside =
        begin.is_some_and(|begin| begin <= address) && end.is_some_and(|end| address < end);
    is_inside && access.is_some_and(|access| access.ends_with('p'))
}

/// Returns the call by which the thread of this folder in `/proc` sleeps in a futex, or is about to.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn call(task: &str) -> Option<FutexCall> {
    // Says `running` for a thread that does not sleep.
    parse(&std::fs::read_to_string(format!("{task}/syscall")).ok()?)
}

/// Returns how the thread of this folder in `/proc` sleeps in a futex.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn read(task: &str) -> Option<FutexSleep> {
    let sleep = call(task)?.sleep()?;
    // A thread that a tracer has stopped at the entry of the call is in the call, too.
    state::stat(task)?.starts_with(" S ").then_some(sleep)
}

/// Parses the number of a system call and its arguments, all but the number in hexadecimal digits.
#[cfg(any(target_os = "linux", target_os = "android"))]
// The numbers have narrower types on some targets.
#[allow(clippy::unnecessary_cast)]
fn parse(call: &str) -> Option<FutexCall> {
    let mut fields = call.split_ascii_whitespace();
    let number: u64 = fields.next()?.parse().ok()?;
    let calls = [libc::SYS_futex, state::FUTEX_TIME64];
    if calls.iter().all(|call| *call as u64 != number) {
        return None;
    }
    let mut argument = || u64::from_str_radix(fields.next()?.strip_prefix("0x")?, 16).ok();
    let [address, operation, value, deadline] =
        [argument()?, argument()?, argument()?, argument()?];
    let operation = operation as i32;
    let waits = [libc::FUTEX_WAIT, libc::FUTEX_WAIT_BITSET];
    let is_wait = waits.contains(&(operation & libc::FUTEX_CMD_MASK));
    is_wait.then_some(FutexCall {
        address: address as usize,
        // Of the register, the kernel reads the lower half.
        value: value as u32,
        is_private: operation & libc::FUTEX_PRIVATE_FLAG != 0,
        is_timed: deadline != 0,
    })
}

#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
mod tests {
    use super::*;
    use crate::tracking::thread::slot::os_id;

    #[test]
    fn the_wait_of_a_private_futex_is_a_sleep() {
        let call_of = |number: u64, operation: u32, deadline: u64| {
            parse(&format!(
                "{number} 0x7f00 {operation:#x} 0xffffffff {deadline:#x} 0x0 0xffffffff 0x7ffd 0x7f01\n"
            ))?
            .sleep()
        };
        let call = |operation, deadline| call_of(libc::SYS_futex as u64, operation, deadline);
        assert_eq!(call(0x89, 0), Some(FutexSleep::Untimed), "as std parks");
        assert_eq!(call(0x80, 0), Some(FutexSleep::Untimed));
        assert_eq!(
            call(0x189, 0),
            Some(FutexSleep::Untimed),
            "on the real clock"
        );
        assert_eq!(call(0x89, 0x7ffe), Some(FutexSleep::Timed));
        assert_eq!(
            call_of(state::FUTEX_TIME64 as u64, 0x80, 0),
            Some(FutexSleep::Untimed),
            "as parking_lot parks on a 32-bit system"
        );
        assert_eq!(call(0x9, 0), None, "shared with other processes");
        assert_eq!(call(0x109, 0), None, "the end of a thread");
        assert_eq!(call(0x81, 0), None, "a call that wakes");
        assert_eq!(parse("0 0x3 0x7f00 0x1 0x0 0x0 0x0 0x7ffd 0x7f01"), None);
        assert_eq!(parse("running"), None);
        assert_eq!(parse("-1 0x7ffd 0x7f01"), None);
    }

    #[test]
    fn the_memory_of_the_program_is_private() {
        let line = |access: &str| format!("7f00-8000 {access} 00000000 00:00 0 [stack]");
        assert!(is_in_private(&line("rw-p"), 0x7fff));
        assert!(!is_in_private(&line("rw-p"), 0x8000));
        assert!(!is_in_private(&line("rw-s"), 0x7fff));
        assert!(is_private((&raw const *line("").as_bytes()).addr()));
    }

    #[test]
    fn a_parked_thread_sleeps_until_it_is_unparked() {
        let (sender, receiver) = std::sync::mpsc::channel();
        let parked = std::thread::spawn(move || {
            sender.send(os_id()).unwrap();
            std::thread::park();
        });
        let id = receiver.recv().unwrap();
        while futex_sleep(id) != Some(FutexSleep::Untimed) {
            std::thread::yield_now();
        }
        parked.thread().unpark();
        parked.join().unwrap();
        assert_eq!(futex_sleep(id), None);
    }

    /// A stop at the entry of the call looks like the call itself, but the value of the futex is yet to be read.
    #[test]
    #[allow(unsafe_code)]
    fn a_thread_that_a_tracer_stops_at_the_call_does_not_sleep() {
        use std::ptr::null_mut;
        /// Lets the child go on, to the next stop or, with `PTRACE_DETACH`, for good.
        fn go_on(request: i32, child: libc::pid_t) {
            // SAFETY: the child is traced by the calling thread and stopped; no memory is passed.
            let failed = unsafe { libc::ptrace(request as _, child, null_mut::<u8>(), 0) };
            assert_eq!(failed, 0);
        }
        fn until_stopped(child: libc::pid_t) {
            let mut status = 0;
            // SAFETY: `status` is valid for writes.
            let waited = unsafe { libc::waitpid(child, &mut status, 0) };
            assert_eq!(waited, child);
            assert!(libc::WIFSTOPPED(status), "{status:#x}");
        }
        let word = 0_u32;
        // SAFETY: the child makes system calls only, which is allowed after a fork in a process with threads.
        let child = unsafe { libc::fork() };
        if child == 0 {
            // SAFETY: as above; the futex is valid, and the kernel writes nothing.
            unsafe {
                libc::ptrace(libc::PTRACE_TRACEME, 0, null_mut::<u8>(), 0);
                libc::syscall(libc::SYS_kill, libc::getpid(), libc::SIGSTOP);
                libc::syscall(libc::SYS_futex, &raw const word, 0x80, 0, null_mut::<u8>());
                libc::_exit(0);
            }
        }
        let task = format!("/proc/{child}");
        until_stopped(child);
        // The end of the call of `kill`, then the entry of that of the futex.
        loop {
            go_on(libc::PTRACE_SYSCALL as i32, child);
            until_stopped(child);
            let call = std::fs::read_to_string(format!("{task}/syscall")).unwrap();
            if parse(&call).and_then(FutexCall::sleep) == Some(FutexSleep::Untimed) {
                break;
            }
        }
        assert_eq!(read(&task), None);
        go_on(libc::PTRACE_DETACH as i32, child);
        while read(&task) != Some(FutexSleep::Untimed) {
            std::thread::yield_now();
        }
        // SAFETY: the child is killed and waited for.
        unsafe {
            libc::kill(child, libc::SIGKILL);
            libc::waitpid(child, null_mut(), 0);
        }
    }
}
