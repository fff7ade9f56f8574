//! The detector and the watched standard library, built once and kept.

mod build;
mod hash;
mod sources;

pub(crate) use self::build::{Facade, built, cache_folder, cargo, ensure, remove_all};
pub(crate) use self::hash::Hash;
