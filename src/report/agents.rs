//! Whether a report is about threads, tasks or both, in its words.

use super::data::Report;
use crate::engine::verdict::Verdict;

/// What the threads of a report are, if there are several.
pub(super) fn agents(report: &Report) -> &'static str {
    let tasks = report.threads.iter().filter(|thread| thread.is_task);
    match tasks.count() {
        0 => "threads",
        tasks if tasks == report.threads.len() => "tasks",
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
    // Whole words alone: a path, or a name in quotes, stays.
    let word = |word: &str| {
        let bare = word.trim_end_matches([',', ';', ':', '.']);
        match bare.strip_suffix("'s").unwrap_or(bare) {
            "thread" | "threads" => word.replacen("thread", "task", 1),
            _ => word.to_owned(),
        }
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
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
