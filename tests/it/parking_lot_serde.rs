//! Locks are serialised through their data.

use std::fmt;

use lockwarden::parking_lot::*;
use serde::de::IntoDeserializer as _;
use serde::de::value::{Error, U32Deserializer};
use serde::{Deserialize, Serialize};

/// Prints what it is given as its serialisation: a formatter takes numbers and strings.
struct Serialised<T>(T);

impl<T: Serialize> fmt::Display for Serialised<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.serialize(f)
    }
}

fn there_and_back<L: Serialize + for<'de> Deserialize<'de>>() -> String {
    let data: U32Deserializer<Error> = 17u32.into_deserializer();
    Serialised(L::deserialize(data).unwrap()).to_string()
}

#[test]
fn a_lock_reads_and_writes_as_its_data_does() {
    assert_eq!(there_and_back::<Mutex<u32>>(), "17");
    assert_eq!(there_and_back::<FairMutex<u32>>(), "17");
    assert_eq!(there_and_back::<ReentrantMutex<u32>>(), "17");
    assert_eq!(there_and_back::<RwLock<u32>>(), "17");
    assert_eq!(there_and_back::<RecursiveRwLock<u32>>(), "17");
}

#[test]
fn what_is_no_data_is_no_lock() {
    let data: U32Deserializer<Error> = 17u32.into_deserializer();
    assert!(Mutex::<bool>::deserialize(data).is_err());
}

#[test]
fn a_lock_of_something_unsized_can_be_written() {
    fn writable<T: Serialize + ?Sized>() {}
    writable::<Mutex<[u8]>>();
    writable::<FairMutex<[u8]>>();
    writable::<ReentrantMutex<[u8]>>();
    writable::<RwLock<str>>();
    writable::<RecursiveRwLock<str>>();
}
