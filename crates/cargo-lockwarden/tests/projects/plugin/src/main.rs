//! A program that loads a plug-in.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::ffi::{CString, c_char, c_int, c_void};
use std::sync::Mutex;

static CALLS: Mutex<u32> = Mutex::new(0);

const RTLD_NOW: c_int = 2;

unsafe extern "C" {
    fn dlopen(file: *const c_char, mode: c_int) -> *mut c_void;
    fn dlsym(library: *mut c_void, symbol: *const c_char) -> *mut c_void;
}

fn main() {
    *CALLS.lock().unwrap() += 1;
    let name = format!("{DLL_PREFIX}extension{DLL_SUFFIX}");
    let file = std::env::current_exe().unwrap().with_file_name(name);
    let file = CString::new(file.into_os_string().into_encoded_bytes()).unwrap();
    // SAFETY: both are strings, and the function has the type that the plug-in gives it.
    let call = unsafe {
        let library = dlopen(file.as_ptr(), RTLD_NOW);
        assert!(!library.is_null());
        let symbol = dlsym(library, c"extension_call".as_ptr());
        assert!(!symbol.is_null());
        std::mem::transmute::<*mut c_void, extern "C" fn() -> u32>(symbol)
    };
    println!("{} {}", call(), call());
}
