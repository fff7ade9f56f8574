//! A store with a lock of tokio, which asks for `sync` alone, and has no runtime of its own.

use std::future::Future;

use tokio::sync::Mutex;

/// Entries behind a lock.
#[derive(Debug)]
pub struct Store {
    entries: Mutex<Vec<u32>>,
}

impl Store {
    /// An empty store.
    pub fn open() -> Self {
        Store {
            entries: Mutex::new(Vec::new()),
        }
    }

    /// Adds an entry.
    pub async fn put(&self, entry: u32) {
        self.entries.lock().await.push(entry);
    }

    /// Awaits what `write` makes of all entries, under the lock of the store.
    pub async fn flush<F: Future<Output = ()>>(&self, write: impl FnOnce(Vec<u32>) -> F) {
        let mut entries = self.entries.lock().await;
        write(std::mem::take(&mut entries)).await;
    }
}
