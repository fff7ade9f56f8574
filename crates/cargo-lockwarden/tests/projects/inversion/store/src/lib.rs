//! A store that calls back while it holds its lock.

use std::sync::Mutex;

pub struct Store {
    names: Mutex<Vec<String>>,
}

impl Store {
    pub fn new() -> Self {
        Self { names: Mutex::new(Vec::new()) }
    }

    pub fn put(&self, name: &str) {
        self.names.lock().unwrap().push(name.to_owned());
    }

    pub fn with_all(&self, call: impl FnOnce(&[String])) {
        call(&self.names.lock().unwrap());
    }
}
