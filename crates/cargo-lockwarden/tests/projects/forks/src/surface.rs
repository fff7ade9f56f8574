//! The signatures of rayon's forks, as a program may rely on them.

use std::io;
use std::sync::Arc;

use rayon::{BroadcastContext, FnContext, Scope, ScopeFifo, ThreadPool, ThreadPoolBuilder};

fn spawns(scope: &Scope<'static>) {
    scope.spawn(|inner: &Scope<'_>| inner.spawn(|_| ()));
    scope.spawn_broadcast(|_: &Scope<'_>, context: BroadcastContext<'_>| {
        assert!(context.index() < context.num_threads())
    });
}

fn is_shared<T: Send + Sync>() {}

struct Owner<'scope> {
    pool: Arc<ThreadPool>,
    scope: Option<&'scope ScopeFifo<'scope>>,
}

/// Keeps a builder in a value, whatever starts its threads.
fn built(builder: ThreadPoolBuilder) -> ThreadPool {
    builder
        .thread_name(|at| format!("pool-{at}"))
        .stack_size(1 << 20)
        .start_handler(|_| ())
        .exit_handler(|_| ())
        .panic_handler(|_| ())
        .spawn_handler(|thread| -> io::Result<()> {
            let mut builder = std::thread::Builder::new();
            if let Some(name) = thread.name() {
                builder = builder.name(name.to_owned());
            }
            builder.spawn(|| thread.run())?;
            Ok(())
        })
        .build()
        .unwrap()
}

pub fn check() {
    is_shared::<Scope<'static>>();
    is_shared::<ScopeFifo<'static>>();
    is_shared::<ThreadPool>();
    let _: fn(&Scope<'static>) = spawns;
    let owner = Owner {
        pool: Arc::new(built(ThreadPoolBuilder::default().num_threads(2))),
        scope: None,
    };
    assert!(owner.scope.is_none());
    let pool = &owner.pool;
    assert_eq!(pool.current_num_threads(), 2);
    assert!(format!("{pool:?}").starts_with("ThreadPool"));
    let mut name = None;
    pool.scope_fifo(|scope| {
        scope.spawn_fifo(|_| name = std::thread::current().name().map(str::to_owned))
    });
    assert!(name.unwrap().starts_with("pool-"));
    // From outside of a pool both jobs run in other threads than the caller's.
    let moved = |context: FnContext| context.migrated();
    assert_eq!(rayon::join_context(moved, moved), (true, true));
    let two = pool.broadcast(|context| context.index());
    assert_eq!(two, [0, 1]);
    let mut numbers = [1, 2];
    pool.in_place_scope(|scope| {
        for number in &mut numbers {
            scope.spawn(move |_| *number *= 2);
        }
    });
    assert_eq!(numbers, [2, 4]);
}
