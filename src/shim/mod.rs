//! The synchronisation primitives of the tracking layer, with one switch between two implementations.
//!
//! Normally they are those of the standard library and of `parking_lot`, under their own names, so nothing
//! comes between the tracking layer and the hardware. In the models (`--cfg loom`, unit tests only) they are
//! those of `model.rs`: the same code then runs in every order, and with every stale value, that the memory
//! model allows. Run them with:
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test --release --features always --lib models
//! ```
//!
//! Statics that a model does not reach (counters of ids, tables of classes) stay outside.

mod fast;
pub(crate) mod loaded;
pub(crate) mod signals;

pub(crate) use self::fast::{Fast, compiler_barrier, own_ptr, own_u64};

#[cfg(not(all(loom, test)))]
pub(crate) use std::hint::spin_loop;
#[cfg(not(all(loom, test)))]
pub(crate) use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, fence};
#[cfg(not(all(loom, test)))]
pub(crate) use std::thread::yield_now;

#[cfg(all(loom, test))]
pub(crate) mod model;
#[cfg(all(loom, test))]
pub(crate) use self::model::{
    AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, fence, spin_loop, yield_now,
};
