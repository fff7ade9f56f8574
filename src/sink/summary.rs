//! The summary of the process: totals and the headlines of the findings, written at its end. Of a file, the first line is
//! written at the start and one line for each finding when it is made, so that a process that is killed loses none of
//! them.

use std::fmt::Write as _;

use super::{Object, callback, delivery, file, now_ms, say, stderr};
use crate::config;
use crate::config::{Config, Counters};
use crate::engine::verdict::Verdict;
use crate::report::{Report, counted, milliseconds};
use crate::tracking::fork_safe::ForkSafe;

/// How many headlines are kept.
const KEPT: usize = 50;

/// The findings of the process, without those of checks.
#[derive(Debug)]
pub(crate) struct Findings {
    count: u64,
    first: Vec<Kept>,
}

#[derive(Debug)]
struct Kept {
    sequence: u64,
    verdict: Verdict,
    headline: String,
}

impl Kept {
    fn of(report: &Report) -> Self {
        Self {
            sequence: report.sequence,
            verdict: report.verdict,
            headline: report.subject(),
        }
    }
}

impl Findings {
    const NONE: Self = Self {
        count: 0,
        first: Vec::new(),
    };
}

pub(crate) static FINDINGS: ForkSafe<Findings> = ForkSafe::new(Findings::NONE);

/// Writes the first line of the file, if the configuration asks for one: by it a process is known that does not get to
/// its last line.
#[cfg(any(unix, windows))]
pub(crate) fn begin() {
    if let Some(path) = &config::current().summary_file {
        file::append(path, &head("start").line());
    }
}

/// Counts a finding that is reported outside a check, and queues its line of the file.
pub(crate) fn note(report: &Report) {
    let kept = Kept::of(report);
    {
        let mut findings = FINDINGS.lock();
        findings.count += 1;
        if findings.first.len() >= KEPT {
            return;
        }
        findings.first.push(kept);
    }
    let config = config::current();
    let Some(path) = config.summary_file.clone() else {
        return;
    };
    let report = report.clone();
    let is_printed = config.stderr;
    // In the delivery thread, where the names of callers may be looked up.
    let job = Box::new(move || {
        callback::guarded("the line of the summary", &mut || {
            let shown_on = stderr::identity().filter(|_| is_printed);
            file::append(&path, &finding_line(&report, shown_on.as_deref()));
        });
    });
    if let Err(job) = delivery::hand_over(job) {
        job();
    }
}

#[cfg(any(unix, windows))]
pub(crate) fn count() -> u64 {
    FINDINGS.lock().count
}

/// Resets the findings in the child of a fork: those of the parent are not counted.
#[cfg(unix)]
pub(crate) fn renew() {
    std::mem::forget(std::mem::replace(&mut *FINDINGS.lock(), Findings::NONE));
}

/// Queues the summary, if the configuration asks for one.
#[cfg(any(unix, windows))]
pub(crate) fn print(config: &Config, activity: &Counters) {
    if config.summary {
        say::print(text(&FINDINGS.lock(), activity));
    }
    let Some(path) = config.summary_file.clone() else {
        return;
    };
    let line = line(&FINDINGS.lock(), activity);
    // In the delivery thread, since a limit on file sizes would end other threads by a signal.
    let _ = delivery::hand_over(Box::new(move || file::append(&path, &line)));
}

fn text(findings: &Findings, activity: &Counters) -> String {
    let mut text = format!(
        "lockwarden: summary: {} in {:.1} s; {}",
        activity.total,
        activity.uptime.as_secs_f64(),
        counted(findings.count, "finding")
    );
    if activity.suppressed > 0 {
        let _ = write!(text, ", {} suppressed", activity.suppressed);
    }
    text.push('\n');
    for kept in &findings.first {
        let _ = writeln!(
            text,
            "lockwarden: summary: {}: {}",
            kept.sequence, kept.headline
        );
    }
    let more = findings.count - findings.first.len() as u64;
    if more > 0 {
        let _ = writeln!(text, "lockwarden: summary: and {more} more");
    }
    text
}

/// Returns the fields that each line of JSON begins with. Lines are written without `serde_json`, so that they need no
/// feature.
fn head(kind: &'static str) -> Object {
    let program = std::env::current_exe().unwrap_or_default();
    let mut head = Object::new();
    head.number("schema", 1)
        .text("kind", kind)
        .number("pid", std::process::id().into())
        .text("program", &program.to_string_lossy());
    head
}

fn add_finding<'a>(line: &'a mut Object, finding: &Kept) -> &'a mut Object {
    line.number("sequence", finding.sequence)
        .text("verdict", finding.verdict.name())
        .text("headline", &finding.headline)
}

/// Returns the line of JSON of one finding, with its line break. `stderr` is the file to which the text is written as
/// well: a runner may hide that, and then the text is here alone.
fn finding_line(report: &Report, stderr: Option<&str>) -> String {
    let mut line = head("finding");
    add_finding(&mut line, &Kept::of(report))
        .text_or_null("stderr", stderr)
        .text("text", &report.body());
    line.line()
}

/// Returns the last line of JSON, with its line break.
fn line(findings: &Findings, activity: &Counters) -> String {
    let mut first = Vec::new();
    for kept in &findings.first {
        let mut finding = Object::new();
        add_finding(&mut finding, kept);
        first.push(finding);
    }
    let total = &activity.total;
    let mut line = head("summary");
    line.number("time_unix_ms", now_ms())
        .number("uptime_ms", milliseconds(activity.uptime))
        .number("locks", total.locks)
        .number("classes", total.classes)
        .number("orders", total.orders)
        .number("threads", total.threads)
        .number("tasks", total.tasks)
        .number("reports", findings.count)
        .number("unreported", activity.unreported)
        .number("suppressed", activity.suppressed)
        .objects("findings", &first);
    line.line()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_beyond_the_first_are_counted() {
        let findings = Findings {
            count: 3,
            first: vec![Kept {
                sequence: 1,
                verdict: Verdict::Inversion,
                headline: "Inversion: `a` and `b`".to_owned(),
            }],
        };
        let activity = Counters::default();
        assert_eq!(
            text(&findings, &activity),
            "lockwarden: summary: 0 locks of 0 classes, 0 orders, 0 threads in 0.0 s; 3 findings\n\
             lockwarden: summary: 1: Inversion: `a` and `b`\n\
             lockwarden: summary: and 2 more\n"
        );
        let line = line(&findings, &activity);
        let end = "\"reports\":3,\"unreported\":0,\"suppressed\":0,\"findings\":[{\"sequence\":1,\
                   \"verdict\":\"Inversion\",\"headline\":\"Inversion: `a` and `b`\"}]}\n";
        assert!(line.ends_with(end), "{line}");
        let report = Report::of(Verdict::Inversion);
        for (shown_on, field) in [(None, "null"), (Some("5:7"), "\"5:7\"")] {
            let line = finding_line(&report, shown_on);
            assert!(
                line.contains(&format!(
                    ",\"stderr\":{field},\"text\":\"lockwarden: Inversion: "
                )),
                "{line}"
            );
        }
    }
}
