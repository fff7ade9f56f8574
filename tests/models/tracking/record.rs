//! The first holder and a thread that does not hold the lock both assign an ident: one of them counts, and
//! the tag belongs to it.

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use loom::thread;

use crate::shim::model;
use crate::tracking::lock::kind::LockKind;
use crate::tracking::lock::lock_id_pool::LockIdPool;
use crate::tracking::lock::record::LockRecord;

fn record(kind: &'static LockKind) -> Arc<LockRecord> {
    let record = LockRecord::new(kind, None, Location::caller());
    // Initialised before the threads of the model start.
    assert!(record.ident().is_none());
    assert_eq!(record.tag.load(Ordering::Relaxed), 0);
    Arc::new(record)
}

/// Does what the fast path does: a thread that sees a tag pushes the ident of that tag.
#[allow(unsafe_code)]
fn look(record: &LockRecord) {
    let seen = record.tag.load(Ordering::Acquire);
    if seen != 0 {
        // SAFETY: no ident is freed in a model.
        let ident = unsafe { record.ident_address().as_ref() };
        let ident = ident.expect("a tag has an ident");
        assert_eq!(ident.tag(), seen);
    }
}

#[test]
fn a_writer_beside_a_thread_without_the_lock_assigns_one_ident() {
    model::check(None, || {
        let record = record(&LockKind::MUTEX);
        let (outside, fast) = (Arc::clone(&record), Arc::clone(&record));
        let outside = thread::spawn(move || outside.identify(&mut LockIdPool::default()).id());
        let fast = thread::spawn(move || look(&fast));
        let held = record.identify_as_writer(&mut LockIdPool::default());
        outside.join().unwrap();
        fast.join().unwrap();
        assert!(std::ptr::eq(record.ident_address(), held));
        assert_eq!(record.tag.load(Ordering::Relaxed), held.tag());
        assert_eq!(record.identify(&mut LockIdPool::default()).id(), held.id());
    });
}

#[test]
fn concurrent_readers_assign_one_ident() {
    model::check(None, || {
        let record = record(&LockKind::RW_LOCK);
        let other = Arc::clone(&record);
        let other = thread::spawn(move || {
            let ident = other.identify_as_reader(&mut LockIdPool::default());
            look(&other);
            ident.id()
        });
        let here = record.identify_as_reader(&mut LockIdPool::default());
        look(&record);
        assert_eq!(other.join().unwrap(), here.id());
        assert_eq!(record.tag.load(Ordering::Relaxed), here.tag());
    });
}
