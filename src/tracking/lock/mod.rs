//! What is recorded of each lock: its record, identity and class, and the edges of a leaf.

pub(crate) mod class;
pub(crate) mod class_key;
pub(in crate::tracking) mod first_edge;
pub(crate) mod first_edges;
pub(crate) mod ident;
pub(crate) mod kind;
pub(crate) mod label;
pub(crate) mod leaf_edge;
pub(crate) mod leaf_edges;
pub(crate) mod lock_id_pool;
pub(in crate::tracking) mod origin;
pub(crate) mod pin;
pub(crate) mod record;
pub(crate) mod request;
#[cfg(all(
    debug_assertions,
    target_arch = "x86_64",
    target_pointer_width = "64",
    not(miri),
    not(loom)
))]
mod unoptimised;
