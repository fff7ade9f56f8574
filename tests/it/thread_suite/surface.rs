//! The names and signatures, demanded of both flavours by the same lines.

#![allow(unsafe_code)]

use std::fmt::Debug;
use std::io;
use std::num::NonZero;
use std::time::Duration;

use super::thread;
use super::thread::{
    AccessError, Builder, JoinHandle, LocalKey, Result, Scope, ScopedJoinHandle, Thread, ThreadId,
};

type S = &'static str;
type Body = fn() -> S;

#[test]
fn the_signatures_are_those_of_std() {
    const _: fn(Body) -> JoinHandle<S> = thread::spawn;
    const _: fn(JoinHandle<S>) -> Result<S> = JoinHandle::join;
    const _: fn(&JoinHandle<S>) -> &Thread = JoinHandle::thread;
    const _: fn(&JoinHandle<S>) -> bool = JoinHandle::is_finished;

    const _: fn() -> Builder = Builder::new;
    const _: fn(Builder, String) -> Builder = Builder::name;
    const _: fn(Builder, usize) -> Builder = Builder::stack_size;
    const _: fn(Builder, Body) -> io::Result<JoinHandle<S>> = Builder::spawn;
    const _: unsafe fn(Builder, Body) -> io::Result<JoinHandle<S>> = Builder::spawn_unchecked;

    const _: fn(ScopedJoinHandle<'static, S>) -> Result<S> = ScopedJoinHandle::join;
    const _: for<'a> fn(&'a ScopedJoinHandle<'static, S>) -> &'a Thread = ScopedJoinHandle::thread;
    const _: fn(&ScopedJoinHandle<'static, S>) -> bool = ScopedJoinHandle::is_finished;

    const _: fn() -> io::Result<NonZero<usize>> = thread::available_parallelism;
    const _: fn() -> Thread = thread::current;
    const _: fn() -> bool = thread::panicking;
    const _: fn() = thread::park;
    const _: fn(Duration) = thread::park_timeout;
    const _: fn(Duration) = thread::sleep;
    const _: fn() = thread::yield_now;
    #[expect(deprecated)]
    const _: [fn(u32); 2] = [thread::sleep_ms, thread::park_timeout_ms];
}

/// Functions that name the lifetimes of a scope in the ways in which programs do.
#[allow(dead_code)]
mod lifetimes {
    use super::*;

    fn starts<'scope, 'env>(
        scope: &'scope Scope<'scope, 'env>,
        words: &'env [String],
    ) -> ScopedJoinHandle<'scope, &'env str> {
        scope.spawn(move || words[0].as_str())
    }

    fn elided<'scope>(scope: &'scope Scope<'scope, '_>) -> ScopedJoinHandle<'scope, ()> {
        Builder::new().spawn_scoped(scope, || ()).unwrap()
    }

    struct Pool<'scope, 'env> {
        scope: &'scope Scope<'scope, 'env>,
        threads: Vec<ScopedJoinHandle<'scope, usize>>,
    }

    impl<'scope, 'env: 'scope> Pool<'scope, 'env> {
        fn start(&mut self, words: &'scope [String]) {
            self.threads.push(self.scope.spawn(|| words.len()));
        }
    }

    fn generic<'env, T: Send>(f: impl for<'s> FnOnce(&'s Scope<'s, 'env>) -> T) -> T {
        thread::scope(f)
    }

    #[test]
    fn programs_may_name_them() {
        let words = vec!["a".to_owned()];
        let first = thread::scope(|s| starts(s, &words).join().unwrap());
        assert_eq!(first, "a");
        let total: usize = thread::scope(|scope| {
            let threads = Vec::new();
            let mut pool = Pool { scope, threads };
            pool.start(&words);
            pool.start(&words);
            pool.threads.into_iter().map(|t| t.join().unwrap()).sum()
        });
        assert_eq!(total, 2);
        assert_eq!(generic(|s| s.spawn(|| words.len()).join().unwrap()), 1);
    }
}

#[test]
fn a_builder_sets_the_name_and_the_stack() {
    let builder = Builder::new().name("named".to_owned()).stack_size(1 << 20);
    let body = || {
        let big = std::hint::black_box([1_u8; 1 << 18]);
        (thread::current().name().map(str::to_owned), big.len())
    };
    let handle = builder.spawn(body).unwrap();
    assert_eq!(handle.thread().name(), Some("named"));
    let id: ThreadId = handle.thread().id();
    assert_ne!(id, thread::current().id());
    assert_eq!(handle.join().unwrap(), (Some("named".to_owned()), 1 << 18));
}

#[test]
fn a_thread_that_is_joined_in_time_may_borrow_on_our_word() {
    let mut numbers = vec![1, 2];
    let body = || numbers.push(3);
    // SAFETY: the thread is joined while `numbers` is there.
    let handle = unsafe { Builder::new().spawn_unchecked(body) }.unwrap();
    handle.join().unwrap();
    assert_eq!(numbers, [1, 2, 3]);
}

#[test]
fn a_thread_that_cannot_be_started_is_an_error() {
    // More than the addresses of a process, but not so much that the C library refuses it.
    let size = match cfg!(target_pointer_width = "64") {
        true => usize::MAX >> 9,
        false => 0xf000_0000,
    };
    let builder = || Builder::new().stack_size(size);
    assert!(builder().spawn(|| ()).is_err());
    thread::scope(|s| assert!(builder().spawn_scoped(s, || ()).is_err()));
}

#[test]
fn thread_locals_are_those_of_std() {
    thread_local!(static NUMBER: u8 = const { 7 });
    let key: &'static LocalKey<u8> = &NUMBER;
    let read: std::result::Result<u8, AccessError> = key.try_with(|n| *n);
    assert_eq!(read.unwrap(), 7);
}

#[test]
fn a_parked_thread_is_unparked_through_its_handle() {
    let handle = thread::spawn(thread::park);
    handle.thread().unpark();
    handle.join().unwrap();
}

#[cfg(unix)]
#[test]
fn a_handle_gives_the_thread_of_the_system() {
    use std::os::unix::thread::JoinHandleExt;
    let handle = thread::spawn(|| ());
    let same = handle.as_pthread_t();
    let thread = handle.into_pthread_t();
    assert_eq!(thread, same);
    // SAFETY: the handle was given up, so that no other thread waits for the thread.
    let result = unsafe { libc::pthread_join(thread as usize as _, std::ptr::null_mut()) };
    assert_eq!(result, 0);
}

#[test]
fn handles_print() {
    fn prints(of: &dyn Debug) -> String {
        format!("{of:?}")
    }
    let handle = thread::spawn(|| ());
    assert_eq!(prints(&handle), "JoinHandle { .. }");
    handle.join().unwrap();
    thread::scope(|s| {
        assert!(prints(s).starts_with("Scope { "));
        assert_eq!(prints(&s.spawn(|| ())), "ScopedJoinHandle { .. }");
    });
    let builder = prints(&Builder::new().name("n".to_owned()));
    assert!(
        builder.starts_with("Builder { name: Some(\"n\")"),
        "{builder}"
    );
}
