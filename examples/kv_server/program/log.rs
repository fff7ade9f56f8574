//! The write-ahead log.
//!
//! A change is appended while its shard is locked, so that the log has the changes of a key in
//! their order, and committed after that: the first who wants to commit writes whatever was
//! appended up to then, for all who wait.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, mem, process};

use super::flavour::{Condvar, Mutex};
use super::store::Shard;

/// A log in a file that is removed at the end.
pub(super) struct Log {
    tail: Mutex<Tail>,
    /// Notified when a thread has ended writing.
    written: Condvar,
    file: Mutex<File>,
    path: PathBuf,
}

struct Tail {
    pending: Vec<u8>,
    /// Changes that were appended, and that are in the file.
    appended: u64,
    durable: u64,
    /// Bytes in the file.
    length: usize,
    /// Whether a thread writes to the file.
    writing: bool,
    failed: Option<ErrorKind>,
}

/// What was appended, to be committed.
#[must_use = "a change is not durable before it is committed"]
pub(super) struct Ticket(u64);

/// The right to rewrite the file. While it is out, no other thread writes.
#[must_use = "commits wait until it is handed to `rewrite`"]
pub(super) struct Turn(u64);

impl Log {
    pub(super) fn create() -> io::Result<Self> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("kv_server-{}-{number}.log", process::id());
        let path = env::temp_dir().join(name);
        Ok(Self {
            tail: Mutex::new(Tail {
                pending: Vec::new(),
                appended: 0,
                durable: 0,
                length: 0,
                writing: false,
                failed: None,
            }),
            written: Condvar::new(),
            file: Mutex::new(File::create(&path)?),
            path,
        })
    }

    /// Appends changes: keys with their new values, or with none.
    pub(super) fn append(&self, changes: &[(&str, Option<&str>)]) -> Ticket {
        let mut tail = self.tail.lock();
        for change in changes {
            encode(&mut tail.pending, *change);
        }
        tail.appended += 1;
        Ticket(tail.appended)
    }

    /// Returns when the change is in the file, and tells the size of the file.
    pub(super) fn commit(&self, ticket: Ticket) -> io::Result<usize> {
        let mut tail = self.tail.lock();
        while tail.durable < ticket.0 {
            if let Some(kind) = tail.failed {
                return Err(kind.into());
            }
            if tail.writing {
                self.written.wait(&mut tail);
                continue;
            }
            tail.writing = true;
            let batch = mem::take(&mut tail.pending);
            let up_to = tail.appended;
            drop(tail);
            let written = self.file.lock().write_all(&batch);
            tail = self.tail.lock();
            tail.end(written, up_to);
            tail.length += batch.len();
            self.written.notify_all();
        }
        Ok(tail.length)
    }

    /// Waits until no thread writes. The caller holds every shard shared, so what was appended and is
    /// not written yet is in the shards too, and is dropped.
    pub(super) fn take_turn(&self) -> Turn {
        let mut tail = self.tail.lock();
        self.written.wait_while(&mut tail, |tail| tail.writing);
        tail.writing = true;
        tail.pending.clear();
        Turn(tail.appended)
    }

    /// Puts a file with only `entries` in the place of the old one.
    pub(super) fn rewrite(&self, turn: Turn, entries: &[u8]) -> io::Result<()> {
        let written = self.replace(entries);
        let failed = written.as_ref().err().map(io::Error::kind);
        let mut tail = self.tail.lock();
        tail.end(written, turn.0);
        tail.length = entries.len();
        self.written.notify_all();
        failed.map_or(Ok(()), |kind| Err(kind.into()))
    }

    fn replace(&self, entries: &[u8]) -> io::Result<()> {
        let mut file = self.file.lock();
        let beside = self.path.with_extension("new");
        let mut new = File::create(&beside)?;
        new.write_all(entries)?;
        fs::rename(&beside, &self.path)?;
        *file = new;
        Ok(())
    }

    /// What the file says.
    pub(super) fn replay(&self) -> io::Result<Shard> {
        let _file = self.file.lock();
        let mut shard = Shard::new();
        for line in BufReader::new(File::open(&self.path)?).lines() {
            match line?.split_once(' ') {
                Some((key, value)) => shard.insert(key.to_owned(), value.to_owned()),
                None => return Err(ErrorKind::InvalidData.into()),
            };
        }
        shard.retain(|_, value| !value.is_empty());
        Ok(shard)
    }
}

impl Tail {
    fn end(&mut self, written: io::Result<()>, up_to: u64) {
        self.writing = false;
        match written {
            Ok(()) => self.durable = up_to,
            Err(error) => self.failed = Some(error.kind()),
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        // It lies among the temporary files: to leave it there harms no thread.
        let _ = fs::remove_file(&self.path);
    }
}

/// Writes a change as a line. A key without a value is one that was deleted.
pub(super) fn encode(out: &mut Vec<u8>, (key, value): (&str, Option<&str>)) {
    out.extend_from_slice(key.as_bytes());
    out.push(b' ');
    out.extend_from_slice(value.unwrap_or_default().as_bytes());
    out.push(b'\n');
}
