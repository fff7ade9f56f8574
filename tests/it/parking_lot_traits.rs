//! What the compiler knows of the types: threads, sizes, coercions, formatting.

use std::cell::Cell;
use std::fmt::{Debug, Display};
use std::marker::PhantomData;
use std::rc::Rc;

use lockwarden::parking_lot::*;

/// Whether a type has a marker trait, without a bound that would fail to compile.
macro_rules! has {
    ($Trait:ident, $Type:ty) => {{
        // Whichever of the two constants is chosen, the other is dead.
        #[allow(dead_code)]
        trait Otherwise {
            const HAS: bool = false;
        }
        impl<T: ?Sized> Otherwise for T {}
        struct Probe<T: ?Sized>(PhantomData<T>);
        #[allow(dead_code)]
        impl<T: ?Sized + $Trait> Probe<T> {
            const HAS: bool = true;
        }
        <Probe<$Type>>::HAS
    }};
}

macro_rules! assert_has {
    ($expected:expr, $Trait:ident: $($Type:ty),* $(,)?) => {
        $(assert_eq!(has!($Trait, $Type), $expected, stringify!($Trait: $Type));)*
    };
}

type Local = Rc<()>;

#[test]
fn a_lock_is_shared_if_its_data_may_move() {
    assert_has!(true, Send:
        Mutex<Cell<u8>>, FairMutex<Cell<u8>>, ReentrantMutex<Cell<u8>>,
        RwLock<Cell<u8>>, RecursiveRwLock<Cell<u8>>, Condvar,
    );
    assert_has!(true, Sync:
        Mutex<Cell<u8>>, FairMutex<Cell<u8>>, ReentrantMutex<Cell<u8>>,
        RwLock<u8>, RecursiveRwLock<u8>, Condvar,
    );
    assert_has!(false, Send:
        Mutex<Local>, FairMutex<Local>, ReentrantMutex<Local>, RwLock<Local>, RecursiveRwLock<Local>,
    );
    assert_has!(false, Sync:
        Mutex<Local>, FairMutex<Local>, ReentrantMutex<Local>,
        RwLock<Cell<u8>>, RecursiveRwLock<Cell<u8>>, RwLock<Local>, RecursiveRwLock<Local>,
    );
}

#[test]
fn a_guard_moves_to_another_thread_with_the_feature_alone() {
    assert_has!(cfg!(feature = "send_guard"), Send:
        MutexGuard<'static, u8>, MappedMutexGuard<'static, u8>,
        FairMutexGuard<'static, u8>, MappedFairMutexGuard<'static, u8>,
        RwLockReadGuard<'static, u8>, MappedRwLockReadGuard<'static, u8>,
        RwLockWriteGuard<'static, u8>, MappedRwLockWriteGuard<'static, u8>,
        RwLockUpgradableReadGuard<'static, u8>,
        RecursiveRwLockReadGuard<'static, u8>, MappedRecursiveRwLockReadGuard<'static, u8>,
        RecursiveRwLockWriteGuard<'static, u8>, MappedRecursiveRwLockWriteGuard<'static, u8>,
        RecursiveRwLockUpgradableReadGuard<'static, u8>,
    );
    assert_has!(false, Send:
        ReentrantMutexGuard<'static, u8>, MappedReentrantMutexGuard<'static, u8>,
        MutexGuard<'static, Local>, RwLockReadGuard<'static, Local>,
        RwLockWriteGuard<'static, Local>,
    );
}

#[test]
fn a_guard_is_shared_if_its_data_is() {
    assert_has!(true, Sync:
        MutexGuard<'static, u8>, MappedMutexGuard<'static, u8>, FairMutexGuard<'static, u8>,
        RwLockReadGuard<'static, u8>, RwLockWriteGuard<'static, u8>,
        RwLockUpgradableReadGuard<'static, u8>, ReentrantMutexGuard<'static, u8>,
    );
    assert_has!(false, Sync:
        MutexGuard<'static, Cell<u8>>, FairMutexGuard<'static, Cell<u8>>,
        RwLockWriteGuard<'static, Cell<u8>>, ReentrantMutexGuard<'static, Cell<u8>>,
    );
}

#[test]
fn without_instrumentation_a_lock_has_the_size_of_the_original() {
    use std::mem::size_of;

    if size_of::<lockwarden::instrument::Lock>() != 0 {
        return;
    }
    assert_eq!(size_of::<Mutex<u8>>(), size_of::<parking_lot::Mutex<u8>>());
    assert_eq!(
        size_of::<FairMutex<u8>>(),
        size_of::<parking_lot::FairMutex<u8>>()
    );
    assert_eq!(
        size_of::<RwLock<u8>>(),
        size_of::<parking_lot::RwLock<u8>>()
    );
    assert_eq!(
        size_of::<ReentrantMutex<u8>>(),
        size_of::<parking_lot::ReentrantMutex<u8>>()
    );
    assert_eq!(size_of::<Condvar>(), size_of::<parking_lot::Condvar>());
    assert_eq!(
        size_of::<MutexGuard<'_, u8>>(),
        size_of::<parking_lot::MutexGuard<'_, u8>>()
    );
}

#[test]
fn a_lock_of_something_sized_is_one_of_something_unsized() {
    let slice: Box<Mutex<[i32]>> = Box::new(Mutex::new([1, 2, 3]));
    slice.lock()[0] = 9;
    assert_eq!(*slice.lock(), [9, 2, 3]);
    assert!(std::ptr::eq(MutexGuard::mutex(&slice.lock()), &*slice));

    let object: &FairMutex<dyn Display> = &FairMutex::new(5);
    assert_eq!(object.lock().to_string(), "5");
    let object: &RwLock<dyn Display> = &RwLock::new(5);
    assert_eq!(object.read().to_string(), "5");
    let object: &RecursiveRwLock<dyn Display> = &RecursiveRwLock::new(5);
    assert_eq!(object.write().to_string(), "5");
    let object: Rc<ReentrantMutex<dyn Display>> = Rc::new(ReentrantMutex::new(5));
    assert_eq!(object.lock().to_string(), "5");
}

#[test]
fn locks_print_like_the_original() {
    fn same<A: Debug, B: Debug>(ours: A, original: B) {
        assert_eq!(format!("{ours:?}"), format!("{original:?}"));
        assert_eq!(format!("{ours:#?}"), format!("{original:#?}"));
    }

    same(Mutex::new(vec![1]), parking_lot::Mutex::new(vec![1]));
    same(FairMutex::new(1), parking_lot::FairMutex::new(1));
    same(ReentrantMutex::new(1), parking_lot::ReentrantMutex::new(1));
    same(RwLock::new("x"), parking_lot::RwLock::new("x"));
    same(
        RecursiveRwLock::new(1),
        parking_lot::RecursiveRwLock::new(1),
    );

    let (ours, original) = (Mutex::new(1), parking_lot::Mutex::new(1));
    let (our_guard, original_guard) = (ours.lock(), original.lock());
    same(&ours, &original);
    same(&our_guard, &original_guard);
    assert_eq!(format!("{ours:?}"), "Mutex { data: <locked> }");
    assert_eq!(format!("{our_guard:>4}"), "   1");
    assert_eq!(format!("{:>4}", RwLock::new(1).write()), "   1");
    assert_eq!(format!("{:>4}", ReentrantMutex::new(1).lock()), "   1");
}

#[test]
fn locks_are_made_from_their_data() {
    assert_eq!(Mutex::from(3).into_inner(), 3);
    assert_eq!(FairMutex::<u8>::default().into_inner(), 0);
    assert_eq!(ReentrantMutex::from("x").into_inner(), "x");
    assert_eq!(RwLock::<String>::default().into_inner(), "");
    let lock: RecursiveRwLock<u8> = 7.into();
    assert_eq!(lock.into_inner(), 7);
}

#[test]
fn a_once_runs_once() {
    let once = Once::new();
    once.call_once(|| ());
    once.call_once(|| unreachable!());
    assert_eq!(once.state(), OnceState::Done);
}

#[cfg(feature = "send_guard")]
#[test]
fn a_guard_is_released_by_another_thread() {
    let mutex = Mutex::new(1);
    let guard = mutex.lock();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut guard = guard;
            *guard += 1;
        });
    });
    assert_eq!(*mutex.lock(), 2);
}
