//! Initialisers that need what they make, themselves or over others.

use lockwarden::parking_lot as pl;
use lockwarden::sync::{LazyLock, Mutex, Once, OnceLock};

use crate::expect::{Case, Expected};
use crate::steps::{Meeting, join, start, until_asleep, watch};

pub(crate) const CASES: &[Case] = &[
    // A thing that needs itself.
    Case {
        name: "a lazy value forces itself",
        run: || {
            static SELF: LazyLock<u8> = LazyLock::named("self", || *SELF + 1);
            assert_eq!(*SELF, 1);
        },
        expected: Expected::Finding("SelfDeadlock", &["the initialisation of `self`"]),
    },
    Case {
        name: "a cell is initialised by itself",
        run: || {
            static SELF: OnceLock<u8> = OnceLock::named("self");
            SELF.get_or_init(|| *SELF.get_or_init(|| 1));
        },
        expected: Expected::Finding("SelfDeadlock", &["the initialisation of `self`"]),
    },
    Case {
        name: "a cell is set by its initialiser",
        run: || {
            static SELF: OnceLock<u8> = OnceLock::named("self");
            SELF.get_or_init(|| {
                SELF.set(1).unwrap();
                2
            });
        },
        expected: Expected::Finding("SelfDeadlock", &["the initialisation of `self`"]),
    },
    Case {
        name: "a cell is waited for by its initialiser",
        run: || {
            static SELF: OnceLock<u8> = OnceLock::named("self");
            SELF.get_or_init(|| *SELF.wait());
        },
        expected: Expected::Finding("SelfDeadlock", &["the initialisation of `self`"]),
    },
    Case {
        name: "what runs once calls itself",
        run: || {
            static SELF: Once = Once::named("self");
            SELF.call_once(|| SELF.call_once(|| ()));
        },
        expected: Expected::Finding("SelfDeadlock", &["the initialisation of `self`"]),
    },
    Case {
        // As the values of `lazy_static` do: their constant is one of a library.
        name: "what a constant of a library has made calls itself",
        run: || {
            #[allow(deprecated)]
            static SELF: Once = lockwarden::sync::ONCE_INIT;
            SELF.call_once(|| SELF.call_once(|| ()));
        },
        expected: Expected::Finding(
            "SelfDeadlock",
            &["the initialisation of the Once made at tests/stuck/initialisation.rs:"],
        ),
    },
    Case {
        name: "what is forced to run once forces itself",
        run: || {
            static SELF: Once = Once::named("self");
            SELF.call_once_force(|_| SELF.call_once_force(|_| ()));
        },
        expected: Expected::Finding("SelfDeadlock", &["the initialisation of `self`"]),
    },
    Case {
        name: "what runs once waits for itself",
        run: || {
            static SELF: Once = Once::named("self");
            SELF.call_once(|| SELF.wait());
        },
        expected: Expected::Finding("SelfDeadlock", &["the initialisation of `self`"]),
    },
    Case {
        name: "what runs once calls itself, in the flavour of parking_lot",
        run: || {
            static SELF: pl::Once = pl::Once::named("self");
            SELF.call_once(|| SELF.call_once_force(|_| ()));
        },
        expected: Expected::Finding("SelfDeadlock", &["the initialisation of `self`"]),
    },
    Case {
        name: "what runs once waits for itself, in the flavour of parking_lot",
        run: || {
            static SELF: pl::Once = pl::Once::named("self");
            SELF.call_once(|| SELF.wait_force());
        },
        expected: Expected::Finding("SelfDeadlock", &["the initialisation of `self`"]),
    },
    // Two that need each other.
    Case {
        name: "two lazy values initialise each other, whoever comes first",
        run: || lazies(|| (), || ()),
        expected: Expected::FindingAndOrder("Deadlock", &["the initialisation of `a`", "of `b`"]),
    },
    Case {
        name: "two lazy values initialise each other, the one first",
        run: || lazies(|| (), || until_asleep("one")),
        expected: Expected::FindingAndOrder("Deadlock", &["the initialisation of `a`", "of `b`"]),
    },
    Case {
        name: "two lazy values initialise each other, the other first",
        run: || lazies(|| until_asleep("other"), || ()),
        expected: Expected::FindingAndOrder("Deadlock", &["the initialisation of `a`", "of `b`"]),
    },
    Case {
        name: "a cell and what runs once initialise each other, the cell first",
        run: || cell_and_once(|| (), || until_asleep("one")),
        expected: Expected::FindingAndOrder(
            "Deadlock",
            &["the initialisation of `cell`", "of `once`"],
        ),
    },
    Case {
        name: "a cell and what runs once initialise each other, what runs once first",
        run: || cell_and_once(|| until_asleep("other"), || ()),
        expected: Expected::FindingAndOrder(
            "Deadlock",
            &["the initialisation of `cell`", "of `once`"],
        ),
    },
    Case {
        name: "one thread initialises two that need each other",
        run: || {
            static A: LazyLock<u8> = LazyLock::named("a", || *B + 1);
            static B: LazyLock<u8> = LazyLock::named("b", || *A + 1);
            assert_eq!(*A, *B);
        },
        expected: Expected::Finding("SelfDeadlock", &["the initialisation of `a`"]),
    },
    // With a lock between them.
    Case {
        name: "a lazy value is forced under the lock that it needs, the lock last",
        run: || under_lock(|| until_asleep("forces"), || ()),
        expected: Expected::FindingAndOrder(
            "Deadlock",
            &["the initialisation of `lazy`", "`needed`"],
        ),
    },
    Case {
        name: "a lazy value is forced under the lock that it needs, the force last",
        run: || under_lock(|| (), || until_asleep("makes")),
        expected: Expected::FindingAndOrder(
            "Deadlock",
            &["the initialisation of `lazy`", "`needed`"],
        ),
    },
    // No thread is at it.
    Case {
        name: "a cell that no thread writes",
        run: || {
            static CELL: OnceLock<u8> = OnceLock::named("cell");
            CELL.wait();
        },
        expected: Expected::Finding("Deadlock", &["the initialisation of `cell`"]),
    },
    Case {
        name: "what never runs to its end",
        run: || {
            static ONCE: Once = Once::named("once");
            let fails = start("fails", || ONCE.call_once(|| panic!("in its turn")));
            assert!(fails.join().is_err());
            ONCE.wait_force();
        },
        expected: Expected::Finding("Deadlock", &["the initialisation of `once`"]),
    },
    // Nothing is wrong.
    Case {
        name: "an initialisation takes its time",
        run: takes_its_time,
        expected: Expected::Nothing,
    },
    Case {
        name: "an initialisation fails while it is waited for, and the next one does not",
        run: fails_first,
        expected: Expected::Nothing,
    },
    Case {
        name: "an initialisation begins when it is waited for",
        run: || {
            static CELL: OnceLock<u8> = OnceLock::named("cell");
            let writer = start("writer", || {
                until_asleep("main");
                CELL.get_or_init(|| {
                    // Now it is known who has to act.
                    std::thread::yield_now();
                    until_asleep("main");
                    7
                });
            });
            assert_eq!(CELL.wait(), &7);
            writer.join().unwrap();
        },
        expected: Expected::Nothing,
    },
];

static BOTH: Meeting = Meeting::new();
static BEFORE: OnceLock<[fn(); 2]> = OnceLock::new();

static A: LazyLock<u8> = LazyLock::named("a", || {
    BOTH.come();
    BEFORE.get().unwrap()[0]();
    *B + 1
});

static B: LazyLock<u8> = LazyLock::named("b", || {
    BOTH.come();
    BEFORE.get().unwrap()[1]();
    *A + 1
});

fn lazies(before_one: fn(), before_other: fn()) {
    BEFORE.set([before_one, before_other]).unwrap();
    watch([
        start("one", || assert_eq!(*A, 2)),
        start("other", || assert_eq!(*B, 2)),
    ]);
}

fn cell_and_once(before_one: fn(), before_other: fn()) {
    static CELL: OnceLock<u8> = OnceLock::named("cell");
    static ONCE: pl::Once = pl::Once::named("once");
    watch([
        start("one", move || {
            CELL.get_or_init(|| {
                BOTH.come();
                before_one();
                ONCE.call_once(|| ());
                1
            });
        }),
        start("other", move || {
            ONCE.call_once(|| {
                BOTH.come();
                before_other();
                CELL.get_or_init(|| 2);
            });
        }),
    ]);
}

fn under_lock(before_lock: fn(), before_force: fn()) {
    static NEEDED: Mutex<u8> = Mutex::named("needed", 1);
    static LAZY: LazyLock<u8> = LazyLock::named("lazy", || {
        BOTH.come();
        BEFORE.get().unwrap()[0]();
        *NEEDED.lock().unwrap()
    });
    BEFORE.set([before_lock, before_force]).unwrap();
    watch([
        start("makes", || assert_eq!(*LAZY, 1)),
        start("forces", || {
            let needed = NEEDED.lock().unwrap();
            BOTH.come();
            BEFORE.get().unwrap()[1]();
            assert_eq!(*LAZY, *needed);
        }),
    ]);
}

fn takes_its_time() {
    static LAZY: LazyLock<u8> = LazyLock::named("lazy", || {
        BOTH.come();
        until_asleep("waits");
        7
    });
    let waits = start("waits", || {
        BOTH.come();
        assert_eq!(*LAZY, 7);
    });
    assert_eq!(*LAZY, 7);
    waits.join().unwrap();
}

fn fails_first() {
    static CELL: OnceLock<u8> = OnceLock::named("cell");
    let waits = start("waits", || {
        BOTH.come();
        assert_eq!(CELL.get_or_init(|| 7), &7);
    });
    let reads = start("reads", || assert_eq!(CELL.wait(), &7));
    let fails = start("fails", || {
        CELL.get_or_init(|| {
            BOTH.come();
            until_asleep("waits");
            until_asleep("reads");
            panic!("in its turn");
        });
    });
    assert!(fails.join().is_err());
    join([waits, reads]);
}
