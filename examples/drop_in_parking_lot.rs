//! A small program on the locks of `parking_lot`, adopted by a change of one line: its import.
//!
//! ```text
//! cargo run --example drop_in_parking_lot
//! ```
//!
//! It looks names up through a cache: many readers, one upgrade per name, and a waiter for the
//! last one. Nothing but the import names `lockwarden`. There is no bug in it, and so there is no
//! report.

use std::collections::HashMap;
use std::thread;

// The only line that differs. Before:
// `use parking_lot::{Condvar, Mutex, RwLock, RwLockUpgradableReadGuard};`
use lockwarden::parking_lot::{Condvar, Mutex, RwLock, RwLockUpgradableReadGuard};

const NAMES: [&str; 3] = ["ada", "grace", "edsger"];
const LOOKUPS: usize = 300;

/// Addresses by name, each resolved once.
#[derive(Default)]
struct Cache {
    addresses: RwLock<HashMap<&'static str, usize>>,
    resolved: Mutex<usize>,
    changed: Condvar,
}

impl Cache {
    fn look_up(&self, name: &'static str) -> usize {
        if let Some(&address) = self.addresses.read().get(name) {
            return address;
        }
        // One thread at a time holds the lock upgradably, so no thread resolves the same name twice.
        let addresses = self.addresses.upgradable_read();
        if let Some(&address) = addresses.get(name) {
            return address;
        }
        let address = resolve(name);
        let mut addresses = RwLockUpgradableReadGuard::upgrade(addresses);
        addresses.insert(name, address);
        drop(addresses);
        *self.resolved.lock() += 1;
        self.changed.notify_all();
        address
    }

    fn wait_until_resolved(&self, names: usize) {
        let mut resolved = self.resolved.lock();
        self.changed
            .wait_while(&mut resolved, |resolved| *resolved < names);
    }
}

/// Stands for something slow.
fn resolve(name: &str) -> usize {
    name.bytes().map(usize::from).sum()
}

fn main() {
    let cache = Cache::default();
    thread::scope(|scope| {
        for first in 0..NAMES.len() {
            let cache = &cache;
            scope.spawn(move || {
                for lookup in 0..LOOKUPS {
                    let name = NAMES[(first + lookup) % NAMES.len()];
                    assert_eq!(cache.look_up(name), resolve(name));
                }
            });
        }
        cache.wait_until_resolved(NAMES.len());
        println!("all names are resolved");
    });
    println!("resolved {} times", *cache.resolved.lock());
    for name in NAMES {
        println!("{name} is at {}", cache.look_up(name));
    }
}
