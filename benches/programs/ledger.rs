//! The core of the ledger of the examples: accounts, an audit log and statistics, without the
//! sockets, and with every transfer in the right order.

use std::fmt::Write;

use super::std_flavour::{Mutex, MutexGuard, RwLock, thread};

const ACCOUNTS: usize = 20;
const THREADS: usize = 4;
const OPENING_BALANCE: i64 = 100_000;

struct Bank {
    accounts: Vec<Mutex<i64>>,
    audit: Mutex<Audit>,
    statistics: RwLock<[usize; 2]>,
}

/// The log, a line a transfer, and a checksum that chains them.
struct Audit {
    lines: String,
    checksum: u64,
}

impl Bank {
    fn open() -> Self {
        let account = |_| Mutex::new(OPENING_BALANCE);
        Self {
            accounts: (0..ACCOUNTS).map(account).collect(),
            audit: Mutex::new(Audit {
                lines: String::new(),
                checksum: 0xcbf2_9ce4_8422_2325,
            }),
            statistics: RwLock::new([0; 2]),
        }
    }

    fn transfer(&self, from: usize, to: usize, cents: i64) {
        let mut lower = lock(&self.accounts[from.min(to)]);
        let mut upper = lock(&self.accounts[from.max(to)]);
        let (payer, payee) = if from < to {
            (&mut *lower, &mut *upper)
        } else {
            (&mut *upper, &mut *lower)
        };
        let is_covered = *payer >= cents;
        if is_covered {
            *payer -= cents;
            *payee += cents;
            // With the accounts locked, so that the log has the transfers of each in their order.
            lock(&self.audit).note(from, to, cents, [*payer, *payee]);
        }
        drop((upper, lower));
        self.statistics.write().expect("counting does not panic")[usize::from(is_covered)] += 1;
    }
}

impl Audit {
    fn note(&mut self, from: usize, to: usize, cents: i64, [payer, payee]: [i64; 2]) {
        let start = self.lines.len();
        writeln!(
            self.lines,
            "{from} paid {to} {cents}, which leaves {payer} and {payee}"
        )
        .expect("a string takes everything");
        // FNV-1a.
        for byte in self.lines[start..].bytes() {
            self.checksum = (self.checksum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

#[track_caller]
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nothing panics here")
}

/// Makes `transfers` in each of four threads.
pub(crate) fn bench(transfers: usize) {
    let bank = Bank::open();
    thread::scope(|scope| {
        for number in 1..=THREADS as u64 {
            let bank = &bank;
            scope.spawn(move || {
                let mut random = crate::common::random::Random::new(number);
                for _ in 0..transfers {
                    let from = random.below(ACCOUNTS);
                    let to = (from + 1 + random.below(ACCOUNTS - 1)) % ACCOUNTS;
                    bank.transfer(from, to, 1 + random.below(500) as i64);
                }
            });
        }
    });
    let total: i64 = bank.accounts.iter().map(|account| *lock(account)).sum();
    assert_eq!(total, OPENING_BALANCE * ACCOUNTS as i64);
    let counted: usize = bank.statistics.read().expect("as above").iter().sum();
    assert_eq!(counted, transfers * THREADS);
    std::hint::black_box(lock(&bank.audit).checksum);
}
