//! The rows of a record file, as the library writes them and as `merge` does.
//!
//! Fields and kinds of rows that are not known are ignored, so that newer files can be read. A row whose fields mean something
//! else has another version.

use std::borrow::Cow;
use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Serialize};

/// The version of the rows that are read, which each has in `v`.
const VERSION: u64 = 1;

/// How a lock was held or taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    Exclusive,
    Shared,
    Upgradable,
    #[serde(other)]
    Other,
}

impl Mode {
    /// Whether a thread that holds a lock in one of these modes keeps another thread from taking it in
    /// the other.
    pub(crate) fn excludes(self, other: Self) -> bool {
        !matches!(
            (self, other),
            (Mode::Shared, Mode::Shared | Mode::Upgradable) | (Mode::Upgradable, Mode::Shared)
        )
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mode::Exclusive => "exclusive",
            Mode::Shared => "shared",
            Mode::Upgradable => "upgradable",
            Mode::Other => "other",
        })
    }
}

/// One line.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "row", rename_all = "lowercase")]
pub(crate) enum Row {
    Run(RunRow),
    Class(ClassRow),
    Edge(EdgeRow),
    Finding(FindingRow),
    Time(TimeRow),
    Blocked(BlockedRow),
    Stack(StackRow),
    Event(EventRow),
    Full(FullRow),
    End(EndRow),
    Unknown,
}

impl Row {
    /// The row of a line; an error if it is none, or one of another version. The kind is looked for first, which is quicker
    /// than to keep the fields until it is known.
    pub(crate) fn parse(line: &[u8]) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct Kind<'a> {
            v: Option<u64>,
            #[serde(borrow)]
            row: Cow<'a, str>,
        }
        let kind: Kind<'_> = serde_json::from_slice(line)?;
        if kind.v.is_some_and(|version| version != VERSION) {
            return Err(serde_json::Error::custom("a row of another version"));
        }
        Ok(match kind.row.as_ref() {
            "run" => Self::Run(serde_json::from_slice(line)?),
            "class" => Self::Class(serde_json::from_slice(line)?),
            "edge" => Self::Edge(serde_json::from_slice(line)?),
            "finding" => Self::Finding(serde_json::from_slice(line)?),
            "time" => Self::Time(serde_json::from_slice(line)?),
            "blocked" => Self::Blocked(serde_json::from_slice(line)?),
            "stack" => Self::Stack(serde_json::from_slice(line)?),
            "event" => Self::Event(serde_json::from_slice(line)?),
            "full" => Self::Full(serde_json::from_slice(line)?),
            "end" => Self::End(serde_json::from_slice(line)?),
            _ => Self::Unknown,
        })
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct RunRow {
    pub(crate) run: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) binary: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) test: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) service: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) revision: String,
    pub(crate) started_ms: u64,
    /// Whether the process ended in order: a merged file says it here, a process in its `end` row.
    pub(crate) ended: bool,
    /// Whether the file was full.
    pub(crate) full: bool,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ClassRow {
    pub(crate) class: String,
    pub(crate) kind: String,
    pub(crate) name: Option<String>,
    pub(crate) site: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct EdgeRow {
    pub(crate) from: String,
    pub(crate) from_mode: Mode,
    #[serde(default)]
    pub(crate) from_site: String,
    pub(crate) to: String,
    pub(crate) to_mode: Mode,
    #[serde(default)]
    pub(crate) to_site: String,
    #[serde(default)]
    pub(crate) gates: Vec<String>,
    #[serde(default)]
    pub(crate) role: String,
    #[serde(default)]
    pub(crate) thread: String,
    #[serde(default)]
    pub(crate) test: String,
    #[serde(default)]
    pub(crate) binary: String,
    #[serde(default)]
    pub(crate) run: String,
    #[serde(default)]
    pub(crate) seen_ms: u64,
    /// The innermost function first; empty if stacks were not recorded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) stack: Vec<String>,
    /// What follows stands in merged files alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) first_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) roles: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tests: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) runs: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct FindingRow {
    pub(crate) verdict: String,
    pub(crate) basis: String,
    pub(crate) edges: Vec<FindingEdge>,
    pub(crate) headline: String,
    pub(crate) reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) suggestion: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) test: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) binary: String,
    pub(crate) run: String,
    pub(crate) seen_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct FindingEdge {
    pub(crate) from: String,
    pub(crate) from_mode: Mode,
    #[serde(default)]
    pub(crate) from_site: String,
    pub(crate) to: String,
    pub(crate) to_mode: Mode,
    #[serde(default)]
    pub(crate) to_site: String,
    #[serde(default)]
    pub(crate) thread: String,
}

impl FindingEdge {
    /// Returns the thread that took the order, as reports call it: by its name or, without one, by its number in the
    /// process.
    pub(crate) fn taken_by(&self) -> String {
        match self.thread.as_str() {
            "" => "a thread without a name".to_owned(),
            number if number.starts_with('#') => format!("thread {number}"),
            name => format!("thread `{name}`"),
        }
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct FullRow {
    pub(crate) run: String,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct EndRow {
    pub(crate) run: String,
}

/// The waits for the locks of a class, and the holds of them, since the start of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct TimeRow {
    pub(crate) run: String,
    pub(crate) class: String,
    pub(crate) waits: u64,
    pub(crate) wait_ns: u64,
    pub(crate) longest_wait_ns: u64,
    pub(crate) longest_wait_site: String,
    pub(crate) holds: u64,
    pub(crate) hold_ns: u64,
    pub(crate) longest_hold_ns: u64,
    pub(crate) longest_hold_site: String,
}

/// The waits at one line for holds of another since the start of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct BlockedRow {
    pub(crate) run: String,
    pub(crate) class: String,
    pub(crate) site: String,
    /// Empty if the holder was not found.
    pub(crate) by_role: String,
    pub(crate) by_site: String,
    pub(crate) waits: u64,
    pub(crate) wait_ns: u64,
    pub(crate) longest_wait_ns: u64,
}

/// The waits in one stack of functions, the outermost first, since the start of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct StackRow {
    pub(crate) run: String,
    pub(crate) class: String,
    pub(crate) frames: Vec<String>,
    pub(crate) waits: u64,
    pub(crate) wait_ns: u64,
}

/// One wait or one hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct EventRow {
    pub(crate) run: String,
    pub(crate) tid: u64,
    /// The time of day of its begin.
    pub(crate) at_ns: u64,
    pub(crate) ns: u64,
    pub(crate) what: String,
    pub(crate) class: String,
    pub(crate) mode: String,
    pub(crate) site: String,
    pub(crate) thread: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) by_tid: Option<u64>,
    pub(crate) by_thread: String,
    pub(crate) by_site: String,
}

impl EventRow {
    pub(crate) fn is_wait(&self) -> bool {
        self.what == "wait"
    }
}
