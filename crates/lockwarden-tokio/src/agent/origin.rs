//! Where tasks come from: what all tasks that are spawned at one place have in common.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use lockwarden::instrument::Site;
use parking_lot::Mutex;

use super::frame;
use super::image;
use super::registry::Numbered;
use super::runtime::RuntimeState;
use super::task::Kind;

/// The place of a spawn, and the runtime that polls what is spawned there.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) kind: Kind,
    /// Where the tasks are spawned.
    pub(crate) spawned: Site,
    /// The runtime that polls them; none if it is not one of ours, or is gone.
    runtime: Weak<RuntimeState>,
    /// How many of them are alive of which nothing else is known.
    pub(crate) anonymous: AtomicUsize,
}

/// Of which tasks an origin is that.
#[derive(PartialEq, Eq)]
struct Key {
    site: usize,
    runtime: usize,
    kind: Kind,
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let kind = (self.kind as u64) << 60;
        state.write_u64(self.site as u64 ^ (self.runtime as u64).rotate_left(24) ^ kind);
    }
}

/// The origins whose runtime lives, and a number of them at which those of other runtimes are removed.
#[derive(Default)]
struct Table {
    all: HashMap<Key, Arc<Origin>, BuildHasherDefault<Numbered>>,
    limit: usize,
}

static TABLE: Mutex<Option<Table>> = Mutex::new(None);

impl Origin {
    /// The origin of what is spawned at `spawned`.
    pub(crate) fn of(kind: Kind, spawned: Site, runtime: Option<&Arc<RuntimeState>>) -> Arc<Self> {
        let key = Key {
            site: std::ptr::from_ref(spawned).addr(),
            runtime: runtime.map_or(0, |runtime| Arc::as_ptr(runtime).addr()),
            kind,
        };
        let mut table = TABLE.lock();
        let table = table.get_or_insert_default();
        if let Some(known) = table.all.get(&key) {
            return Arc::clone(known);
        }
        image::look();
        crate::dump::announce();
        frame::announce();
        if table.all.len() >= table.limit {
            // While an origin is listed, its runtime's address is not used by another one.
            table.all.retain(|key, origin| {
                key.runtime == 0
                    || origin.runtime.strong_count() != 0
                    || origin.anonymous.load(Ordering::Relaxed) != 0
            });
            table.limit = (table.all.len() * 2).max(64);
        }
        let origin = Arc::new(Self {
            kind,
            spawned,
            runtime: runtime.map_or_else(Weak::new, Arc::downgrade),
            anonymous: AtomicUsize::new(0),
        });
        table.all.insert(key, Arc::clone(&origin));
        origin
    }

    /// The runtime that polls the tasks, if it is one of ours.
    pub(crate) fn runtime(&self) -> Option<Arc<RuntimeState>> {
        self.runtime.upgrade()
    }
}

/// The origins that have tasks of which nothing else is known.
pub(crate) fn anonymous() -> Vec<Arc<Origin>> {
    let table = TABLE.lock();
    let all = table.iter().flat_map(|table| table.all.values());
    let has_some = |origin: &&Arc<Origin>| origin.anonymous.load(Ordering::Relaxed) != 0;
    let mut origins: Vec<Arc<Origin>> = all.filter(has_some).cloned().collect();
    drop(table);
    origins.sort_by_key(|origin| (origin.spawned.file(), origin.spawned.line()));
    origins
}
