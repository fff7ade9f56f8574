//! The report file of a schedule: how far it is, for the process that has started this one.

use std::fs;

use super::settings::Settings;
use super::state::State;
use crate::explore::aim::Aim;
use crate::explore::course::interleaving;
use crate::explore::schedule::Schedule;
use crate::explore::strategy::Guided;
use crate::sink;

/// Writes the file, if the settings name one: what the schedule has seen of its aim and, once it has come to an `end`,
/// its choices, and the runs of its threads as [`asked`](crate::explore::asked()) takes them.
pub(super) fn write(settings: &Settings, state: &State, end: &str) {
    let Some(file) = &settings.reported else {
        return;
    };
    let sight = state.aim.as_ref().map(Aim::sight);
    let mut text = sight.unwrap_or_default().lines();
    if !end.is_empty() {
        let schedule = Schedule {
            choices: state.choices.clone(),
            before_releases: settings.before_releases,
        };
        if state.tries {
            text.push_str("tries\n");
        }
        if settings.before_releases {
            text.push_str("releases\n");
        }
        text.push_str(&format!("end\t{end}\nchoices\t{schedule}\nruns\t"));
        for (thread, until) in &Guided::runs(&state.steps) {
            text.push_str(&format!("{thread}<{until} "));
        }
        text.push('\n');
        if settings.shows {
            let mut names = Vec::with_capacity(state.threads.len());
            for thread in &state.threads {
                names.push(thread.name.clone());
            }
            let table = interleaving(&state.notes, &names);
            sink::say(&format!("the schedule:\n{table}"));
        }
    }
    // Without the file the starting process counts the schedule as one that did not begin.
    let _ = fs::write(file, text);
}
