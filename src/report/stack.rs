//! A stack: captured as addresses, resolved to names when it is read.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use once_cell::race::OnceBox;

use super::module::{LOOKUP, Module, Modules, Place};
use super::place::{is_own, short_file, shown_file};
use super::source;
use crate::engine::ids::Site;
use crate::engine::lists;
use crate::tracking::lock::class_key;
use crate::tracking::thread::current::Inside;

/// The most frames that are kept. Of a deeper stack the innermost frames are kept.
const MAX_FRAMES: usize = 128;

/// How many frames distinguish call paths: those of this crate and some of its callers. Without
/// inlining this crate has more frames.
const PATH: usize = if cfg!(debug_assertions) { 24 } else { 12 };

/// The functions in which a thread was.
///
/// A capture walks the stack and keeps the addresses: some microseconds, and eight bytes for each
/// frame. The names, files and lines are looked up when the stack is first displayed. The first lookup
/// in a process reads all debug information of the program, which takes hundreds of milliseconds in a
/// build without optimisation (and far less if its `Cargo.toml` gives the packages `gimli` and
/// `addr2line` an `opt-level`, under `[profile.dev.package]`). A later lookup takes less than one
/// millisecond. `RUST_BACKTRACE` affects neither.
///
/// Cheap to clone: clones share the addresses and the names.
#[derive(Clone)]
pub struct Stack(Arc<Frames>);

struct Frames {
    addresses: Box<[usize]>,
    /// Threads that look the names up at once each do so, and none waits: see `config::global`.
    resolved: OnceBox<Vec<Frame>>,
}

/// One function of a stack. An address that was inlined into has several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Frame {
    function: Option<String>,
    file: Option<String>,
    line: Option<u32>,
    column: Option<u32>,
    /// The module of the address.
    place: Option<Place>,
}

/// One function of a [`Stack`], from the debug information of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StackFrame<'a> {
    /// The name of the function, without its hash.
    pub function: Option<&'a str>,
    /// The source file.
    pub file: Option<&'a str>,
    /// The line in the source file.
    pub line: Option<u32>,
    /// The file of the program or the library that contains the function, where the system has it: on
    /// Linux, Android and FreeBSD.
    pub module: Option<&'a str>,
    /// The address within that file, as `addr2line` takes it: the stack of a stripped program can be
    /// resolved with an unstripped copy.
    pub offset: Option<u64>,
    /// The build id of that file in hexadecimal digits, if it has one.
    pub build_id: Option<&'a str>,
}

/// A call that a function of the program makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) function: String,
    pub(super) file: String,
    pub(super) line: u32,
    pub(super) column: Option<u32>,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = shown_file(&self.file);
        write!(f, "{}, {file}:{}", self.function, self.line)
    }
}

impl Call {
    /// Returns the place of the call.
    pub(super) fn place(&self) -> impl fmt::Display {
        let file = shown_file(&self.file);
        fmt::from_fn(move |f| match self.column {
            Some(column) => write!(f, "{file}:{}:{column}", self.line),
            None => write!(f, "{file}:{}", self.line),
        })
    }
}

impl Stack {
    /// Captures the stack of the calling thread.
    pub(crate) fn capture() -> Self {
        // The walk takes a process-wide lock.
        let _inside = Inside::enter();
        let mut addresses = Vec::with_capacity(32);
        walk(|frame| {
            addresses.push(frame.ip().addr());
            addresses.len() < MAX_FRAMES
        });
        Self::of_addresses(&addresses)
    }

    /// Returns a stack of addresses that were captured elsewhere, the innermost first.
    pub(crate) fn of_addresses(addresses: &[usize]) -> Self {
        Self(Arc::new(Frames {
            addresses: addresses.into(),
            resolved: OnceBox::new(),
        }))
    }

    /// Returns the addresses, the innermost first.
    pub(crate) fn addresses(&self) -> &[usize] {
        &self.0.addresses
    }

    /// Returns the caller of the function that contains `site`, with the place of the call; `None` if the
    /// stack does not contain `site`. Methods of one type that call each other count as one function: a type
    /// that wraps the program's locks. Looks up the names if that was not done before.
    pub(super) fn caller_of(&self, site: Site) -> Option<Call> {
        let frames = self.frames();
        let at = first(frames, &|frame| frame.is_at(site))?;
        let of = frames[at].method_of();
        let outer = &frames[at + 1..];
        nearest(outer, &|frame| of.is_none() || frame.method_of() != of)?.call(&frames[at], site)
    }

    /// Returns the caller of an outer call of the function that contains `site`, as text: the function
    /// has called the program back, and that came to `site` once more. `None` if there is no such call.
    pub(super) fn outer_caller_of(&self, site: Site) -> Option<Call> {
        let frames = self.frames();
        let at = first(frames, &|frame| frame.is_at(site))?;
        let name = frames[at].function.as_ref()?;
        let callers = &frames[at + 1..];
        let outer = first(callers, &|frame| frame.function.as_ref() == Some(name))?;
        nearest(&callers[outer + 1..], &|_| true)?.call(&frames[at], site)
    }

    /// Returns the innermost function of the program's own code, with the place of the call that it makes.
    /// Looks up the names if that was not done before.
    pub(super) fn own_caller(&self) -> Option<Call> {
        let frames = self.frames();
        // Libraries of C with debug information have files relative to a folder that is not known.
        let is_own = |file: &str| is_own(file) && file.ends_with(".rs");
        let is_own = |frame: &Frame| !frame.is_ours() && frame.file.as_deref().is_some_and(is_own);
        let caller = &frames[first(frames, &is_own)?];
        let file = caller.file.as_deref()?;
        caller.call_in(under(root().as_deref(), file).unwrap_or(file))
    }

    /// Returns a hash of the innermost calls: the path through this crate, and its callers.
    ///
    /// Hashes return addresses, so no lookup is needed. Two paths through this crate that lead to the
    /// same call of the program give two hashes.
    pub(crate) fn path(&self) -> u64 {
        let mut path: u64 = 0;
        for &address in self.addresses().iter().take(PATH) {
            path = (path.rotate_left(5) ^ address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
        path
    }

    /// Returns whether libtest runs a test in the thread of the stack. Looks up names from the outermost function on.
    pub(crate) fn is_of_test(&self) -> bool {
        let mut outward = self.addresses().iter().rev();
        find_frame(&mut outward, &mut |frame| frame.runs_test().then_some(true)).is_some()
    }

    /// Returns whether the program has called a wait of the standard library or of `parking_lot` for another thread, and that
    /// is where the thread of the stack is; `false` if names are missing, or if it is in this crate or at a condition variable.
    pub(crate) fn is_in_wait(&self) -> bool {
        let mut waits = false;
        let mut inward = self.addresses().iter();
        let called = find_frame(&mut inward, &mut |frame| {
            waits |= frame.waits();
            let is_here = frame.starts_with_any(&["lockwarden::", "lockwarden_tokio::"]);
            let rests = is_here || frame.is_of_condvar();
            (rests || frame.is_of_the_program()).then_some(!rests)
        });
        called.unwrap_or(true) && waits
    }

    /// Looks up the names of all these stacks, each address once; calls `between` after each address.
    pub(crate) fn resolve_all(stacks: &[&Stack], between: &dyn Fn()) {
        // Sorted by the addresses.
        let mut known: Vec<(usize, Vec<Frame>)> = Vec::new();
        let modules = Modules::now();
        for stack in stacks {
            if stack.is_resolved() {
                continue;
            }
            stack.resolve(&mut |address, frames| {
                let at = lists::search(known.len(), &|at| known[at].0.cmp(&address));
                if let Err(at) = at {
                    let mut found = Vec::new();
                    resolve(address, &modules, &mut found);
                    known.insert(at, (address, found));
                    between();
                }
                let (Ok(at) | Err(at)) = at;
                frames.extend_from_slice(&known[at].1);
            });
        }
    }

    /// Looks up the names with `look_up`, which adds the functions of an address.
    fn resolve(&self, look_up: &mut dyn FnMut(usize, &mut Vec<Frame>)) -> &[Frame] {
        let mut frames = Vec::new();
        for &address in &self.0.addresses {
            let before = frames.len();
            look_up(address, &mut frames);
            if is_bottom(&frames, before) {
                break;
            }
        }
        // If another thread was faster, its result is the same.
        self.0.resolved.get_or_init(|| Box::new(trimmed(&frames)))
    }

    /// A stack of these functions, each called in the first line of a file of its own.
    #[cfg(test)]
    pub(super) fn of(functions: &[&str]) -> Self {
        let frames = functions.iter().map(|&function| Frame {
            function: Some(function.to_owned()),
            file: Some(format!("src/{}.rs", function.replace("::", "_"))),
            line: Some(1),
            column: Some(1),
            place: None,
        });
        Self::resolved(frames.collect())
    }

    #[cfg(test)]
    fn resolved(frames: Vec<Frame>) -> Self {
        Self(Arc::new(Frames {
            addresses: Box::default(),
            resolved: OnceBox::with_value(Box::new(frames)),
        }))
    }

    /// Returns whether the names have been looked up.
    pub(crate) fn is_resolved(&self) -> bool {
        self.0.resolved.get().is_some()
    }

    /// Returns whether both are one capture.
    pub(super) fn is(&self, other: &Stack) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Returns the functions, the innermost first. Looks up their names if that was not done before.
    pub(crate) fn functions(&self) -> Vec<&str> {
        let mut functions = Vec::new();
        for frame in self.frames() {
            functions.extend(frame.function.as_deref());
        }
        functions
    }

    /// Yields the functions with their places, the innermost first. Looks up their names if that was
    /// not done before.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(target_os = "linux")]
    /// for thread in lockwarden::watchdog::dump().threads {
    ///     let Ok(stack) = &thread.stack else { continue };
    ///     let innermost = stack.places().next();
    ///     println!("{:?}", innermost.and_then(|place| place.function));
    /// }
    /// ```
    pub fn places(&self) -> impl Iterator<Item = StackFrame<'_>> {
        self.frames().iter().map(|frame| {
            let place = frame.place.as_ref();
            StackFrame {
                function: frame.function.as_deref(),
                file: frame.file.as_deref(),
                line: frame.line,
                module: place.map(|place| place.module.path.as_str()),
                offset: place.map(|place| place.offset),
                build_id: place.and_then(|place| place.module.build_id.as_deref()),
            }
        })
    }

    fn frames(&self) -> &[Frame] {
        if let Some(frames) = self.0.resolved.get() {
            return frames;
        }
        let modules = Modules::now();
        self.resolve(&mut |address, frames| resolve(address, &modules, frames))
    }
}

/// Returns the innermost of these callers that `concerns`: the first of the program's own code, or, if there is none, the
/// first of a dependency, or else the first of all.
fn nearest<'a>(callers: &'a [Frame], concerns: &dyn Fn(&Frame) -> bool) -> Option<&'a Frame> {
    let is_such = |frame: &Frame| frame.is_of_the_program() && concerns(frame);
    let is_own = |frame: &Frame| is_such(frame) && frame.file.as_deref().is_some_and(is_own);
    let at = first(callers, &is_own).or_else(|| first(callers, &is_such));
    callers.get(at.unwrap_or_default())
}

/// Returns the folder to which the places of locks are relative; the current directory, if that is not known.
fn root() -> Option<PathBuf> {
    source::workspace().or_else(|| std::env::current_dir().ok())
}

/// Returns the path of a file within the folder.
fn under<'a>(root: Option<&Path>, file: &'a str) -> Option<&'a str> {
    Path::new(file).strip_prefix(root?).ok()?.to_str()
}

/// Walks the stack of the calling thread.
///
/// `backtrace::trace` takes a process-wide lock for this, which a thread of the program may hold for
/// hundreds of milliseconds while it looks up names. Only the debugging library of Windows needs that
/// lock.
#[cfg(unix)]
#[allow(unsafe_code)]
fn walk(each: impl FnMut(&backtrace::Frame) -> bool) {
    // SAFETY: the lock that this function omits protects the lookup of names, which is not done here.
    // On Unix the walk is `_Unwind_Backtrace`, which any number of threads may call at once: it reads
    // the stack of its caller and tables that do not change, and the list of loaded libraries under the
    // linker's own lock.
    unsafe { backtrace::trace_unsynchronized(each) }
}

#[cfg(not(unix))]
fn walk(each: impl FnMut(&backtrace::Frame) -> bool) {
    backtrace::trace(each);
}

fn resolve(address: usize, modules: &Modules, frames: &mut Vec<Frame>) {
    let before = frames.len();
    let place = modules.place(address);
    let address = std::ptr::without_provenance_mut(address);
    let _lookup = LOOKUP.lock();
    backtrace::resolve(address, |symbol| {
        frames.push(Frame {
            // The alternate form leaves out the hash at the end of the name.
            function: symbol.name().map(|name| format!("{name:#}")),
            file: symbol.filename().map(|file| file.display().to_string()),
            line: symbol.lineno(),
            column: symbol.colno(),
            place: place.clone(),
        });
    });
    if frames.len() == before {
        frames.push(Frame {
            place,
            ..Frame::default()
        });
    }
}

/// Returns whether one of the frames from `from` on is the start of the thread. The frames below that one are not
/// shown, and a lookup of their names would read the debug information of the system's library.
fn is_bottom(frames: &[Frame], from: usize) -> bool {
    let inner = frames.get(from.max(1)..).unwrap_or_default();
    first(inner, &Frame::starts_thread).is_some() && !frames[0].starts_thread()
}

/// Returns the position of the innermost frame that is of a kind.
fn first(frames: &[Frame], is_of_kind: &dyn Fn(&Frame) -> bool) -> Option<usize> {
    frames.iter().position(is_of_kind)
}

/// Returns how many frames there are up to the outermost one that is of a kind.
fn up_to_last(frames: &[Frame], is_of_kind: &dyn Fn(&Frame) -> bool) -> usize {
    let mut count = frames.len();
    while count > 0 && !is_of_kind(&frames[count - 1]) {
        count -= 1;
    }
    count
}

/// Removes the frames above the program (this crate, and the crates that its locks are built on, at the
/// innermost end) and those below it (the start of the thread, at the outermost).
fn trimmed(all: &[Frame]) -> Vec<Frame> {
    let (mut frames, mut shown) = (all, Vec::new());
    if let Some(bottom) = first(frames, &Frame::starts_thread)
        && bottom > 0
    {
        frames = &frames[..bottom];
    }
    // Below the root of a task is the runtime that polls it.
    if let Some(root) = first(frames, &Frame::polls_task) {
        frames = &frames[..=root];
    }
    // The frames that catch a panic stand between functions of any program with threads, and carry no
    // information.
    for frame in frames {
        if !frame.catches_panics() {
            shown.push(frame.clone());
        }
    }
    if !shown.is_empty() {
        frames = &shown;
    }
    // The tests of this crate have only frames of this crate.
    if let Some(innermost) = first(frames, &Frame::is_of_the_program) {
        let end = up_to_last(frames, &Frame::is_of_the_program);
        let top = up_to_last(&frames[..innermost], &Frame::is_ours);
        frames = &frames[top..end];
    }
    frames.to_vec()
}

/// Looks up the functions of these addresses, one address after the other, and returns the first result of `find`.
fn find_frame(
    addresses: &mut dyn Iterator<Item = &usize>,
    find: &mut dyn FnMut(&Frame) -> Option<bool>,
) -> Option<bool> {
    // The allocator of the program may use watched locks, whose waits would take the place of a published one.
    let _inside = Inside::enter();
    let modules = Modules::now();
    for address in addresses {
        let mut frames = Vec::new();
        resolve(*address, &modules, &mut frames);
        let found = frames.iter().find_map(&mut *find);
        if found.is_some() {
            return found;
        }
    }
    None
}

impl Frame {
    fn is_at(&self, site: Site) -> bool {
        let file = self.file.as_deref();
        file.is_some_and(|file| file.ends_with(site.file())) && self.line == Some(site.line())
    }

    /// Returns the function with the place of its call. The path is shown as the compiler received it, if it
    /// is in the same directory as that of `callee`, which is at `site`; else from the root of the workspace on.
    fn call(&self, callee: &Frame, site: Site) -> Option<Call> {
        let file = self.file.as_deref()?;
        let folder = callee.file.as_deref()?.strip_suffix(site.file());
        // The files of a dependency are in another folder, and their sites are whole paths.
        let beside = folder.filter(|folder| !folder.is_empty());
        let beside = beside.and_then(|folder| file.strip_prefix(folder));
        let root = root();
        let shown = beside.or_else(|| under(root.as_deref(), file));
        self.call_in(shown.unwrap_or(file))
    }

    /// Returns the function with the place of its call, in a file of this name.
    fn call_in(&self, file: &str) -> Option<Call> {
        Some(Call {
            function: self.function.clone()?,
            file: file.to_owned(),
            line: self.line?,
            column: self.column,
        })
    }

    /// Returns the type whose method this is, or whose method contains this closure; `None` of a function of
    /// a module. Types are known by their capital letter.
    ///
    /// The compiler's older names are `shop::Lock<T>::with::{{closure}}`, the newer ones
    /// `<shop::Lock<u8>>::with::<shop::main::{closure#0}>::{closure#0}`; of both, `<shop::Lock<T> as Deref>::deref`.
    fn method_of(&self) -> Option<&str> {
        let function = self.function.as_deref()?;
        let of = if let Some(of) = function.strip_prefix('<') {
            let of = of.trim_start_matches('&');
            of.split(['<', '>']).next()?.split(" as ").next()?
        } else {
            match function.split_once('<') {
                Some((of, _)) if !of.ends_with("::") => of,
                found => {
                    let path = found.map_or(function, |(path, _)| path.trim_end_matches(':'));
                    path.split("::{").next()?.rsplit_once("::")?.0
                }
            }
        };
        let name = of.rsplit_once("::").map_or(of, |(_, name)| name);
        name.starts_with(char::is_uppercase).then_some(of)
    }

    /// Returns the name of the function, without the `<` of `<Type as Trait>::function`.
    fn path(&self) -> &str {
        self.function
            .as_deref()
            .unwrap_or_default()
            .trim_start_matches(['<', '&'])
    }

    fn starts_with_any(&self, prefixes: &[&str]) -> bool {
        prefixes
            .iter()
            .any(|prefix| self.path().starts_with(prefix))
    }

    /// Returns whether this is a function of this crate, or of one that its locks and its stacks are
    /// built on.
    fn is_ours(&self) -> bool {
        self.starts_with_any(&["lockwarden::", "backtrace::", "lock_api::", "parking_lot::"])
            || self.starts_with_any(&["parking_lot_core::", "crossbeam_channel::"])
            || self.starts_with_any(&["lockwarden_tokio::", "once_cell::", "once_cell_original::"])
            || self.file.as_deref().is_some_and(is_file_of_ours)
    }

    /// Returns whether this is the poll of a whole task, in `lockwarden-tokio`.
    fn polls_task(&self) -> bool {
        // With line tables alone a function has no path, so its file counts too.
        let is_of_root = |file: &str| is_file_of_ours(file) && file.ends_with("agent/root.rs");
        (self.path().contains("::agent::root::Root<") && self.is_ours())
            || self.file.as_deref().is_some_and(is_of_root)
    }

    /// Returns whether this is the function of libtest that runs one test.
    fn runs_test(&self) -> bool {
        self.starts_with_any(&["test::run_test"])
    }

    /// Returns whether this is a function of the standard library or of `parking_lot` in which a thread waits for others.
    /// `std::thread::park` is none: it is where a program rests.
    fn waits(&self) -> bool {
        // Without line numbers, a park of the closure that they call may be inlined in them.
        let calls_back = self.starts_with_any(&["std::thread::scoped::scope", "std::sync::"]);
        (calls_back && self.file.is_some())
            || self.starts_with_any(&["parking_lot_core::", "std::sys::sync::mutex::"])
            || self.starts_with_any(&["std::sys::sync::rwlock::", "std::sys::sync::once::"])
            // Where a join is not recognised by the futex.
            || self.starts_with_any(&["std::thread::lifecycle::JoinInner", "std::thread::JoinInner"])
    }

    /// Returns whether this is a function of a condition variable: parks of other crates are made of those.
    fn is_of_condvar(&self) -> bool {
        self.path().contains("::condvar::") || self.path().contains("::Condvar")
    }

    /// Returns whether this is a function of the standard library that calls a closure and catches its
    /// panic.
    fn catches_panics(&self) -> bool {
        let path = self.path();
        path == "__rust_try"
            || self.starts_with_any(&["std::panicking::catch_unwind", "std::panic::catch_unwind"])
            || self.starts_with_any(&["std::panicking::try", "core::panic::unwind_safe::"])
            || (path.contains("core::ops::function::Fn") && path.ends_with("::call_once"))
    }

    /// Returns whether the function belongs to the program: not to this crate, and not to functions
    /// that only pass calls on and may stand between two of this crate.
    fn is_of_the_program(&self) -> bool {
        // A method of a primitive type has the path `<bool>::then`, so its file counts too.
        let plumbing = self.starts_with_any(&["core::", "std::", "alloc::"])
            || self
                .file
                .as_deref()
                .is_some_and(|file| class_key::of_the_standard_library(file).is_some())
            || self.path().contains("core::ops::function::Fn")
            || self.path() == "__rust_try"
            || self.sleeps();
        !plumbing && !self.is_ours()
    }

    /// Returns whether the locks, joins and sleeps of this crate block in this function, or yield before they do.
    fn sleeps(&self) -> bool {
        let name = self
            .path()
            .trim_start_matches("__GI_")
            .trim_start_matches('_');
        let calls = ["nanosleep", "clock_nanosleep", "sched_yield"];
        // With musl a call of the system has several functions.
        let prefixes = [
            "syscall",
            "timedwait",
            "pthread_clockjoin",
            "pthread_timedjoin",
        ];
        // On i686 a call of the system is made in the code that the kernel maps, which has no name.
        let is_gate = |place: &Place| place.module.path == "linux-gate.so.1";
        calls.contains(&name)
            || prefixes.iter().any(|prefix| name.starts_with(prefix))
            || self.place.as_ref().is_some_and(is_gate)
    }

    /// Returns whether this is a function of the runtime that calls the thread's closure or `main`.
    fn starts_thread(&self) -> bool {
        // Not all of `std::sys`: a sleeping thread is in there.
        self.path().contains("__rust_begin_short_backtrace")
            || self.starts_with_any(&["std::rt::lang_start"])
            || self.starts_with_any(&["std::sys::"]) && self.path().contains("thread_start")
    }
}

/// Returns whether a source file belongs to this crate, or to one that its locks are built on. A
/// function that was inlined has the name of a type of the program, and its own file.
fn is_file_of_ours(file: &str) -> bool {
    // Within the workspace of this crate, its tests and examples count as a program.
    let own = file.strip_prefix(env!("CARGO_MANIFEST_DIR"));
    let own = own.map(|rest| rest.trim_start_matches(['/', '\\', '.']).replace("\\", "/"));
    let sources = ["src/", "crates/lockwarden-tokio/src/", "replacements/"];
    if own.is_some_and(|rest| sources.iter().any(|source| rest.starts_with(source))) {
        return true;
    }
    let Some(file) = short_file(file) else {
        return false;
    };
    let crates = [
        "backtrace 0.",
        "crossbeam-channel 0.",
        // Under `cargo lockwarden`, its crate is called `tokio`.
        "lockwarden-tokio 0.",
        "lock_api 0.",
        "once_cell 1.",
        "parking_lot 0.",
        "parking_lot_core 0.",
    ];
    crates.iter().any(|name| file.starts_with(name))
}

impl fmt::Display for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = root();
        let mut unnamed: Vec<&Module> = Vec::new();
        for (number, frame) in self.frames().iter().enumerate() {
            let name = frame.function.as_deref().unwrap_or("<unknown>");
            write!(f, "{number:>4}: {name}")?;
            if let (None, Some(Place { module, offset })) = (&frame.function, &frame.place) {
                write!(f, " at {}+{offset:#x}", module.name())?;
                if !unnamed.contains(&&**module) {
                    unnamed.push(module);
                }
            }
            writeln!(f)?;
            let Some(file) = &frame.file else { continue };
            match under(root.as_deref(), file) {
                Some(file) => write!(f, "          at {file}")?,
                None => write!(f, "          at {}", shown_file(file))?,
            }
            if let Some(line) = frame.line {
                write!(f, ":{line}")?;
            }
            if let Some(column) = frame.column {
                write!(f, ":{column}")?;
            }
            writeln!(f)?;
        }
        // The data for a later lookup.
        for module in &unnamed {
            let build_id = module.build_id.as_deref().unwrap_or("none");
            writeln!(
                f,
                "      {} is {}, build id {build_id}",
                module.name(),
                module.path
            )?;
        }
        Ok(())
    }
}

impl fmt::Debug for Stack {
    /// Does not look up the names, so that `Debug` stays cheap.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stack({} frames)", self.0.addresses.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(functions: &[&str]) -> Vec<Frame> {
        functions
            .iter()
            .map(|&function| Frame {
                function: Some(function.to_owned()),
                ..Frame::default()
            })
            .collect()
    }

    #[test]
    fn frames_outside_the_program_are_left_out() {
        let all = frames(&[
            "backtrace::backtrace::trace",
            "lockwarden::report::stack::Stack::capture",
            "core::option::Option<T>::map",
            "<lockwarden::raw::mutex::RawMutex as lock_api::mutex::RawMutex>::lock",
            "lock_api::mutex::Mutex<R,T>::lock",
            "core::result::Result<T,E>::map",
            "bank::transfer",
            "std::iter::for_each",
            "bank::main",
            "core::ops::function::FnOnce::call_once",
            "std::panicking::catch_unwind::do_call",
            "__rust_try",
            "std::sys::backtrace::__rust_begin_short_backtrace",
            "main",
        ]);
        assert_eq!(
            trimmed(&all),
            frames(&[
                "core::result::Result<T,E>::map",
                "bank::transfer",
                "std::iter::for_each",
                "bank::main"
            ])
        );
    }

    #[test]
    fn the_stack_of_a_sleeping_thread_begins_at_the_sleep() {
        let slept = frames(&[
            "syscall",
            "std::sys::pal::unix::futex::futex_wait",
            "std::thread::park",
            "bank::wait_for_orders",
        ]);
        let mut all = slept.clone();
        all.extend(frames(&[
            "std::sys::thread::unix::Thread::new::thread_start",
            "clone3",
        ]));
        assert_eq!(trimmed(&all), slept);
        for ours in [
            [
                "syscall",
                "parking_lot_core::parking_lot::park",
                "<lockwarden::raw::mutex::RawMutex as lock_api::mutex::RawMutex>::lock",
            ],
            [
                "__GI___clock_nanosleep",
                "std::sys::thread::unix::sleep",
                "lockwarden::thread::rest::sleep",
            ],
            [
                "__GI_sched_yield",
                "parking_lot_core::thread_parker::imp::thread_yield",
                "lockwarden::raw::mutex::Inner::lock_at",
            ],
        ] {
            let mut all = frames(&ours);
            all.extend(frames(&["bank::transfer", "std::rt::lang_start"]));
            assert_eq!(trimmed(&all), frames(&["bank::transfer"]));
        }
    }

    #[test]
    fn methods_of_primitive_types_are_those_of_the_standard_library() {
        let of_std = |function: &str| Frame {
            function: Some(function.to_owned()),
            file: Some("/rustc/0123abcd/library/core/src/bool.rs".to_owned()),
            ..Frame::default()
        };
        let mut all = vec![of_std(
            "<bool>::then::<lockwarden::report::Stack, <lockwarden::report::Stack>::capture>",
        )];
        all.extend(frames(&[
            "<lockwarden::raw::mutex::RawMutex>::lock_at",
            "<lockwarden::sync::mutex::Mutex<u32>>::lock",
            "<bank::Bank>::transfer::<bank::main::{closure#0}>",
            "std::rt::lang_start::<()>",
        ]));
        let kept = frames(&["<bank::Bank>::transfer::<bank::main::{closure#0}>"]);
        assert_eq!(trimmed(&all), kept);
    }

    #[test]
    fn the_caller_of_a_function_that_a_dependency_calls_is_the_program() {
        let log =
            "/home/me/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/log-0.4.28/src/lib.rs";
        let mut all = frames(&[
            "<shop::Log as log::Log>::log",
            "log::log",
            "<shop::Sale as core::fmt::Display>::fmt",
            "core::fmt::write",
            "<shop::Log as log::Log>::log",
            "log::log",
            "shop::sell",
        ]);
        for frame in &mut all {
            let is_log = frame.function.as_deref() == Some("log::log");
            frame.file = Some(if is_log { log } else { file!() }.to_owned());
            frame.line = Some(line!());
        }
        let site = std::panic::Location::caller();
        all[0].line = Some(site.line());
        let stack = Stack::resolved(all);
        let names = [stack.caller_of(site), stack.outer_caller_of(site)]
            .map(|call| call.map(|call| call.function));
        let named = |name: &str| Some(name.to_owned());
        let display = "<shop::Sale as core::fmt::Display>::fmt";
        assert_eq!(names, [named(display), named("shop::sell")]);
    }

    #[test]
    fn a_stack_that_is_all_ours_is_kept() {
        let all = frames(&["lockwarden::a", "lockwarden::b"]);
        assert_eq!(trimmed(&all), all);
        assert_eq!(trimmed(&[]), []);
    }

    #[test]
    fn methods_are_known_by_the_capital_letter_of_their_type() {
        for (function, of) in [
            ("shop::sync::Lock<T>::lock", Some("shop::sync::Lock")),
            (
                "shop::sync::Lock<T>::with::{{closure}}",
                Some("shop::sync::Lock"),
            ),
            (
                "<shop::Lock<alloc::string::String> as core::ops::Deref>::deref",
                Some("shop::Lock"),
            ),
            ("shop::stock::count", None),
            ("shop::stock::count::{{closure}}", None),
            // The compiler's newer form.
            ("<shop::sync::Lock<u8>>::lock", Some("shop::sync::Lock")),
            (
                "<shop::sync::Lock<u8>>::with::<shop::main::{closure#0}>::{closure#1}",
                Some("shop::sync::Lock"),
            ),
            (
                "<shop::sync::Lock<u8>>::with::<shop::Sale, shop::main::{closure#0}>",
                Some("shop::sync::Lock"),
            ),
            (
                "<shop::Lock<alloc::string::String> as core::ops::deref::Deref>::deref",
                Some("shop::Lock"),
            ),
            ("shop::stock::count::<shop::Sale>", None),
            ("shop::stock::count::<u8>::{closure#0}", None),
            ("main", None),
        ] {
            let [frame] = &frames(&[function])[..] else {
                unreachable!("one function, one frame")
            };
            assert_eq!(frame.method_of(), of, "{function}");
        }
    }

    #[inline(never)]
    fn somewhere_well_known() -> Stack {
        Stack::capture()
    }

    #[test]
    fn a_captured_stack_names_the_function_and_its_place() {
        let stack = somewhere_well_known();
        let text = stack.to_string();
        assert!(text.starts_with("   0: "), "{text}");
        // An optimised build has neither the function nor its line.
        if cfg!(debug_assertions) {
            assert!(text.contains("somewhere_well_known"), "{text}");
            assert!(text.contains("stack.rs:"), "{text}");
            assert!(!text.contains("__rust_begin_short_backtrace"), "{text}");
        }
        assert!(format!("{stack:?}").starts_with("Stack("));
    }
}
