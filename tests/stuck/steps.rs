//! Who comes first.

use std::sync::atomic::{AtomicUsize, Ordering};

use lockwarden::thread;

/// Where two threads come to, each once, before either goes on. Nobody sleeps there.
pub(crate) struct Meeting(AtomicUsize);

impl Meeting {
    pub(crate) const fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    pub(crate) fn come(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
        while self.0.load(Ordering::Acquire) < 2 {
            std::thread::yield_now();
        }
    }
}

/// Starts a thread of that name.
pub(crate) fn start(name: &str, run: impl FnOnce() + Send + 'static) -> thread::JoinHandle<()> {
    let builder = thread::Builder::new().name(name.to_owned());
    builder.spawn(run).expect("a thread can be started")
}

/// Looks on until both are at their end, and panics if one of them has: this thread waits for
/// nothing meanwhile, and is no part of what they do.
pub(crate) fn watch(both: [thread::JoinHandle<()>; 2]) {
    while !both.iter().all(thread::JoinHandle::is_finished) {
        std::thread::yield_now();
    }
    join(both);
}

/// Waits for both, and panics if one of them has.
pub(crate) fn join(both: [thread::JoinHandle<()>; 2]) {
    let ends = both.map(|handle| handle.join());
    for end in ends {
        end.unwrap();
    }
}

/// Waits until the thread of that name sleeps, which is for this one to come second: it is about to
/// wait for nothing else. Where the system does not say so, whoever is quicker comes first.
pub(crate) fn until_asleep(thread: &str) {
    if !cfg!(target_os = "linux") {
        return;
    }
    let is_asleep = || {
        let tasks = std::fs::read_dir("/proc/self/task").expect("this system has it");
        tasks.filter_map(Result::ok).any(|task| {
            let read = |file| std::fs::read_to_string(task.path().join(file)).unwrap_or_default();
            // To the system, the first thread has the name of the program, and its number.
            let is_main = task.file_name().to_str() == Some(&std::process::id().to_string());
            let name = match is_main {
                true => "main".to_owned(),
                false => read("comm"),
            };
            let stat = read("stat");
            let state = stat.rsplit(") ").next().unwrap_or_default();
            name.trim() == thread && state.starts_with('S')
        })
    };
    while !is_asleep() {
        std::thread::yield_now();
    }
}
