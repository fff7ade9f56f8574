//! Events that no thread sets.

use lockwarden::sync::Event;

use crate::expect::{Case, Expected};
use crate::steps::{join, start, until_asleep};

static STARTED: Event = Event::named("started");
static STOPPED: Event = Event::named("stopped");

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "an event that no thread sets",
        run: || STARTED.wait(),
        expected: Expected::Finding("Deadlock", &["`started` to be set"]),
    },
    Case {
        name: "an event that was cleared before any thread waited",
        run: || {
            let setter = start("setter", || {
                STARTED.set();
                STARTED.clear();
            });
            setter.join().unwrap();
            STARTED.wait();
        },
        expected: Expected::Finding("Deadlock", &["`started` to be set"]),
    },
    Case {
        name: "each waits for what the other sets afterwards, the first one first",
        run: || {
            cross(|| (), || until_asleep("first"));
        },
        expected: Expected::Finding("Deadlock", &["`started` to be set", "`stopped` to be set"]),
    },
    Case {
        name: "each waits for what the other sets afterwards, the second one first",
        run: || {
            cross(|| until_asleep("second"), || ());
        },
        expected: Expected::Finding("Deadlock", &["`started` to be set", "`stopped` to be set"]),
    },
    Case {
        name: "an event is set when it is waited for, and cleared at once",
        run: || {
            let setter = start("setter", || {
                until_asleep("main");
                STARTED.set();
                STARTED.clear();
            });
            STARTED.wait();
            setter.join().unwrap();
            assert!(!STARTED.is_set());
        },
        expected: Expected::Nothing,
    },
    Case {
        name: "an event is set before it is waited for",
        run: || {
            start("setter", || STARTED.set()).join().unwrap();
            STARTED.wait();
        },
        expected: Expected::Nothing,
    },
];

fn cross(before_first: fn(), before_second: fn()) {
    join([
        start("first", move || {
            let _late = SetOnDrop(&STOPPED);
            before_first();
            STARTED.wait();
        }),
        start("second", move || {
            let _late = SetOnDrop(&STARTED);
            before_second();
            STOPPED.wait();
        }),
    ]);
}

/// Sets the event at the end of its thread's work, which a panic is too.
struct SetOnDrop(&'static Event);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.set();
    }
}
