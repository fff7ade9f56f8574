//! Requests and answers, a line each.
//!
//! `GET key`, `PUT key value`, `DEL key`, `SWAP key key`; `VALUE value`, `DONE`, `MISSING`,
//! `REFUSED`, `FAILED why`. Neither keys nor values have spaces, and no value is empty.

use std::{fmt, io};

/// What a client asks for.
pub(super) enum Request<'a> {
    Get(&'a str),
    Put(&'a str, &'a str),
    Delete(&'a str),
    Swap(&'a str, &'a str),
}

impl<'a> Request<'a> {
    /// The request in a line, if it is one.
    pub(super) fn parse(line: &'a str) -> Option<Self> {
        let mut words = line.split(' ').filter(|word| !word.is_empty());
        let (verb, key, more) = (words.next()?, words.next()?, words.next());
        let request = match (verb, more) {
            ("GET", None) => Request::Get(key),
            ("PUT", Some(value)) => Request::Put(key, value),
            ("DEL", None) => Request::Delete(key),
            ("SWAP", Some(other)) => Request::Swap(key, other),
            _ => return None,
        };
        words.next().is_none().then_some(request)
    }
}

/// What it is asked for.
pub(super) enum Answer {
    Value(String),
    Done,
    Missing,
    Refused,
    Failed(io::Error),
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Value(value) => write!(f, "VALUE {value}"),
            Answer::Done => f.write_str("DONE"),
            Answer::Missing => f.write_str("MISSING"),
            Answer::Refused => f.write_str("REFUSED"),
            Answer::Failed(error) => write!(f, "FAILED {error}"),
        }
    }
}
