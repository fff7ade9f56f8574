//! The standard library, with the watched locks, channels and threads of [`lockwarden`] in place of
//! its own.
//!
//! The crate is a *facade*: it passes on all of std, and puts `lockwarden`'s types over those of
//! [`sync`], [`sync::mpsc`] and [`thread`]. A crate whose name `std` leads here is watched without a
//! change to its sources, in whatever way it writes its paths, imports and macros.
//!
//! # Ways to use it
//!
//! | way | what is written | what is watched |
//! |---|---|---|
//! | `cargo lockwarden test` | nothing: the command gives the facade to every crate of the build | the program and all its dependencies |
//! | a renamed dependency | `std = { package = "lockwarden-std", version = "0.1" }` in `Cargo.toml` | the crate; as a dev-dependency, its tests |
//! | one line | `extern crate lockwarden_std as std;` at the root of the crate | the crate, in editions 2018 and later |
//!
//! With a renamed dependency, an optional dependency or a feature called `std` is in the way: both
//! cannot have the name. A crate of edition 2015 takes the renamed dependency. The locks are watched
//! in builds with debug assertions, and elsewhere with the feature `always`; otherwise they are bare.
//!
//! # Examples
//!
//! ```
//! extern crate lockwarden_std as std;
//!
//! use std::collections::HashMap;
//! use std::sync::{Arc, Mutex};
//!
//! let stock = Arc::new(Mutex::new(HashMap::from([("apples", 3)])));
//! let seller = std::thread::spawn({
//!     let stock = Arc::clone(&stock);
//!     move || *stock.lock().unwrap().get_mut("apples").unwrap() -= 1
//! });
//! seller.join().unwrap();
//! assert_eq!(stock.lock().unwrap()["apples"], 2);
//! ```
//!
//! # What passes through
//!
//! Every item that is not listed in [`sync`], [`sync::mpsc`] and [`thread`], and every item that a
//! newer toolchain adds: it is std's own, and not watched. So are the unstable locks of std.
//!
//! # Differences from std
//!
//! Those of [`lockwarden::sync`] and [`lockwarden::thread`], of which the size of the types is the one
//! that can keep a crate from compiling. A value of std's own type, from a crate that does not see
//! the facade, is of another type than the facade's.
//!
//! # Atomics
//!
//! With the feature `atomics`, each operation of an atomic is a scheduling point of
//! [`testing::explore`](lockwarden::testing::explore), and [`std::hint::spin_loop`](bare::hint::spin_loop)
//! lets other threads go first there. The atomics are then of types of the facade, with the layout of std's:
//! a crate that takes one of std's from `core`, or implements a trait for those, does not fit.
//! `cargo lockwarden explore --atomics` builds a program so.
//!
//! # Cost
//!
//! None of its own: see [`lockwarden`].

#![no_std]

extern crate std as bare;

#[doc(no_inline)]
pub use bare::*;

#[cfg(feature = "atomics")]
pub mod hint;
pub mod sync;
pub mod thread;
