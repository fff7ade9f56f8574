//! Other copies of the detector in the process: that of a plug-in, or of a second version in one tree.
//!
//! Each copy has statics of its own, so it tracks the locks, threads and messages of the code that was linked
//! with it, and of no other: an order over locks of two copies closes no ring in either. Each copy carries a
//! *note* (a section that the linker collects, and that the dynamic linker lists for each loaded module),
//! with a word in it that all copies use. So a copy that starts finds those that have started before it,
//! whether they are in the same file or in one that was loaded later, and one of them says so, once.
//!
//! The layout of the note is shared by all versions of this crate.

#![allow(unsafe_code)]

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::SeqCst;

use crate::shim::loaded;
use crate::sink;

/// The name of the note, with its zero and the padding.
const NAME: [u8; 12] = *b"lockwarden\0\0";
/// The name as its size counts it.
const NAME_SIZE: u32 = 11;
/// The type of the note.
const SORT: u32 = 1;

/// No thread uses the copy.
const LINKED: u32 = 0;
/// The copy has started.
const STARTED: u32 = 1;
/// The copy has started, and the line that names all copies was written.
const SAID: u32 = 2;

/// What the copies know of each other.
#[repr(C)]
struct Value {
    state: AtomicU32,
    /// The version of this crate, padded with zeros.
    version: [u8; 16],
}

/// The note of this copy.
///
/// AddressSanitizer lays a zone behind each static, which would lie between this note and the next one. It leaves
/// out statics of sections with `__llvm` in their names. Only the linker uses the name.
#[repr(C)]
struct Own {
    name_size: u32,
    size: u32,
    sort: u32,
    name: [u8; 12],
    value: Value,
}

#[cfg_attr(
    all(
        any(target_os = "linux", target_os = "android", target_os = "freebsd"),
        not(miri)
    ),
    used,
    // SAFETY: the static has the layout of a note, and no padding.
    unsafe(link_section = ".note.__llvm_lockwarden")
)]
static OWN: Own = Own {
    name_size: NAME_SIZE,
    size: size_of::<Value>() as u32,
    sort: SORT,
    name: NAME,
    value: Value {
        state: AtomicU32::new(LINKED),
        version: version(),
    },
};

const fn version() -> [u8; 16] {
    let text = env!("CARGO_PKG_VERSION").as_bytes();
    let mut version = [0; 16];
    let mut at = 0;
    while at < text.len() && at < version.len() {
        version[at] = text[at];
        at += 1;
    }
    version
}

/// Marks this copy as started; if others have started, names them all on standard error, unless that was
/// done before. Called once.
///
/// All accesses to the states are sequentially consistent: of two copies that start at once, the one whose
/// store comes later in the total order sees the other; both may, and the exchange on the first copy's state
/// lets one speak.
pub(crate) fn announce() {
    OWN.value.state.store(STARTED, SeqCst);
    let mut copies: Vec<String> = Vec::new();
    let mut first: Option<*const Value> = None;
    let mut was_said = false;
    loaded::each(&mut |module| {
        for note in module.notes() {
            if note.name != &NAME[..NAME_SIZE as usize]
                || note.sort != SORT
                || note.size != size_of::<Value>()
            {
                continue;
            }
            let value = note.value.cast::<Value>();
            // SAFETY: a note of this name, type and size is one of this crate's: its value is a `Value` in
            // static memory of a module that is loaded, aligned as the linker aligns notes.
            let copy = unsafe { &*value };
            let state = copy.state.load(SeqCst);
            if state == LINKED {
                continue;
            }
            was_said |= state == SAID;
            first = first.or(Some(value));
            let version = String::from_utf8_lossy(&copy.version);
            let version = version.trim_end_matches('\0');
            let file = match &*module.name {
                "" => "the program",
                name => name,
            };
            copies.push(format!("{version} in {file}"));
        }
    });
    let Some(first) = first.filter(|_| copies.len() > 1 && !was_said) else {
        return;
    };
    // SAFETY: as above; a module with a copy that has started can be unloaded only after its threads ended,
    // and the linker's list named it just now.
    let first = unsafe { &*first };
    if first
        .state
        .compare_exchange(STARTED, SAID, SeqCst, SeqCst)
        .is_ok()
    {
        sink::say(&format!(
            "{} copies of the detector are in this process: {}. Each sees only the locks, threads and \
             messages of the code that it was linked with, so a deadlock or an inversion over locks of both \
             is not found. One copy serves all code that is linked together, or that shares it as a `dylib`",
            copies.len(),
            copies.join(", ")
        ));
    }
}
