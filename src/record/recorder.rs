//! The recorder of the process: which rows have been written, and where to.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use super::file::RecordFile;
use super::news;
use super::rows::{self, EdgeRow, Run, Taken};
use crate::config;
use crate::engine::order_graph::{Hashes, hash_of};
use crate::report::Report;
use crate::sink::{self, Object};
use crate::tracking::fork_safe::ForkSafe;
use crate::tracking::lock::class::Class;
use crate::variables::Variable;

/// Up to this size a file grows, unless `LOCKWARDEN_RECORD_MAX` says another one.
const LIMIT: u64 = 64 << 20;

/// The values of the flag [`STATE`].
const UNSET: u8 = 0;
const ON: u8 = 1;
/// The record has ended, or could not be written.
const ENDED: u8 = 2;
/// The record has reached its limit: it takes findings and its end alone.
const FULL: u8 = 3;

/// Whether the process records. Relaxed everywhere: a thread that reads it late misses rows that it could
/// as well have learnt a moment earlier; the recorder itself is behind a lock.
static STATE: AtomicU8 = AtomicU8::new(UNSET);

/// The recorder. A fork takes its lock, so that the child finds it free.
pub(crate) static RECORDER: ForkSafe<Option<Recorder>> = ForkSafe::new(None);

#[derive(Debug)]
pub(crate) struct Recorder {
    directory: PathBuf,
    limit: u64,
    /// The process that the file belongs to.
    process: u32,
    run: Run,
    file: RecordFile,
    /// Hashes of the classes and findings that stand in the file.
    known: Hashes,
    rows: u64,
    is_full: bool,
}

/// Whether edges and findings are recorded. The configuration is asked as long as there is no record, since
/// a program may install it after its first lock.
#[inline]
pub(crate) fn is_recording() -> bool {
    match STATE.load(Ordering::Relaxed) {
        UNSET => config::current().record.as_deref().is_some_and(start),
        state => state == ON,
    }
}

/// Starts a record in the directory that the environment names, if it names one.
pub(crate) fn from_environment() {
    if let Some(directory) = Variable::Record.read() {
        start(Path::new(&directory));
    }
}

/// Starts a record in `directory`, unless there is one; whether there is one then.
#[cold]
fn start(directory: &Path) -> bool {
    let mut recorder = RECORDER.lock();
    if recorder.is_some() {
        return true;
    }
    let result = Recorder::create(directory, limit(), Run::of_process(), None);
    let is_on = result.is_ok();
    STATE.store(if is_on { ON } else { ENDED }, Ordering::Relaxed);
    match result {
        Ok(new) => *recorder = Some(new),
        Err(error) => {
            drop(recorder);
            say_lost(directory, &error);
        }
    }
    is_on
}

fn limit() -> u64 {
    let text = Variable::RecordMax.text();
    if text.is_empty() {
        return LIMIT;
    }
    size(&text).unwrap_or_else(|| {
        sink::say(&format!(
            "{}: {text:?} is no size, such as 500K, 64M or 1G; the limit is 64M",
            Variable::RecordMax.name()
        ));
        LIMIT
    })
}

/// Records an acquisition under another lock if it is news, and returns its row then.
pub(crate) fn edge(taken: &Taken<'_>) -> Option<EdgeRow> {
    let edge = EdgeRow::of(taken);
    if !news::is_news(&edge) {
        return None;
    }
    // Outside of the lock: the names are looked up.
    let stack = (is_recording() && has_stacks()).then(|| rows::stack_here(taken.to_site));
    with(&mut |recorder| recorder.edge(taken, &edge, stack.as_deref()));
    Some(edge)
}

/// Whether the stack of each new edge is recorded.
fn has_stacks() -> bool {
    static FROM_ENVIRONMENT: OnceLock<Option<bool>> = OnceLock::new();
    let on = FROM_ENVIRONMENT.get_or_init(|| {
        let text = Variable::RecordStacks.text();
        match text.trim().to_ascii_lowercase().as_str() {
            "" => None,
            "on" | "1" => Some(true),
            "off" | "0" => Some(false),
            _ => {
                let name = Variable::RecordStacks.name();
                sink::say(&format!(
                    "{name}: {text:?} is neither `on` nor `off`; no stacks are recorded"
                ));
                Some(false)
            }
        }
    });
    on.unwrap_or_else(|| config::current().record_stacks)
}

pub(crate) fn finding(report: &Report) {
    with(&mut |recorder| recorder.finding(report));
}

/// Lets the child of a fork record in a file of its own, also if that of its parent is full.
#[cfg(unix)]
pub(crate) fn renew() {
    let _ = STATE.compare_exchange(FULL, ON, Ordering::Relaxed, Ordering::Relaxed);
}

/// Returns whether there is an open record, be it full. Unlike [`is_recording`], this starts none.
pub(super) fn is_open() -> bool {
    matches!(STATE.load(Ordering::Relaxed), ON | FULL)
}

/// Ends the record with a row that says that the process ended in order, with the `status` of the detector.
pub(super) fn finish(status: &str) {
    with(&mut |recorder| recorder.append_anyway(&rows::end(&recorder.run, recorder.rows, status)));
    STATE.store(ENDED, Ordering::Relaxed);
}

/// Appends `count` rows, with the run that they belong to.
pub(super) fn append_all(count: usize, row: &dyn Fn(usize) -> Object) {
    with(&mut |recorder| {
        for at in 0..count {
            let line = recorder.run.line(row(at));
            recorder.append(&line)?;
        }
        Ok(())
    });
}

/// Runs `f` on the recorder. A failure ends the record and is reported once, and so is a record that has become full.
fn with(f: &mut dyn FnMut(&mut Recorder) -> io::Result<()>) {
    if !is_recording() && !is_open() {
        return;
    }
    let mut recorder = RECORDER.lock();
    let Some(open) = recorder.as_mut() else {
        return;
    };
    let mut was_full = false;
    let result = open.follow_fork().and_then(|()| {
        was_full = open.is_full;
        f(open)
    });
    let became_full = open.is_full && !was_full;
    if result.is_ok() && !became_full {
        return;
    }
    let (path, limit) = (open.file.path().to_owned(), open.limit);
    if result.is_err() {
        STATE.store(ENDED, Ordering::Relaxed);
        *recorder = None;
    }
    drop(recorder);
    if let Err(error) = result {
        say_lost(&path, &error);
    } else {
        sink::say(&format!(
            "{:?} has reached its limit of {limit} bytes ({}): it gets no further lock orders, and all findings",
            path.display().to_string(),
            Variable::RecordMax.name()
        ));
    }
}

fn say_lost(path: &Path, error: &io::Error) {
    sink::say(&format!(
        "{:?} cannot be written ({error}); lock orders and findings of this process are not recorded",
        path.display().to_string()
    ));
}

impl Recorder {
    fn create(directory: &Path, limit: u64, run: Run, parent: Option<&str>) -> io::Result<Self> {
        let mut file = RecordFile::create(directory, limit)?;
        file.append_anyway(&run.row(parent))?;
        Ok(Self {
            // The program may change its directory before a fork.
            directory: std::path::absolute(directory)?,
            limit,
            process: std::process::id(),
            run,
            file,
            known: Hashes::default(),
            rows: 1,
            is_full: false,
        })
    }

    /// Begins a file of its own if this is the child of a fork.
    fn follow_fork(&mut self) -> io::Result<()> {
        if self.process == std::process::id() {
            return Ok(());
        }
        let run = self.run.of_child();
        *self = Self::create(&self.directory, self.limit, run, Some(&self.run.id))?;
        STATE.store(ON, Ordering::Relaxed);
        Ok(())
    }

    fn edge(
        &mut self,
        taken: &Taken<'_>,
        edge: &EdgeRow,
        stack: Option<&[String]>,
    ) -> io::Result<()> {
        self.class(taken.held[taken.at].ident().class())?;
        self.class(taken.to)?;
        self.append(&edge.line(&self.run, taken.thread, stack))
    }

    /// Records a finding whose classes and lines are new, beyond the limit too; labels are left out.
    fn finding(&mut self, report: &Report) -> io::Result<()> {
        if !self.known.insert(report.signature()) {
            return Ok(());
        }
        let line = rows::finding(&self.run, &report.without_labels());
        self.append_anyway(&line)
    }

    fn class(&mut self, class: &'static Class) -> io::Result<()> {
        // Classes are interned, so the address identifies one.
        if !self
            .known
            .insert(hash_of(&std::ptr::from_ref(class).addr()))
        {
            return Ok(());
        }
        self.append(&rows::class(class))
    }

    fn append(&mut self, line: &str) -> io::Result<()> {
        if self.is_full {
            return Ok(());
        }
        if self.file.append(line)? {
            self.rows += 1;
        } else {
            self.is_full = true;
            STATE.store(FULL, Ordering::Relaxed);
            self.file.append_anyway(&rows::full(self.limit))?;
        }
        Ok(())
    }

    fn append_anyway(&mut self, line: &str) -> io::Result<()> {
        self.rows += 1;
        self.file.append_anyway(line)
    }
}

/// A size in bytes: `500`, `500K`, `64M`, `1G`.
fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let (digits, unit) = match text.char_indices().next_back()? {
        (at, 'k' | 'K') => (&text[..at], 1 << 10),
        (at, 'm' | 'M') => (&text[..at], 1 << 20),
        (at, 'g' | 'G') => (&text[..at], 1 << 30),
        _ => (text, 1),
    };
    digits.trim().parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [
            ("500", Some(500)),
            ("2K", Some(2_048)),
            ("64M", Some(64 << 20)),
            ("1g", Some(1 << 30)),
            ("", None),
            ("M", None),
            ("many", None),
            ("99999999999999999999", None),
            ("99999999999G", None),
        ] {
            assert_eq!(size(text), bytes, "{text}");
        }
    }
}
