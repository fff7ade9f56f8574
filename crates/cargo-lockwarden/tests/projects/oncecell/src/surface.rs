//! The signatures of `once_cell::sync`, as a program may rely on them.

use std::fmt::Debug;
use std::ops::DerefMut;
use std::panic::{RefUnwindSafe, UnwindSafe};

use once_cell::sync::{Lazy, OnceCell};

type Cell = OnceCell<String>;
type Value = Lazy<String, fn() -> String>;

const EMPTY: OnceCell<String> = OnceCell::new();
static EMPTIES: [OnceCell<String>; 2] = [EMPTY; 2];
static FULL: OnceCell<u8> = OnceCell::with_value(1);
// The function of a value is a pointer unless something else is said.
static VALUE: Lazy<String> = Lazy::new(String::new);

fn is_cell<
    T: Clone + Debug + Default + Eq + From<String> + Send + Sync + UnwindSafe + RefUnwindSafe,
>() {
}
fn is_value<
    T: Debug + Default + DerefMut<Target = String> + Send + Sync + UnwindSafe + RefUnwindSafe,
>() {
}

/// What a cell borrows may be dropped before it.
fn borrows() {
    let (cell, text);
    text = String::from("borrowed");
    cell = OnceCell::new();
    let _: Result<(), &str> = cell.set(text.as_str());
    let lazy;
    let inner = 1;
    lazy = Lazy::new(|| &inner);
    assert_eq!(**lazy, 1);
}

pub fn check() {
    is_cell::<Cell>();
    is_value::<Value>();
    borrows();
    let _: fn(&Cell) -> Option<&String> = OnceCell::get;
    let _: fn(&Cell) -> &String = OnceCell::wait;
    let _: fn(&mut Cell) -> Option<&mut String> = OnceCell::get_mut;
    let _: unsafe fn(&Cell) -> &String = OnceCell::get_unchecked;
    let _: fn(&Cell, String) -> Result<(), String> = OnceCell::set;
    let _: fn(&Cell, String) -> Result<&String, (&String, String)> = OnceCell::try_insert;
    let _: fn(&Cell, fn() -> String) -> &String = OnceCell::get_or_init;
    let _: fn(&Cell, fn() -> Result<String, u8>) -> Result<&String, u8> = OnceCell::get_or_try_init;
    let _: fn(&mut Cell) -> Option<String> = OnceCell::take;
    let _: fn(Cell) -> Option<String> = OnceCell::into_inner;
    let _: fn(Value) -> Result<String, fn() -> String> = Lazy::into_value;
    let _: fn(&Value) -> &String = Lazy::force;
    let _: fn(&mut Value) -> &mut String = Lazy::force_mut;
    let _: fn(&Value) -> Option<&String> = Lazy::get;
    let _: fn(&mut Value) -> Option<&mut String> = Lazy::get_mut;
    assert_eq!(EMPTIES[0].get_or_init(|| String::from("first")), "first");
    // SAFETY: it was written in this thread.
    assert_eq!(unsafe { EMPTIES[0].get_unchecked() }, "first");
    assert!(EMPTIES[0] != EMPTIES[1] && FULL == OnceCell::from(1));
    assert!(VALUE.is_empty());
    let mut copy = EMPTY;
    copy.clone_from(&EMPTIES[0]);
    assert_eq!(copy.get_mut().map(|text| text.len()), Some(5));
}
