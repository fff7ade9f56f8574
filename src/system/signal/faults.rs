//! The signals of faults.

/// The signals that a fault of the thread itself raises, or an abort: their handlers resume no waiting program.
pub(super) const FAULTS: [i32; 7] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGTRAP,
    libc::SIGABRT,
    libc::SIGSYS,
];
