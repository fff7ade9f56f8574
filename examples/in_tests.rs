//! Tests of a small bank: one that its transfers cannot deadlock, one that a bug is found, one of a
//! thread that never comes back, and what `lockwarden::testing` says of each.
//!
//! ```text
//! cargo run --example in_tests
//! cargo test --example in_tests
//! ```
//!
//! The first command prints the outcomes; the second runs the same checks as tests.

use std::sync::mpsc;
use std::time::Duration;

use lockwarden::sync::{Arc, Mutex};
use lockwarden::testing::{Check, Outcome, Turnstile, check};
use lockwarden::{acquire, assert_held, assert_no_locks_held, thread};

struct Account {
    balance: Mutex<i64>,
}

impl Account {
    fn new(label: &str, balance: i64) -> Arc<Self> {
        let balance = Mutex::named("account", balance);
        balance.set_label(label);
        Arc::new(Self { balance })
    }

    /// To be called with the balance locked.
    fn book(&self, balance: &mut i64, amount: i64) {
        assert_held!(self.balance);
        *balance += amount;
    }
}

/// Moves an amount; the locks are taken in the order of the arguments. That is the bug.
fn transfer(from: &Account, to: &Account, amount: i64) {
    let mut from_balance = from.balance.lock().unwrap();
    let mut to_balance = to.balance.lock().unwrap();
    from.book(&mut from_balance, -amount);
    to.book(&mut to_balance, amount);
}

/// The same with both locks taken at once, in an order that all agree on.
fn transfer_in_order(from: &Account, to: &Account, amount: i64) {
    let held = acquire((&from.balance, &to.balance)).expect("nothing else is held");
    let (from_balance, to_balance) = held.split();
    from.book(&mut from_balance.unwrap(), -amount);
    to.book(&mut to_balance.unwrap(), amount);
}

/// Two threads move money both ways, the second one when the first is done: the turnstile sees to
/// that, so that no run deadlocks. What the code allows is found all the same.
fn both_ways(transfer: fn(&Account, &Account, i64)) {
    let (mine, yours) = (Account::new("mine", 100), Account::new("yours", 100));
    let turnstile = Turnstile::new(["there", "and back"]);
    thread::scope(|scope| {
        scope.spawn(|| turnstile.turn("there", || transfer(&mine, &yours, 30)));
        scope.spawn(|| turnstile.turn("and back", || transfer(&yours, &mine, 10)));
    });
    assert_no_locks_held!();
    assert_eq!(*mine.balance.lock().unwrap(), 80);
}

/// A thread keeps an account locked until a thread answers, and no thread does.
fn waits_for_an_answer(limit: Duration) -> Outcome {
    let (asked, answer) = mpsc::channel::<()>();
    let outcome = Check::new().timeout(limit).run(move || {
        let account = Account::new("mine", 100);
        let _balance = account.balance.lock().unwrap();
        let _ = answer.recv();
    });
    drop(asked);
    outcome
}

fn main() {
    println!("transfers in one order:");
    print!("{}", check(|| both_ways(transfer_in_order)).snapshot());
    println!("transfers in any order:");
    print!("{}", check(|| both_ways(transfer)).snapshot());
    println!("a transfer that waits for an answer:");
    let outcome = waits_for_an_answer(Duration::from_secs(1));
    print!("{}", outcome.snapshot());
    if let Some(hang) = outcome.hung() {
        eprint!("{hang}");
    }
    println!("and the process goes on");
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockwarden::report::Verdict;

    #[test]
    fn transfers_in_one_order_cannot_deadlock() {
        check(|| both_ways(transfer_in_order)).assert_clean();
    }

    #[test]
    fn transfers_in_any_order_are_found() {
        let outcome = check(|| both_ways(transfer));
        let found = outcome.assert_finds(Verdict::Inversion);
        found.among(["mine", "yours"]);
    }

    #[test]
    fn an_answer_that_never_comes_is_a_hang_and_not_the_end_of_the_tests() {
        let outcome = waits_for_an_answer(Duration::from_millis(200));
        assert!(outcome.hung().is_some());
    }
}
