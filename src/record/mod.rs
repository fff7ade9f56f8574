//! Records: what a process learns about its lock orders, written to a file of its own.
//!
//! `LOCKWARDEN_RECORD=dir` (or [`Config::record`](crate::config::Config::record)) names a directory.
//! Each process creates one file in it and appends one JSON object per line:
//!
//! | `row` | when it is written | what it holds |
//! |---|---|---|
//! | `run` | first line of a file | the process, its test or CI job, the parent of a fork |
//! | `class` | before the first edge that names the class | key, kind, name, place of construction |
//! | `edge` | when a thread takes a lock of one class under one of another, for the first time in this combination | both classes, modes and places, the gate classes, the thread and its role |
//! | `finding` | when a report is made | verdict, basis, headline, the edges of the cycle |
//! | `time`, `blocked`, `stack`, `event` | if times are recorded: totals each time that they have doubled, all at the end | how long threads waited for locks and held them, and for whom they waited |
//! | `full` | when the file reaches its limit; findings and the end alone follow | the limit in bytes |
//! | `end` | at an orderly exit | how many rows were written |
//!
//! The file is opened with `O_CREAT | O_EXCL | O_APPEND`, and each line is one `write`: a process that
//! is killed loses no line that was written before. After a fork the child writes a file of its own.
//! An acquisition in a known order writes nothing. A file that cannot be written is reported once on
//! standard error, and the program continues without a record.

mod event;
mod file;
pub(crate) mod news;
mod recorder;
mod rows;
mod times;

pub(crate) use self::event::emit;
#[cfg(unix)]
pub(crate) use self::recorder::renew;
pub(crate) use self::recorder::{RECORDER, edge, finding, from_environment, is_recording};
pub(crate) use self::rows::Taken;
pub(crate) use self::times::{capacity as times_capacity, finish, write as write_times_of_process};

/// Writes the times that the process has kept so far to its [record](crate::config::Config::record): the totals, and
/// the waits and holds of the ring of each thread, which is empty then.
///
/// The same happens at an orderly exit; totals alone are also written while the program runs. Does nothing if no
/// times are [recorded](crate::config::Config::record_times).
///
/// Costs a look-up of the names of all functions in which a thread has waited: hundreds of milliseconds the first
/// time, and little later.
pub fn write_times() {
    times::write(true);
}
