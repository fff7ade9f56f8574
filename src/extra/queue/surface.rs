//! Common interface of the three queues.

/// Declares a queue: its name, the bounds on its items, and its store.
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
                $crate::instrument::LockKind::new(stringify!($name)).resource();

            /// Creates an empty unbounded queue.
            ///
            /// Its class, which reports name, is the construction site.
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

            /// Creates an empty queue with room for `capacity` items.
            ///
            /// A capacity of zero counts as one, since no item could be put into a queue without
            /// room; for a direct hand-over use a channel without a buffer.
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

            /// Creates an empty unbounded queue whose class is `name`.
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

            /// Creates an empty queue with room for `capacity` items, as [`bounded`](Self::bounded)
            /// does, whose class is `name`.
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

            /// Sets a label for this instance, which reports show beside the name of its class.
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

            /// Puts an item, and waits for room if there is none.
            ///
            /// What the calling thread did before happens before what the thread that gets the item
            /// does next.
            ///
            /// # Errors
            ///
            /// Returns an error with the item if the queue is shut down, before or during the wait.
            ///
            /// # Panics
            ///
            /// Panics if the wait completes a deadlock and the configuration answers that with a
            /// panic. The item is then lost.
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
            /// Returns an error with the item if there is no room, or the queue is shut down.
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

            /// Puts an item, and waits for room for at most `timeout`.
            ///
            /// # Errors
            ///
            /// Returns an error with the item if there was no room in that time, or the queue is
            /// shut down.
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

            /// Gets the next item, and waits for one if there is none.
            ///
            /// What preceded the put of the item happens before what the calling thread does next.
            ///
            /// # Errors
            ///
            /// Returns an error if the queue is shut down and empty, before or during the wait.
            ///
            /// # Panics
            ///
            /// Panics if the wait completes a deadlock and the configuration answers that with a
            /// panic.
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
            /// Returns an error if the queue is empty, or is shut down and empty.
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

            /// Gets the next item, and waits for one for at most `timeout`.
            ///
            /// # Errors
            ///
            /// Returns an error if there was no item in that time, or the queue is shut down and
            /// empty.
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

            /// Marks an item that was got as done, for [`join`](Self::join).
            ///
            /// # Errors
            ///
            /// Returns an error if every item that was got is already marked: this call is one too
            /// many.
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
            /// What preceded each [`task_done`](Self::task_done) happens before what the calling
            /// thread does next.
            ///
            /// # Panics
            ///
            /// Panics if the wait completes a deadlock and the configuration answers that with a
            /// panic.
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
            /// Returns an error with the number of unfinished items if not all were done in that
            /// time.
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

            /// Shuts the queue down: later puts fail, as do all that wait for room.
            ///
            /// [`Shutdown`](crate::extra::queue::Shutdown) determines the treatment of the items in
            /// the queue; a wait for an item fails when none is left. A second shutdown may change
            /// graceful to immediate, and does nothing otherwise. What preceded the first shutdown
            /// happens before what a thread does after a call that failed because of it.
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

            /// Returns whether [`shutdown`](Self::shutdown) was called. Establishes no order.
            #[must_use]
            pub fn is_shut_down(&self) -> bool {
                self.core.is_shut_down()
            }

            /// Returns the present number of items.
            #[must_use]
            pub fn len(&self) -> usize {
                self.core.len()
            }

            /// Returns whether the queue is empty at present.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// Returns whether the queue has no room at present.
            #[must_use]
            pub fn is_full(&self) -> bool {
                self.core.is_full()
            }

            /// Returns the number of items that the queue has room for; `None` if it is unbounded.
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
