//! The name of the calling thread, also where the standard library cannot be asked for it.
//!
//! The standard library has a thread's name. A call for it in a signal handler ends the process if the
//! handler interrupted the thread before the library had set its own record of it, and nothing shows whether
//! it has. In a handler the signal that it handles is blocked; so if a signal is blocked, the operating
//! system is asked, which has the first 15 bytes of the name.
//!
//! # What it cannot see
//!
//! A handler that was installed with `SA_NODEFER`, and with no signal in its mask, looks like any other code.
//! And a thread without a name has, if a signal is blocked, the name of the thread that started it, since the
//! operating system passes that on.

#[cfg(unix)]
use crate::tracking::thread::signal_handler::is_any_signal_blocked;

/// Returns the name of the calling thread.
#[cfg(unix)]
pub(crate) fn of_this_thread() -> Option<String> {
    if is_any_signal_blocked() {
        unix::name()
    } else {
        known()
    }
}

/// Returns the name of the calling thread.
#[cfg(not(unix))]
pub(crate) fn of_this_thread() -> Option<String> {
    known()
}

fn known() -> Option<String> {
    std::thread::current().name().map(str::to_owned)
}

#[cfg(unix)]
#[allow(unsafe_code)]
mod unix {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    use std::ffi::CStr;
    /// Returns the operating system's name of the thread; `None` where it is not asked, or if that is the
    /// name of the process.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn name() -> Option<String> {
        // SAFETY: neither call takes an argument, and neither can fail.
        if unsafe { libc::gettid() == libc::getpid() } {
            return Some("main".to_owned());
        }
        let own = of(c"/proc/thread-self/comm")?;
        (of(c"/proc/self/comm")? != own).then_some(own)
    }

    /// Returns the content of a file of one line.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn of(path: &CStr) -> Option<String> {
        let mut text = [0_u8; 64];
        // SAFETY: the path ends with a zero, the buffer has the given length, and the descriptor is the one
        // that was opened here.
        let length = unsafe {
            let file = libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
            if file < 0 {
                return None;
            }
            let length = libc::read(file, text.as_mut_ptr().cast(), text.len());
            libc::close(file);
            length
        };
        let text = text.get(..usize::try_from(length).ok()?)?;
        let name = String::from_utf8_lossy(text);
        let name = name.trim_end_matches('\n');
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// Returns the operating system's name of the thread; `None` where it is not asked.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn name() -> Option<String> {
        None
    }

    #[cfg(all(test, any(target_os = "linux", target_os = "android")))]
    mod tests {
        use super::*;

        #[test]
        fn the_system_knows_the_name_of_a_thread() {
            let named = std::thread::Builder::new().name("of_the_system".to_owned());
            let name = named.spawn(name).unwrap().join().unwrap();
            assert_eq!(name.as_deref(), Some("of_the_system"));
        }
    }
}
