//! [`std::hint`](bare::hint), whose spin loops let the other threads of an exploration go first.

#[doc(no_inline)]
pub use bare::hint::*;
#[doc(no_inline)]
pub use lockwarden::testing::explore::spin_loop;
