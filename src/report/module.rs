//! The program and the libraries that contain the addresses of a stack. A stack without names can be
//! resolved later with them: by `addr2line` or `llvm-symbolizer` and an unstripped copy of the file.

#![allow(unsafe_code)]

use std::fmt::Write as _;
use std::sync::Arc;

use crate::shim::loaded;
use crate::shim::loaded::Note;
use crate::tracking::fork_safe::ForkSafe;

/// Held while names are looked up: `backtrace` and the C library's list of modules have locks of their own, which a fork
/// at that moment would leave locked in the child. The first lookup, which a fork waits for, takes some hundred milliseconds.
pub(crate) static LOOKUP: ForkSafe<()> = ForkSafe::new(());

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
    pub(super) fn now() -> Self {
        let mut modules = Vec::new();
        let _lookup = LOOKUP.lock();
        loaded::each(&mut |loaded| {
            modules.push(Arc::new(Module {
                // The linker lists the program itself first, with an empty name.
                path: match std::env::current_exe() {
                    Ok(program) if loaded.name.is_empty() && modules.is_empty() => {
                        program.display().to_string()
                    }
                    _ => loaded.name.to_string(),
                },
                build_id: loaded.notes().iter().find_map(build_id),
                bias: loaded.bias,
                parts: loaded.parts.clone(),
            }));
        });
        Self(modules)
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
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

/// The type of the note with the build id.
const BUILD_ID: u32 = 3;

/// Returns the build id, in hexadecimal digits, if the note holds one.
fn build_id(note: &Note<'_>) -> Option<String> {
    if note.sort != BUILD_ID || note.name != b"GNU\0" {
        return None;
    }
    // SAFETY: the build id lies in a loaded module, in a segment that is never written.
    let value = unsafe { std::slice::from_raw_parts(note.value, note.size) };
    let mut digits = String::new();
    for byte in value {
        let _ = write!(digits, "{byte:02x}");
    }
    Some(digits)
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
    fn a_build_id_is_distinguished_from_other_notes() {
        let note = |name, sort| Note {
            name,
            sort,
            value: [0xab, 0x01].as_ptr(),
            size: 2,
        };
        assert_eq!(build_id(&note(b"GNU\0", BUILD_ID)).as_deref(), Some("ab01"));
        assert_eq!(build_id(&note(b"GNU\0", 1)), None);
        assert_eq!(build_id(&note(b"other\0", BUILD_ID)), None);
    }
}
