//! What the project says: its packages, its cargo configuration, its selection.

mod cargo_config;
mod packages;
mod selection;
mod toolchain;

pub(crate) use self::cargo_config::CargoConfig;
pub(crate) use self::packages::{Package, Project};
pub(crate) use self::selection::{LeftOut, Selection};
pub(crate) use self::toolchain::Toolchain;
