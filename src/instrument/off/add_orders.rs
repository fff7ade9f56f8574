//! Declared orders of a build without instrumentation.

use crate::engine::ids::Site;

#[inline(always)]
pub(in crate::instrument) fn add_orders(_orders: Vec<Vec<&'static str>>, _site: Site) {}
