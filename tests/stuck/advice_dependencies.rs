//! What a report says to change where a dependency takes a lock, in programs that follow it to the letter or not.

use lockwarden::sync::Mutex;

use crate::advice::{advice, end_after_inversion};
use crate::expect::{Case, Expected};

#[path = "registry/src/index-0/inner-0.3.1/src/lib.rs"]
mod inner;
#[path = "registry/src/index-0/outer-1.2.0/src/lib.rs"]
mod outer;

advice! {
    "a call into a dependency under a lock", call_into, "Inversion",
        ["release `ledger`, which is taken at tests/stuck/advice_dependencies.rs:",
         "before the call into inner 0.3.1 that takes `audit`"];
    "a lock taken while a dependency holds one", while_it_holds, "Inversion",
        ["end the call into outer 1.2.0, or drop what it returned, before tests/stuck/advice_dependencies.rs:",
         "takes `ledger`, since it holds `audit` until then; or take `ledger` before the call into outer 1.2.0"];
    "two orders within one dependency", within_one, "Inversion",
        ["the lines to change are those of outer 1.2.0, at outer 1.2.0, src/lib.rs:",
         "until they are changed, hold one lock of your own around each call into outer 1.2.0 that leads there; or, if the program",
         "keeps what outer 1.2.0 has returned with", "drop that before the call at tests/stuck/advice_dependencies.rs:"];
    "a dependency that calls into another one", into_another, "Inversion",
        ["the lines to change are those of outer 1.2.0 at", "and of inner 0.3.1 at",
         "without a change of theirs, keep outer 1.2.0 from calling into inner 0.3.1 while it holds `ledger`"];
    "a lock that a dependency takes while another one holds it", taken_twice, "SelfDeadlock",
        ["drop the guard that was taken at outer 1.2.0, src/lib.rs:",
         "before the call into inner 0.3.1 by stuck::advice_dependencies::taken_twice",
         "advice_dependencies.rs:"];
}

static LEDGER: Mutex<u32> = Mutex::named("ledger", 0);
static AUDIT: Mutex<u32> = Mutex::named("audit", 0);
static OWN: Mutex<()> = Mutex::named("own", ());

/// Runs one after the other, in threads that nothing orders.
fn one_by_one(first: impl FnOnce() + Send + 'static, second: impl FnOnce() + Send + 'static) {
    std::thread::spawn(first).join().unwrap();
    std::thread::spawn(second).join().unwrap();
}

fn ledger_under_audit() {
    outer::with(&AUDIT, || drop(LEDGER.lock().unwrap()));
}

fn audit_under_ledger() {
    let _ledger = LEDGER.lock().unwrap();
    inner::touch(&AUDIT);
}

fn call_into(mended: bool) {
    one_by_one(ledger_under_audit, move || match mended {
        true => {
            drop(LEDGER.lock().unwrap());
            inner::touch(&AUDIT);
        }
        false => audit_under_ledger(),
    });
    end_after_inversion(mended);
}

fn while_it_holds(mended: bool) {
    one_by_one(audit_under_ledger, move || match mended {
        true => {
            // Each of the two ways.
            outer::with(&AUDIT, || ());
            drop(LEDGER.lock().unwrap());
            let _ledger = LEDGER.lock().unwrap();
            outer::with(&AUDIT, || ());
        }
        false => ledger_under_audit(),
    });
    end_after_inversion(mended);
}

fn within_one(mended: bool) {
    if mended {
        // With its lines changed.
        static OTHERS: [Mutex<u32>; 2] = [Mutex::new(0), Mutex::new(0)];
        let both = || outer::both(&OTHERS[0], &OTHERS[1]);
        one_by_one(both, both);
    }
    one_by_one(
        move || {
            let _own = mended.then(|| OWN.lock().unwrap());
            outer::both(&LEDGER, &AUDIT);
        },
        move || {
            let _own = mended.then(|| OWN.lock().unwrap());
            outer::both_the_other_way(&LEDGER, &AUDIT);
        },
    );
    end_after_inversion(mended);
}

fn into_another(mended: bool) {
    one_by_one(
        || outer::both(&AUDIT, &LEDGER),
        move || match mended {
            true => {
                outer::with(&LEDGER, || ());
                inner::touch(&AUDIT);
            }
            false => outer::with(&LEDGER, || inner::touch(&AUDIT)),
        },
    );
    end_after_inversion(mended);
}

fn taken_twice(mended: bool) {
    outer::with(&LEDGER, || {
        if !mended {
            inner::touch(&LEDGER);
        }
    });
    inner::touch(&LEDGER);
}
