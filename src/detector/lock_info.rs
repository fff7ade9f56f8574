//! What reports say of a lock.

use crate::report::LockInfo;
use crate::tracking::lock::ident::Ident;

/// Returns the description of a lock for a report.
pub(crate) fn lock_info(ident: &Ident) -> LockInfo {
    let class = ident.class();
    LockInfo {
        name: class.name,
        label: ident.label(),
        content: class.content,
        ..LockInfo::new(ident.id(), class.kind.noun(), class.place)
    }
}

/// Returns the name of a lock for messages.
pub(crate) fn name(ident: &Ident) -> Option<Box<str>> {
    Some(lock_info(ident).to_string().into_boxed_str())
}
