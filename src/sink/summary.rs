//! The summary at the end of the process: totals, and the headlines of the findings.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use super::{delivery, file, say};
use crate::config;
use crate::config::{Config, Counters};
use crate::engine::verdict::Verdict;
use crate::report::Report;
use crate::tracking::fork_safe::ForkSafe;

/// How many headlines are kept.
const KEPT: usize = 50;

/// The findings of the process, without those of checks.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    count: u64,
    first: Vec<Kept>,
}

/// One of the first findings.
#[derive(Debug)]
struct Kept {
    sequence: u64,
    verdict: Verdict,
    headline: String,
    /// The whole of it, where a file is written: the output of the process may be hidden by what runs it.
    report: Option<Box<Report>>,
}

impl Findings {
    const fn new() -> Self {
        Self {
            count: 0,
            first: Vec::new(),
        }
    }
}

pub(crate) static FINDINGS: ForkSafe<Findings> = ForkSafe::new(Findings::new());

/// Counts a finding that is reported outside a check.
pub(crate) fn note(report: &Report) {
    let headline = report.subject();
    let has_file = config::current().get_summary_file().is_some();
    let whole = has_file.then(|| Box::new(report.clone()));
    let mut findings = FINDINGS.lock();
    findings.count += 1;
    if findings.first.len() < KEPT {
        findings.first.push(Kept {
            sequence: report.sequence,
            verdict: report.verdict,
            headline,
            report: whole,
        });
    }
}

/// Returns the number of findings.
#[cfg(unix)]
pub(crate) fn count() -> u64 {
    FINDINGS.lock().count
}

/// Resets the findings in the child of a fork: those of the parent are not counted.
#[cfg(unix)]
pub(crate) fn renew() {
    std::mem::forget(std::mem::take(&mut *FINDINGS.lock()));
}

/// Queues the summary, if the configuration asks for one.
#[cfg(unix)]
pub(crate) fn print(config: &Config, activity: &Counters) {
    if config.has_summary() {
        say::print(text(&FINDINGS.lock(), activity));
    }
    let Some(path) = config.get_summary_file().map(ToOwned::to_owned) else {
        return;
    };
    let line = line(&FINDINGS.lock(), activity);
    // In the delivery thread, since a limit on file sizes would end other threads by a signal.
    let _ = delivery::hand_over(Box::new(move || file::append(&path, &line)));
}

fn text(findings: &Findings, activity: &Counters) -> String {
    let count = match findings.count {
        1 => "1 finding".to_owned(),
        many => format!("{many} findings"),
    };
    let mut text = format!(
        "lockwarden: summary: {} in {:.1} s; {count}",
        activity.total,
        activity.uptime.as_secs_f64()
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

/// Returns the line of JSON, with its line break. Written without `serde_json`, so that it needs no
/// feature.
fn line(findings: &Findings, activity: &Counters) -> String {
    let program = std::env::current_exe().unwrap_or_default();
    let since_1970 = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let total = &activity.total;
    let mut line = format!(
        "{{\"schema\":1,\"kind\":\"summary\",\"pid\":{},\"program\":{},\"time_unix_ms\":{},\
         \"uptime_ms\":{},\"locks\":{},\"classes\":{},\"orders\":{},\"threads\":{},\"reports\":{},\
         \"unreported\":{},\"suppressed\":{},\"findings\":[",
        std::process::id(),
        Quoted(&program.to_string_lossy()),
        since_1970.as_millis(),
        activity.uptime.as_millis(),
        total.locks,
        total.classes,
        total.orders,
        total.threads,
        findings.count,
        activity.unreported,
        activity.suppressed,
    );
    for (at, kept) in findings.first.iter().enumerate() {
        let _ = write!(
            line,
            "{}{{\"sequence\":{},\"verdict\":\"{}\",\"headline\":{}",
            if at == 0 { "" } else { "," },
            kept.sequence,
            kept.verdict,
            Quoted(&kept.headline)
        );
        if let Some(report) = &kept.report {
            let _ = write!(line, ",\"text\":{}", Quoted(&report.body()));
        }
        line.push('}');
    }
    line.push_str("]}\n");
    line
}

/// A text that is displayed as a JSON string.
struct Quoted<'a>(&'a str);

impl std::fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '"' | '\\' => write!(f, "\\{character}")?,
                '\0'..='\x1f' | '\x7f' => write!(f, "\\u{:04x}", u32::from(character))?,
                _ => f.write_char(character)?,
            }
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_quoted_as_json_has_it() {
        assert_eq!(
            Quoted("a \"b\" \\ \n ü").to_string(),
            r#""a \"b\" \\ \u000a ü""#
        );
    }

    #[test]
    fn findings_beyond_the_first_are_counted() {
        let findings = Findings {
            count: 3,
            first: vec![Kept {
                sequence: 1,
                verdict: Verdict::Inversion,
                headline: "Inversion: `a` and `b`".to_owned(),
                report: None,
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
        let mut findings = findings;
        findings.first[0].report = Some(Box::new(Report::of(Verdict::Inversion)));
        let line = super::line(&findings, &activity);
        assert!(
            line.contains(",\"text\":\"lockwarden: Inversion: "),
            "{line}"
        );
    }
}
