//! Whether a report is about threads, tasks or both, in its words.

use super::data::Report;
use crate::engine::verdict::Verdict;

/// What the threads of a report are, if there are several.
pub(super) fn agents(report: &Report) -> &'static str {
    let mut tasks = 0;
    for thread in &report.threads {
        tasks += usize::from(thread.is_task);
    }
    match tasks {
        0 => "threads",
        _ if tasks == report.threads.len() => "tasks",
        _ => "tasks and threads",
    }
}

/// The text, which says "thread", in the words of a report whose threads are all tasks.
pub(super) fn in_its_words(report: &Report, text: String) -> String {
    let is_stuck = matches!(
        report.verdict,
        Verdict::Deadlock | Verdict::SelfDeadlock | Verdict::Abandoned
    );
    if !is_stuck || agents(report) != "tasks" {
        return text;
    }
    of_tasks(&text)
}

fn of_tasks(text: &str) -> String {
    let mut words = Vec::new();
    for word in text.split(' ') {
        // Whole words alone: a path, or a name in quotes, stays.
        let bare = word.trim_end_matches([',', ';', ':', '.']);
        words.push(match bare.strip_suffix("'s").unwrap_or(bare) {
            "thread" | "threads" => word.replace("thread", "task"),
            _ => word.to_owned(),
        });
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::of_tasks;

    #[test]
    fn words_become_those_of_tasks_and_names_and_places_stay() {
        assert_eq!(
            of_tasks(
                "a thread's wait, and threads: `threads` of `thread` at src/thread.rs:3; no thread."
            ),
            "a task's wait, and tasks: `threads` of `thread` at src/thread.rs:3; no task."
        );
    }
}
