use std::sync::Mutex;

pub static LEDGER: Mutex<u64> = Mutex::new(0);

pub struct Stock(pub Mutex<Vec<u64>>);

impl Stock {
    pub fn new() -> Self {
        Self(Mutex::new(vec![1, 2, 3]))
    }
}
