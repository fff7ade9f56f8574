//! Keeps the panics of repeated schedules off standard error.

use std::panic;
use std::sync::Once;

use crate::tracking::scheduled;

/// Puts a panic hook before the present one, once. It prints nothing for a thread whose schedule is run
/// again, to shrink it or to reach a prediction: the panic that was found is printed where it was found.
pub(super) fn install() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let is_quiet = scheduled::here().is_some_and(|here| here.scheduler.is_quiet());
            if !is_quiet {
                hook(info);
            }
        }));
    });
}
