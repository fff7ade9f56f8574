//! Lock order: acquisitions are checked against the order graphs of instances and of classes.

pub(crate) mod assertion;
pub(crate) mod check;
pub(crate) mod classes;
pub(crate) mod declaration;
pub(crate) mod declared;
pub(crate) mod inherited_holds;
pub(super) mod promote;
mod repeated;
