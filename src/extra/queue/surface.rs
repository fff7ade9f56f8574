//! The interface that the three queues have in common, written once.

/// Declares a queue: its name, what it asks of its items, and the store that it keeps them in.
macro_rules! queue {
    (
        $(#[$meta:meta])*
        $name:ident<T $(: $bound:ident)?> in $store:ident = $empty:expr, $turn:ty = $first:expr
    ) => {
        $(#[$meta])*
        pub struct $name<T> {
            core: $crate::queue::core::Core<$crate::queue::store::$store<T>, $turn>,
        }

        impl<T $(: $bound)?> $name<T> {
            const KIND: $crate::instrument::LockKind =
                $crate::instrument::LockKind::new(stringify!($name));

            /// An empty queue that always has room.
            ///
            /// Its class, by which reports speak of it, is the place of the call.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("use lockwarden::queue::", stringify!($name), ";")]
            ///
            #[doc = concat!("static JOBS: ", stringify!($name), "<u32> = ", stringify!($name), "::new();")]
            /// JOBS.put(1).unwrap();
            /// assert_eq!(JOBS.len(), 1);
            /// ```
            #[inline]
            #[must_use]
            #[track_caller]
            pub const fn new() -> Self {
                Self::with(usize::MAX, $crate::instrument::Resource::new(&Self::KIND))
            }

            /// An empty queue that has room for `capacity` items.
            ///
            /// A capacity of zero counts as one. With room for nothing no item could ever be put;
            /// to hand items over from thread to thread is what a channel without a buffer is for.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("use lockwarden::queue::", stringify!($name), ";")]
            ///
            #[doc = concat!("let queue = ", stringify!($name), "::bounded(2);")]
            /// queue.put(1).unwrap();
            /// queue.put(2).unwrap();
            /// assert!(queue.is_full());
            #[doc = concat!("assert_eq!(", stringify!($name), "::<u8>::bounded(0).capacity(), Some(1));")]
            /// ```
            #[inline]
            #[must_use]
            #[track_caller]
            pub const fn bounded(capacity: usize) -> Self {
                Self::with(capacity, $crate::instrument::Resource::new(&Self::KIND))
            }

            /// An empty queue that always has room, whose class is `name`.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("use lockwarden::queue::", stringify!($name), ";")]
            ///
            #[doc = concat!("static JOBS: ", stringify!($name), "<u32> = ", stringify!($name), "::named(\"jobs\");")]
            /// assert_eq!(JOBS.capacity(), None);
            /// ```
            #[inline]
            #[must_use]
            #[track_caller]
            pub const fn named(name: &'static str) -> Self {
                Self::with(
                    usize::MAX,
                    $crate::instrument::Resource::named(&Self::KIND, name),
                )
            }

            /// An empty queue that has room for `capacity` items, as with
            /// [`bounded`](Self::bounded), and whose class is `name`.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("use lockwarden::queue::", stringify!($name), ";")]
            ///
            #[doc = concat!("static JOBS: ", stringify!($name), "<u32> = ", stringify!($name), "::bounded_named(\"jobs\", 8);")]
            /// assert_eq!(JOBS.capacity(), Some(8));
            /// ```
            #[inline]
            #[must_use]
            #[track_caller]
            pub const fn bounded_named(name: &'static str, capacity: usize) -> Self {
                Self::with(
                    capacity,
                    $crate::instrument::Resource::named(&Self::KIND, name),
                )
            }

            #[track_caller]
            const fn with(capacity: usize, record: $crate::instrument::Resource) -> Self {
                Self {
                    core: $crate::queue::core::Core::new($empty, $first, capacity, record),
                }
            }

            /// Names this one instance in reports, beside the name of its class.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("use lockwarden::queue::", stringify!($name), ";")]
            ///
            #[doc = concat!("let queue = ", stringify!($name), "::<u8>::named(\"inbox\");")]
            /// queue.set_label("inbox of 17");
            /// ```
            pub fn set_label(&self, label: impl AsRef<str>) {
                self.core.record().set_label(label.as_ref());
            }

            /// Puts an item, waiting for room if there is none.
            ///
            /// What the calling thread did before comes before what the thread does next that gets
            /// the item.
            ///
            /// # Errors
            ///
            /// If the queue is shut down, before or during the wait. The item comes back.
            ///
            /// # Panics
            ///
            /// If the wait closes a deadlock, as the configuration says. The item is then lost.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("use lockwarden::queue::", stringify!($name), ";")]
            ///
            #[doc = concat!("let queue = ", stringify!($name), "::new();")]
            /// queue.put("item").unwrap();
            /// assert_eq!(queue.get(), Ok("item"));
            /// ```
            #[track_caller]
            pub fn put(&self, item: T) -> Result<(), $crate::queue::PutError<T>> {
                self.core.put(item, std::panic::Location::caller())
            }

            /// Puts an item if there is room.
            ///
            /// # Errors
            ///
            /// If there is no room, or the queue is shut down. The item comes back.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("use lockwarden::queue::{", stringify!($name), ", TryPutError};")]
            ///
            #[doc = concat!("let queue = ", stringify!($name), "::bounded(1);")]
            /// assert_eq!(queue.try_put(1), Ok(()));
            /// assert_eq!(queue.try_put(2), Err(TryPutError::Full(2)));
            /// ```
            #[track_caller]
            pub fn try_put(&self, item: T) -> Result<(), $crate::queue::TryPutError<T>> {
                self.core.try_put(item, std::panic::Location::caller())
            }

            /// Puts an item, waiting for room for at most `timeout`.
            ///
            /// # Errors
            ///
            /// If there was no room in that time, or the queue is shut down. The item comes back.
            ///
            /// # Examples
            ///
            /// ```
            /// use std::time::Duration;
            #[doc = concat!("use lockwarden::queue::{PutTimeoutError, ", stringify!($name), "};")]
            ///
            #[doc = concat!("let queue = ", stringify!($name), "::bounded(1);")]
            /// let limit = Duration::from_millis(1);
            /// assert_eq!(queue.put_timeout(1, limit), Ok(()));
            /// assert_eq!(queue.put_timeout(2, limit), Err(PutTimeoutError::Full(2)));
            /// ```
            #[track_caller]
            pub fn put_timeout(
                &self,
                item: T,
                timeout: std::time::Duration,
            ) -> Result<(), $crate::queue::PutTimeoutError<T>> {
                self.core
                    .put_timeout(item, timeout, std::panic::Location::caller())
            }

            /// Gets the next item, waiting for one if there is none.
            ///
            /// What was done before it was put comes before what the calling thread does next.
            ///
            /// # Errors
            ///
            /// If the queue is shut down and nothing is left in it, before or during the wait.
            ///
            /// # Panics
            ///
            /// If the wait closes a deadlock, as the configuration says.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("use lockwarden::queue::{GetError, ", stringify!($name), ", Shutdown};")]
            ///
            #[doc = concat!("let queue = ", stringify!($name), "::new();")]
            /// queue.put("item").unwrap();
            /// queue.shutdown(Shutdown::Graceful);
            /// assert_eq!(queue.get(), Ok("item"));
            /// assert_eq!(queue.get(), Err(GetError));
            /// ```
            #[track_caller]
            pub fn get(&self) -> Result<T, $crate::queue::GetError> {
                self.core.get(
                    $crate::instrument::WaitReason::Item,
                    std::panic::Location::caller(),
                )
            }

            /// Gets the next item if there is one.
            ///
            /// # Errors
            ///
            /// If there is none, or, since the queue is shut down, there will be none.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("use lockwarden::queue::{", stringify!($name), ", TryGetError};")]
            ///
            #[doc = concat!("let queue = ", stringify!($name), "::new();")]
            /// queue.put(1).unwrap();
            /// assert_eq!(queue.try_get(), Ok(1));
            /// assert_eq!(queue.try_get(), Err(TryGetError::Empty));
            /// ```
            #[track_caller]
            pub fn try_get(&self) -> Result<T, $crate::queue::TryGetError> {
                self.core.try_get(std::panic::Location::caller())
            }

            /// Gets the next item, waiting for one for at most `timeout`.
            ///
            /// # Errors
            ///
            /// If there was none in that time, or, since the queue is shut down, there will be
            /// none.
            ///
            /// # Examples
            ///
            /// ```
            /// use std::time::Duration;
            #[doc = concat!("use lockwarden::queue::{GetTimeoutError, ", stringify!($name), "};")]
            ///
            #[doc = concat!("let queue = ", stringify!($name), "::new();")]
            /// queue.put(1).unwrap();
            /// let limit = Duration::from_millis(1);
            /// assert_eq!(queue.get_timeout(limit), Ok(1));
            /// assert_eq!(queue.get_timeout(limit), Err(GetTimeoutError::Empty));
            /// ```
            #[track_caller]
            pub fn get_timeout(
                &self,
                timeout: std::time::Duration,
            ) -> Result<T, $crate::queue::GetTimeoutError> {
                self.core
                    .get_timeout(timeout, std::panic::Location::caller())
            }

            /// Marks an item that was got as done, for those who [`join`](Self::join).
            ///
            /// # Errors
            ///
            /// If every item that was got is marked already: this call is one too many.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("use lockwarden::queue::{", stringify!($name), ", TooManyDone};")]
            ///
            #[doc = concat!("let queue = ", stringify!($name), "::new();")]
            /// queue.put(1).unwrap();
            /// queue.get().unwrap();
            /// assert_eq!(queue.task_done(), Ok(()));
            /// assert_eq!(queue.task_done(), Err(TooManyDone));
            /// ```
            pub fn task_done(&self) -> Result<(), $crate::queue::TooManyDone> {
                self.core.task_done()
            }

            /// Waits until every item that was put is got and marked as done.
            ///
            /// What was done before each [`task_done`](Self::task_done) comes before what the
            /// calling thread does next.
            ///
            /// # Panics
            ///
            /// If the wait closes a deadlock, as the configuration says.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("use lockwarden::queue::{", stringify!($name), ", Shutdown};")]
            /// use lockwarden::thread;
            ///
            #[doc = concat!("let queue = ", stringify!($name), "::new();")]
            /// thread::scope(|scope| {
            ///     scope.spawn(|| {
            ///         while let Ok(_task) = queue.get() {
            ///             queue.task_done().unwrap();
            ///         }
            ///     });
            ///     for task in 0..3 {
            ///         queue.put(task).unwrap();
            ///     }
            ///     queue.join();
            ///     queue.shutdown(Shutdown::Graceful);
            /// });
            /// ```
            #[track_caller]
            pub fn join(&self) {
                self.core.join(std::panic::Location::caller());
            }

            /// Waits like [`join`](Self::join), for at most `timeout`.
            ///
            /// # Errors
            ///
            /// If some items were not done in that time. The error says how many.
            ///
            /// # Examples
            ///
            /// ```
            /// use std::time::Duration;
            #[doc = concat!("use lockwarden::queue::", stringify!($name), ";")]
            ///
            #[doc = concat!("let queue = ", stringify!($name), "::new();")]
            /// queue.put(1).unwrap();
            /// let gave_up = queue.join_timeout(Duration::from_millis(1));
            /// assert_eq!(gave_up.unwrap_err().count, 1);
            /// ```
            #[track_caller]
            pub fn join_timeout(
                &self,
                timeout: std::time::Duration,
            ) -> Result<(), $crate::queue::Unfinished> {
                self.core
                    .join_timeout(timeout, std::panic::Location::caller())
            }

            /// Takes no more items in, and wakes all who wait for room.
            ///
            /// What becomes of the items that are in it, [`Shutdown`](crate::extra::queue::Shutdown)
            /// says; those who wait for an item are told when none is left. A second shutdown may
            /// be sharper than the first, and does nothing otherwise. What was done before the
            /// first one comes before what those do next who are turned away.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("use lockwarden::queue::{", stringify!($name), ", Shutdown};")]
            ///
            #[doc = concat!("let queue = ", stringify!($name), "::new();")]
            /// queue.put(1).unwrap();
            /// queue.shutdown(Shutdown::Immediate);
            /// assert!(queue.put(2).is_err() && queue.get().is_err());
            /// queue.join(); // The item that was dropped counts as done.
            /// ```
            #[track_caller]
            pub fn shutdown(&self, how: $crate::queue::Shutdown) {
                self.core.shutdown(how, std::panic::Location::caller());
            }

            /// Whether [`shutdown`](Self::shutdown) was called. Orders nothing.
            #[must_use]
            pub fn is_shut_down(&self) -> bool {
                self.core.is_shut_down()
            }

            /// How many items are in it at the moment.
            #[must_use]
            pub fn len(&self) -> usize {
                self.core.len()
            }

            /// Whether nothing is in it at the moment.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// Whether it has no room at the moment.
            #[must_use]
            pub fn is_full(&self) -> bool {
                self.core.is_full()
            }

            /// How many items it has room for; `None` if it always has room.
            #[must_use]
            pub fn capacity(&self) -> Option<usize> {
                self.core.capacity()
            }
        }

        impl<T $(: $bound)?> Default for $name<T> {
            #[track_caller]
            fn default() -> Self {
                Self::new()
            }
        }

        impl<T $(: $bound)?> std::fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("len", &self.len())
                    .field("capacity", &self.capacity())
                    .finish_non_exhaustive()
            }
        }
    };
}

pub(super) use queue;
