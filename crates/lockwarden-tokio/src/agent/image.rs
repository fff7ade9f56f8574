//! Whether something lies in the static memory of the program.

#![allow(unsafe_code)]

use std::ops::Range;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The first address, and how many follow; none before they were looked for, when everything is taken
/// for a static.
static START: AtomicUsize = AtomicUsize::new(0);
static LENGTH: AtomicUsize = AtomicUsize::new(usize::MAX);

/// Whether the value at this address may be a static: a borrow of it lasts for ever, so what borrows
/// it can be given to any task. Where the system does not say, everything may.
#[inline]
pub(crate) fn may_be_static(address: usize) -> bool {
    // Relaxed: two words that are written once; between the two more is taken for a static.
    let start = START.load(Ordering::Relaxed);
    address.wrapping_sub(start) < LENGTH.load(Ordering::Relaxed)
}

/// Looks where the program lies, once.
pub(crate) fn look() {
    static LOOK: Once = Once::new();
    LOOK.call_once(|| {
        let image = find();
        START.store(image.start, Ordering::Relaxed);
        LENGTH.store(image.end - image.start, Ordering::Relaxed);
    });
}

/// The addresses that the program itself is loaded at.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn find() -> Range<usize> {
    extern "C" fn first(
        info: *mut libc::dl_phdr_info,
        _size: libc::size_t,
        range: *mut libc::c_void,
    ) -> libc::c_int {
        // SAFETY: the system hands in a valid description, and `find` the place for the result.
        let (info, range) = unsafe { (&*info, &mut *range.cast::<Range<usize>>()) };
        for at in 0..usize::from(info.dlpi_phnum) {
            // SAFETY: the description says that there are so many headers.
            let header = unsafe { &*info.dlpi_phdr.add(at) };
            if header.p_type == libc::PT_LOAD {
                let start = info.dlpi_addr as usize + header.p_vaddr as usize;
                range.start = range.start.min(start);
                range.end = range.end.max(start + header.p_memsz as usize);
            }
        }
        // The program comes first, and its libraries are not looked at.
        1
    }
    let mut range = usize::MAX..0;
    // SAFETY: the callback fits, and the place for the result outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(first), (&raw mut range).cast()) };
    if range.is_empty() {
        0..usize::MAX
    } else {
        range
    }
}

/// The addresses that the program itself is loaded at, which are not known here.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn find() -> Range<usize> {
    0..usize::MAX
}
