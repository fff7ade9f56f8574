//! Declared orders: they enter the graphs, so that the first violation is a finding without a run of the
//! opposite order.

use std::panic::Location;
use std::path::Path;
use std::sync::Arc;

use crate::declare;
use crate::detector::check_session::{self, CheckSession};
use crate::detector::order::classes::{describe_cycles, enter_named, retain_new};
use crate::detector::order::declared;
use crate::detector::publish;
use crate::detector::state::{self, DetectorState};
use crate::engine::acquisition::Finding;
use crate::engine::ids::Site;
use crate::sink;
use crate::tracking::fork_safe::ForkSafe;
use crate::tracking::lock::class;
use crate::tracking::thread::slot::Slot;
use crate::variables::Variable;

/// Adds declared orders to the graphs.
pub(crate) fn add(slot: &'static Slot, orders: Vec<Vec<&'static str>>, site: Site) {
    for names in &orders {
        declare(slot, names, site);
    }
}

/// Reads the file that the environment names, if it names one; errors are printed on standard error.
pub(crate) fn from_environment(slot: &'static Slot) {
    let Some(path) = Variable::Order.read() else {
        return;
    };
    match declare::in_file(Path::new(&path)) {
        Ok(orders) => add(slot, orders, Location::caller()),
        Err(error) => {
            let name = Variable::Order.name();
            sink::say(&format!(
                "{name}: {error}; no order of the file is declared"
            ));
        }
    }
}

/// The declared pairs, for the graphs of later checks.
pub(crate) static DECLARED: ForkSafe<Vec<(&'static str, &'static str, Site)>> =
    ForkSafe::new(Vec::new());

/// Adds a declared order: each name comes before all that follow it. Acquisitions that have violated it
/// already are reported now.
fn declare(slot: &'static Slot, names: &[&'static str], site: Site) {
    let (mut found, mut found_in_trial) = (Vec::new(), Vec::new());
    let graph = check_session::graph_of(slot);
    for (at, first) in names.iter().enumerate() {
        for second in &names[at + 1..] {
            DECLARED.lock().push((first, second, site));
            {
                let mut state = state::lock();
                let findings = declare_pair(&mut state, first, second, site);
                found.append(&mut describe_cycles(slot, &state, findings, Some(site)));
            }
            if graph.is_own() {
                let mut state = graph.lock();
                let findings = declare_pair(&mut state, first, second, site);
                found_in_trial.append(&mut describe_cycles(slot, &state, findings, Some(site)));
            }
        }
    }
    // A declaration is made at the start of a program, where no panic is expected.
    if graph.is_own() {
        let _ = publish::publish_to(slot, None, found);
        let _ = publish::publish(slot, found_in_trial);
    } else {
        let _ = publish::publish(slot, found);
    }
}

/// Adds all declared orders to an empty graph.
#[inline]
fn declare_again(state: &mut DetectorState) {
    for &(first, second, site) in &DECLARED.lock().clone() {
        // No earlier order contradicts it: a declaration that contradicts another one was refused.
        declare_pair(state, first, second, site);
    }
}

fn declare_pair(
    state: &mut DetectorState,
    first: &'static str,
    second: &'static str,
    site: Site,
) -> Vec<Finding> {
    let (from, to) = (class::named(first), class::named(second));
    enter_named(state, from, first, site);
    enter_named(state, to, second, site);
    let mut findings = declared::declare(&mut state.classes, from, to, site);
    retain_new(state, &mut findings);
    findings
}

/// Begins a check, with an order graph of its own that has the declared orders, or with that of the process.
#[inline]
pub(crate) fn open_check(own: bool) -> Arc<CheckSession> {
    CheckSession::open(own.then(|| {
        let mut state = DetectorState::of_check();
        declare_again(&mut state);
        state
    }))
}
