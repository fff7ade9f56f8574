//! The program and the libraries that are loaded, as the dynamic linker lists them, and their notes.

#![allow(unsafe_code)]

use std::borrow::Cow;

/// A loaded program or library. Its parts are valid during the call that received it.
pub(crate) struct Loaded<'a> {
    /// The path of its file; empty for the program itself.
    pub(crate) name: Cow<'a, str>,
    /// The difference between addresses in memory and addresses in the file.
    pub(crate) bias: usize,
    /// The loaded segments: first and last address, the latter excluded.
    pub(crate) parts: Vec<(usize, usize)>,
    /// The segments of notes, each with its alignment.
    notes: Vec<(*const u8, usize, usize)>,
}

/// A note: a record that the linker collects out of all object files.
pub(crate) struct Note<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) sort: u32,
    /// The value, which may change meanwhile: the caller reads its own in its own way.
    pub(crate) value: *const u8,
    pub(crate) size: usize,
}

impl<'a> Loaded<'a> {
    pub(crate) fn notes(&self) -> Vec<Note<'a>> {
        let mut notes = Vec::new();
        for (start, size, align) in &self.notes {
            // SAFETY: the notes of a loaded module are mapped at the address and in the size that its
            // header has.
            for note in unsafe { Notes::new(*start, *size, *align) } {
                notes.push(note);
            }
        }
        notes
    }
}

/// The notes of one segment.
pub(crate) struct Notes<'a> {
    at: *const u8,
    left: usize,
    align: usize,
    segment: std::marker::PhantomData<&'a [u8]>,
}

impl Notes<'_> {
    /// Reads the notes of a segment; one that is cut off, or has sizes that cannot be, ends them.
    ///
    /// # Safety
    ///
    /// The memory is readable for as long as the notes are used, and their heads and names are not written.
    pub(crate) unsafe fn new(start: *const u8, size: usize, align: usize) -> Self {
        Self {
            at: start,
            left: size,
            align: if align == 8 { 8 } else { 4 },
            segment: std::marker::PhantomData,
        }
    }
}

impl<'a> Iterator for Notes<'a> {
    type Item = Note<'a>;

    fn next(&mut self) -> Option<Note<'a>> {
        const HEAD: usize = 12;
        if self.left < HEAD {
            return None;
        }
        // SAFETY: the three numbers lie in what is left, which is readable and not written, as the caller of `new` guarantees.
        let number = |at: usize| unsafe { self.at.add(at).cast::<u32>().read_unaligned() };
        let (name_size, size, sort) = (number(0) as usize, number(4) as usize, number(8));
        let body = HEAD.checked_add(name_size)?;
        let body = body.checked_next_multiple_of(self.align)?;
        let end = body.checked_add(size).filter(|end| *end <= self.left)?;
        let note = Note {
            // SAFETY: the name lies before the value, which ends within what is left; it is not written, as above.
            name: unsafe { std::slice::from_raw_parts(self.at.add(HEAD), name_size) },
            sort,
            // SAFETY: the value lies within what is left.
            value: unsafe { self.at.add(body) },
            size,
        };
        // The last note may be without its padding.
        let taken = end.next_multiple_of(self.align).min(self.left);
        // SAFETY: that lies within what is left, or at its end.
        self.at = unsafe { self.at.add(taken) };
        self.left -= taken;
        Some(note)
    }
}

/// Calls `f` for each module that is loaded now, the program first. `f` must not load or unload one. Does
/// nothing where the system offers no list.
#[cfg(all(
    any(target_os = "linux", target_os = "android", target_os = "freebsd"),
    not(miri)
))]
pub(crate) fn each(mut f: &mut dyn FnMut(&Loaded<'_>)) {
    use std::ffi::{CStr, c_int, c_void};

    extern "C" fn one(info: *mut libc::dl_phdr_info, _: usize, f: *mut c_void) -> c_int {
        // SAFETY: the linker passes the data of one module, valid during this call, and the pointer that
        // `each` passed, to which no other reference exists meanwhile.
        let (info, f) = unsafe { (&*info, &mut *f.cast::<&mut dyn FnMut(&Loaded<'_>)>()) };
        let mut module = Loaded {
            name: Cow::Borrowed(""),
            bias: info.dlpi_addr as usize,
            parts: Vec::new(),
            notes: Vec::new(),
        };
        if !info.dlpi_name.is_null() {
            // SAFETY: the linker keeps the name as a string that ends in a zero.
            let name = unsafe { CStr::from_ptr(info.dlpi_name) };
            // That of a static program with musl.
            if name != c"/proc/self/exe" {
                module.name = name.to_string_lossy();
            }
        }
        if !info.dlpi_phdr.is_null() {
            // SAFETY: `dlpi_phdr` points to `dlpi_phnum` headers.
            let headers =
                unsafe { std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
            for header in headers {
                let start = module.bias.wrapping_add(header.p_vaddr as usize);
                let size = header.p_memsz as usize;
                match header.p_type {
                    libc::PT_LOAD => module.parts.push((start, start.wrapping_add(size))),
                    libc::PT_NOTE => {
                        let start = std::ptr::with_exposed_provenance(start);
                        module.notes.push((start, size, header.p_align as usize));
                    }
                    _ => {}
                }
            }
        }
        f(&module);
        0
    }

    // SAFETY: `one` has the right signature and does not unwind past this frame but by an abort, and `f`
    // outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(one), (&raw mut f).cast()) };
}

#[cfg(not(all(
    any(target_os = "linux", target_os = "android", target_os = "freebsd"),
    not(miri)
)))]
pub(crate) fn each(_: &mut dyn FnMut(&Loaded<'_>)) {}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(name: &[u8], sort: u32, value: &[u8]) -> Vec<u8> {
        let mut note = Vec::new();
        for number in [name.len() as u32, value.len() as u32, sort] {
            note.extend(number.to_ne_bytes());
        }
        for part in [name, value] {
            note.extend(part);
            note.resize(note.len().next_multiple_of(4), 0);
        }
        note
    }

    fn read(bytes: &[u8]) -> Vec<(&[u8], u32, usize)> {
        // SAFETY: the bytes are borrowed for as long as what was read.
        let notes = unsafe { Notes::new(bytes.as_ptr(), bytes.len(), 4) };
        notes
            .map(|note| (note.name, note.sort, note.size))
            .collect()
    }

    #[test]
    fn notes_are_read_one_behind_the_other() {
        let mut bytes = note(b"GNU\0", 1, &[1; 16]);
        bytes.extend(note(b"other\0", 3, &[2; 3]));
        let expected = [(&b"GNU\0"[..], 1, 16), (&b"other\0"[..], 3, 3)];
        assert_eq!(read(&bytes), expected);
        assert_eq!(read(&bytes[..bytes.len() - 4]), expected[..1]);
        assert_eq!(read(&[0xff; 32]), []);
        assert_eq!(read(&[]), []);
    }
}
