//! The walk of a stack from a signal handler on with musl, which has no unwind tables: neither for what returns from the handler
//! nor for the function in which a thread sleeps. So the unwinder ends at the handler.
//!
//! [`Caller::find`] takes the interrupted function from the context of the handler and, if that is one of musl, looks on the
//! stack for the address to which it returns: its caller has tables again. [`Caller::call`] calls a function whose tables say that
//! it returns there, so that a walk from within it goes on.

#![allow(unsafe_code)]

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::shim::loaded;

unsafe extern "C" {
    fn _Unwind_FindEnclosingFunction(address: *const c_void) -> *const c_void;
}

/// How far the return address may be from the top of the stack, in words. The functions of musl that wait have far smaller
/// frames, and musl and the kernel have at least that much above the first frame of a thread.
const WORDS: usize = 128;

/// How far apart a function and what it runs into are at most, in bytes.
const SHORT: usize = 4096;

/// The first address of the segment of code that this file is in, that behind its last one, and that behind the last one of
/// the program or library; zeros before [`prepare`]. Relaxed: a thread that handles the signal was asked after they were
/// stored, since the handler is installed after that; with a zero the walk would end at the handler, as without them.
static CODE: [AtomicUsize; 3] = [const { AtomicUsize::new(0) }; 3];

/// Notes where the code is, before the first handler runs.
pub(super) fn prepare() {
    let here = prepare as fn() as usize;
    loaded::each(&mut |module| {
        for (first, end) in &module.parts {
            if (*first..*end).contains(&here) {
                CODE[0].store(*first, Ordering::Relaxed);
                CODE[1].store(*end, Ordering::Relaxed);
                let last = module.parts.iter().map(|(_, end)| *end).max();
                CODE[2].store(last.unwrap_or(0), Ordering::Relaxed);
            }
        }
    });
}

/// The innermost frame with unwind tables.
pub(super) struct Caller {
    /// The address at which it goes on.
    pub(super) at: usize,
    /// Its stack pointer then.
    stack: usize,
    /// Its frame pointer, if it has one.
    frame: usize,
}

impl Caller {
    /// Finds the frame above the handler of this context.
    pub(super) fn find(context: &libc::ucontext_t) -> Option<Self> {
        let register = |which: i32| context.uc_mcontext.gregs[which as usize] as usize;
        let (interrupted, frame) = (register(libc::REG_RIP), register(libc::REG_RBP));
        if !tables(interrupted).is_null() {
            return Some(Self {
                at: interrupted,
                stack: register(libc::REG_RSP),
                frame,
            });
        }
        let top = ptr::with_exposed_provenance::<usize>(register(libc::REG_RSP));
        // SAFETY: that many words lie between the top of the stack and the end of its mapping, as `WORDS` says.
        let word = |n: usize| unsafe { top.add(n).read_volatile() };
        // What earlier calls have left on the stack may look like a return address, too: its call has to be one of the
        // function that is interrupted, or that the frames up to here return to.
        let mut within = interrupted;
        let is_caller = |n: &usize| {
            let is_one = callee(word(*n), context).is_some_and(|to| to.abs_diff(within) < SHORT);
            if is_one {
                within = word(*n);
            }
            is_one && !tables(within).is_null()
        };
        let n = (0..WORDS).find(is_caller)?;
        let stack = top.wrapping_add(n + 1).addr();
        // A frame pointer, which musl saves before it uses the register, is aligned and points into the stack not far above.
        let is_frame = |word: &usize| word.is_multiple_of(16) && word.wrapping_sub(stack) < 1 << 16;
        let saved = (0..n).rev().map(word);
        let frame = std::iter::once(frame).chain(saved).find(is_frame);
        Some(Self {
            at: word(n),
            stack,
            frame: frame.unwrap_or(0),
        })
    }

    /// Calls `f` with this frame below its own in a walk.
    pub(super) fn call<F: FnMut()>(&self, mut f: F) {
        extern "C" fn call<F: FnMut()>(f: *mut c_void) {
            // SAFETY: the pointer is that to `f` below, which nothing else uses meanwhile.
            unsafe { (*f.cast::<F>())() }
        }
        // SAFETY: the function is given its own data. Nothing unwinds through the frame: a handler does not panic.
        unsafe { call_in(self, call::<F>, (&raw mut f).cast()) }
    }
}

/// Returns the start of the function that contains an address, if that has unwind tables; else null.
fn tables(address: usize) -> *const c_void {
    // SAFETY: the unwinder looks the address up and does not read there.
    unsafe { _Unwind_FindEnclosingFunction(ptr::with_exposed_provenance(address)) }
}

/// Returns the function that a call just before `address` calls, if it lies in the code that is linked with this.
fn callee(address: usize, context: &libc::ucontext_t) -> Option<usize> {
    let code = CODE.each_ref().map(|end| end.load(Ordering::Relaxed));
    if !(code[0] + 6..code[1]).contains(&address) {
        return None;
    }
    // SAFETY: the six bytes lie in a segment that is loaded.
    let call: [u8; 6] = unsafe { ptr::with_exposed_provenance::<[u8; 6]>(address - 6).read() };
    let [.., a, b, c, d] = call;
    let target = address.wrapping_add_signed(i32::from_le_bytes([a, b, c, d]) as isize);
    Some(match call {
        [_, 0xe8, ..] => target,
        // Through the table of addresses that the linker has made.
        [0xff, 0x15, ..] if target.is_multiple_of(8) && (code[1]..code[2]).contains(&target) => {
            // SAFETY: the word lies in the data of this program, which is loaded behind its code.
            unsafe { ptr::with_exposed_provenance::<usize>(target).read() }
        }
        // Through a register that a callee preserves.
        [.., prefix, 0xff, operand] => {
            let register = match (prefix, operand) {
                (0x41, 0xd4) => libc::REG_R12,
                (0x41, 0xd5) => libc::REG_R13,
                (0x41, 0xd6) => libc::REG_R14,
                (0x41, 0xd7) => libc::REG_R15,
                (_, 0xd3) => libc::REG_RBX,
                _ => return None,
            };
            context.uc_mcontext.gregs[register as usize] as usize
        }
        _ => return None,
    })
}

/// Calls `f` with `data`. The unwind tables say that the function was called by `caller`.
#[unsafe(naked)]
unsafe extern "C" fn call_in(caller: &Caller, f: extern "C" fn(*mut c_void), data: *mut c_void) {
    std::arch::naked_asm!(
        ".cfi_startproc",
        "push rbx",
        ".cfi_adjust_cfa_offset 8",
        "push r12",
        ".cfi_adjust_cfa_offset 8",
        "push r13",
        ".cfi_adjust_cfa_offset 8",
        "mov rbx, [rdi + {stack}]",
        "mov r12, [rdi + {frame}]",
        "mov r13, [rdi + {at}]",
        ".cfi_remember_state",
        ".cfi_def_cfa rbx, 0",
        ".cfi_register rbp, r12",
        ".cfi_register rip, r13",
        "mov rdi, rdx",
        "call rsi",
        ".cfi_restore_state",
        "pop r13",
        ".cfi_def_cfa_offset 24",
        "pop r12",
        ".cfi_def_cfa_offset 16",
        "pop rbx",
        ".cfi_def_cfa_offset 8",
        "ret",
        ".cfi_endproc",
        stack = const std::mem::offset_of!(Caller, stack),
        frame = const std::mem::offset_of!(Caller, frame),
        at = const std::mem::offset_of!(Caller, at),
    )
}
