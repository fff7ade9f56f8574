//! The program and the libraries that contain the addresses of a stack. A stack without names can be
//! resolved later with them: by `addr2line` or `llvm-symbolizer` and an unstripped copy of the file.

#![allow(unsafe_code)]

use std::sync::Arc;

/// A loaded program or library.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Module {
    /// The path of its file.
    pub(super) path: String,
    /// The build id that the linker wrote, in hexadecimal digits, if there is one.
    pub(super) build_id: Option<String>,
    /// The difference between addresses in memory and addresses in the file.
    bias: usize,
    /// The loaded segments: first and last address, the latter excluded.
    parts: Vec<(usize, usize)>,
}

/// The position of an address in a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) module: Arc<Module>,
    /// The address within the file, as `addr2line` takes it.
    pub(super) offset: u64,
}

/// All modules of the process.
pub(super) struct Modules(Vec<Arc<Module>>);

impl Modules {
    /// Returns the modules that are loaded now.
    pub(super) fn now() -> Self {
        Self(system::all().into_iter().map(Arc::new).collect())
    }

    /// Returns the position of a return address.
    pub(super) fn place(&self, address: usize) -> Option<Place> {
        // The call itself comes before the return address.
        let address = address.checked_sub(1)?;
        let lies = |module: &&Arc<Module>| {
            let mut parts = module.parts.iter();
            parts.any(|(start, end)| (*start..*end).contains(&address))
        };
        let module = Arc::clone(self.0.iter().find(lies)?);
        let offset = address.wrapping_sub(module.bias) as u64;
        Some(Place { module, offset })
    }
}

impl Module {
    /// Returns the file name.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
mod system {
    use std::ffi::{CStr, c_int, c_void};

    use super::Module;

    /// The type of the note with the build id.
    const BUILD_ID: u32 = 3;

    /// Returns all modules, as the dynamic linker lists them.
    pub(super) fn all() -> Vec<Module> {
        let mut modules: Vec<Module> = Vec::new();
        // SAFETY: `each` has the right signature and does not unwind past this frame but by an abort,
        // and `modules` outlives the call.
        unsafe { libc::dl_iterate_phdr(Some(each), (&raw mut modules).cast()) };
        modules
    }

    extern "C" fn each(info: *mut libc::dl_phdr_info, _: usize, modules: *mut c_void) -> c_int {
        // SAFETY: the linker passes the data of one module, valid during this call, and the pointer
        // that `all` passed, to which no other reference exists meanwhile.
        let (info, modules) = unsafe { (&*info, &mut *modules.cast::<Vec<Module>>()) };
        let path = if info.dlpi_name.is_null() {
            String::new()
        } else {
            // SAFETY: the linker keeps the name as a string that ends in a zero.
            let name = unsafe { CStr::from_ptr(info.dlpi_name) };
            name.to_string_lossy().into_owned()
        };
        // The linker lists the program itself first, with an empty name.
        let path = match std::env::current_exe() {
            Ok(program) if path.is_empty() && modules.is_empty() => program.display().to_string(),
            _ => path,
        };
        let mut module = Module {
            path,
            build_id: None,
            bias: info.dlpi_addr as usize,
            parts: Vec::new(),
        };
        if !info.dlpi_phdr.is_null() {
            // SAFETY: `dlpi_phdr` points to `dlpi_phnum` headers.
            let headers =
                unsafe { std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
            for header in headers {
                let start = module.bias.wrapping_add(header.p_vaddr as usize);
                match header.p_type {
                    libc::PT_LOAD => {
                        let end = start.wrapping_add(header.p_memsz as usize);
                        module.parts.push((start, end));
                    }
                    libc::PT_NOTE if module.build_id.is_none() => {
                        // SAFETY: the notes of a loaded module are mapped at the address and in the
                        // size that its header has.
                        let notes = unsafe {
                            std::slice::from_raw_parts(
                                std::ptr::with_exposed_provenance::<u8>(start),
                                header.p_memsz as usize,
                            )
                        };
                        let align = if header.p_align == 8 { 8 } else { 4 };
                        module.build_id = build_id(notes, align);
                    }
                    _ => {}
                }
            }
        }
        modules.push(module);
        0
    }

    /// Returns the build id among these notes, if there is one.
    pub(super) fn build_id(mut notes: &[u8], align: usize) -> Option<String> {
        let number = |at: usize, notes: &[u8]| {
            let bytes = notes.get(at..at + 4)?.try_into().ok()?;
            Some(u32::from_ne_bytes(bytes))
        };
        loop {
            let name_size = number(0, notes)? as usize;
            let size = number(4, notes)? as usize;
            let sort = number(8, notes)?;
            let body = (12 + name_size).next_multiple_of(align);
            let name = notes.get(12..12 + name_size)?;
            let value = notes.get(body..body.checked_add(size)?)?;
            if sort == BUILD_ID && name == b"GNU\0" {
                return Some(value.iter().map(|byte| format!("{byte:02x}")).collect());
            }
            notes = notes.get((body + size).next_multiple_of(align)..)?;
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
mod system {
    use super::Module;

    /// This system offers no list of modules.
    pub(super) fn all() -> Vec<Module> {
        Vec::new()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_function_of_this_program_lies_in_it() {
        let modules = Modules::now();
        let here = a_function_of_this_program_lies_in_it as fn() as usize;
        let place = modules.place(here + 1).expect("it is loaded");
        let program = std::env::current_exe().unwrap();
        assert_eq!(place.module.path, program.display().to_string());
        assert_eq!(place.offset, (here - place.module.bias) as u64);
        assert_eq!(modules.place(1), None);
    }

    #[test]
    fn the_build_id_is_found_behind_other_notes() {
        let note = |name: &[u8], sort: u32, value: &[u8]| {
            let mut note = Vec::new();
            for number in [name.len() as u32, value.len() as u32, sort] {
                note.extend(number.to_ne_bytes());
            }
            for part in [name, value] {
                note.extend(part);
                note.resize(note.len().next_multiple_of(4), 0);
            }
            note
        };
        let mut notes = note(b"GNU\0", 1, &[1; 16]);
        notes.extend(note(b"other\0", 3, &[2; 3]));
        assert_eq!(system::build_id(&notes, 4), None);
        notes.extend(note(b"GNU\0", 3, &[0xab, 0x01]));
        assert_eq!(system::build_id(&notes, 4).as_deref(), Some("ab01"));
        // One that is cut off, and one with a size that cannot be.
        assert_eq!(system::build_id(&notes[..notes.len() - 4], 4), None);
        assert_eq!(system::build_id(&[0xff; 32], 4), None);
    }
}
