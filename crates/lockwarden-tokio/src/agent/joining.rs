//! What a join handle keeps of its task and of its wait, in one word.

#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::ptr;
use std::sync::Arc;

use super::leaf::{Leaf, Target, Wait};
use super::origin::Origin;
use super::task::{Joined, Task};

/// Marks in the lowest bits of the word; without one it points to an [`Origin`].
const KNOWN: usize = 1;
const WAITS: usize = 2;

/// A pointer to the [`Origin`], or to the [`Task`], or, while the handle waits, to the [`Wait`], which has the other
/// one in its target. It owns a reference of that. Null while both are lent.
pub(crate) struct Joining {
    word: *const (),
    marker: PhantomData<(Arc<Origin>, Arc<Task>, Arc<Wait>)>,
}

// SAFETY: it is one of three references that may each be sent to another thread.
unsafe impl Send for Joining {}
// SAFETY: as above; a shared reference gives a reference to one of them at most.
unsafe impl Sync for Joining {}

impl Joining {
    pub(crate) fn new(joined: Joined) -> Self {
        Self {
            word: pack(joined, None),
            marker: PhantomData,
        }
    }

    /// Gives `f` the task, and the place of the wait for it.
    pub(crate) fn with<R>(&mut self, f: impl FnOnce(&Joined, &mut Leaf) -> R) -> R {
        /// Puts both back, also if `f` unwinds.
        struct Lent<'a> {
            word: &'a mut *const (),
            parts: Option<(Joined, Leaf)>,
        }
        impl Drop for Lent<'_> {
            fn drop(&mut self) {
                if let Some((joined, mut leaf)) = self.parts.take() {
                    *self.word = pack(joined, leaf.take());
                }
            }
        }
        let parts = unpack(std::mem::replace(&mut self.word, ptr::null()));
        let mut lent = Lent {
            word: &mut self.word,
            parts,
        };
        match &mut lent.parts {
            Some((joined, leaf)) => f(joined, leaf),
            None => unreachable!("what is lent was put back"),
        }
    }
}

impl Drop for Joining {
    fn drop(&mut self) {
        drop(unpack(self.word));
    }
}

fn pack(joined: Joined, wait: Option<Arc<Wait>>) -> *const () {
    if let Some(wait) = wait {
        return Arc::into_raw(wait).cast::<()>().map_addr(|at| at | WAITS);
    }
    match joined {
        Joined::Anonymous(origin) => Arc::into_raw(origin).cast(),
        Joined::Known(task) => Arc::into_raw(task).cast::<()>().map_addr(|at| at | KNOWN),
    }
}

/// What was packed, once; nothing of null.
fn unpack(word: *const ()) -> Option<(Joined, Leaf)> {
    const { assert!(align_of::<Origin>() >= 4 && align_of::<Task>() >= 4 && align_of::<Wait>() >= 4) };
    if word.is_null() {
        return None;
    }
    let at = word.map_addr(|at| at & !(KNOWN | WAITS));
    Some(match word.addr() & (KNOWN | WAITS) {
        WAITS => {
            // SAFETY: `pack` sets this mark on the pointer of a wait, whose reference the word owns.
            let wait = unsafe { Arc::from_raw(at.cast::<Wait>()) };
            let Target::End(tasks) = &wait.target else {
                unreachable!("a join handle waits for the end of its task");
            };
            let joined = tasks[0].1.clone();
            (joined, Leaf::of(wait))
        }
        KNOWN => {
            // SAFETY: as above, of a task.
            let task = unsafe { Arc::from_raw(at.cast::<Task>()) };
            (Joined::Known(task), Leaf::new())
        }
        _ => {
            // SAFETY: as above, of an origin: neither mark is set.
            let origin = unsafe { Arc::from_raw(at.cast::<Origin>()) };
            (Joined::Anonymous(origin), Leaf::new())
        }
    })
}
