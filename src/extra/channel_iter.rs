//! Iterators over the messages of a channel, that of `sync::mpsc` as well as that of `channel`.

/// Defines the iterators over the messages of a `Receiver`, which has `recv_at` and `try_recv`. `$channel` makes a
/// channel, for the examples.
macro_rules! channel_iterators {
    ($channel:literal) => {
        impl<T> Receiver<T> {
            /// Returns an iterator that waits for each message, and ends when all senders are dropped.
            #[track_caller]
            pub fn iter(&self) -> Iter<'_, T> {
                Iter {
                    rx: self,
                    site: Location::caller(),
                }
            }

            /// Returns an iterator over the available messages. Never waits.
            pub fn try_iter(&self) -> TryIter<'_, T> {
                TryIter { rx: self }
            }
        }

        impl<'a, T> IntoIterator for &'a Receiver<T> {
            type Item = T;
            type IntoIter = Iter<'a, T>;

            #[track_caller]
            fn into_iter(self) -> Iter<'a, T> {
                self.iter()
            }
        }

        impl<T> IntoIterator for Receiver<T> {
            type Item = T;
            type IntoIter = IntoIter<T>;

            #[track_caller]
            fn into_iter(self) -> IntoIter<T> {
                IntoIter {
                    rx: self,
                    site: Location::caller(),
                }
            }
        }

        /// Iterator that waits for each message. Returned by [`Receiver::iter`].
        ///
        /// # Examples
        ///
        /// ```
        #[doc = concat!("let (sender, receiver) = lockwarden::", $channel, ";")]
        /// sender.send(1).unwrap();
        /// drop(sender);
        /// let mut iter = receiver.iter();
        /// assert_eq!((iter.next(), iter.next()), (Some(1), None));
        /// ```
        pub struct Iter<'a, T> {
            rx: &'a Receiver<T>,
            /// The line at which the iterator was created, since `next` may be called by code outside the
            /// program.
            site: Site,
        }

        impl<T> Iterator for Iter<'_, T> {
            type Item = T;

            fn next(&mut self) -> Option<T> {
                self.rx.recv_at(self.site).ok()
            }
        }

        /// Iterator over the available messages. Returned by [`Receiver::try_iter`].
        ///
        /// # Examples
        ///
        /// ```
        #[doc = concat!("let (sender, receiver) = lockwarden::", $channel, ";")]
        /// sender.send(1).unwrap();
        /// let mut iter = receiver.try_iter();
        /// assert_eq!((iter.next(), iter.next()), (Some(1), None));
        /// ```
        pub struct TryIter<'a, T> {
            rx: &'a Receiver<T>,
        }

        impl<T> Iterator for TryIter<'_, T> {
            type Item = T;

            fn next(&mut self) -> Option<T> {
                self.rx.try_recv().ok()
            }
        }

        /// Iterator that owns the receiver and waits for each message. Returned by its `into_iter`.
        ///
        /// # Examples
        ///
        /// ```
        #[doc = concat!("let (sender, receiver) = lockwarden::", $channel, ";")]
        /// sender.send(1).unwrap();
        /// drop(sender);
        /// let mut iter = receiver.into_iter();
        /// assert_eq!((iter.next(), iter.next()), (Some(1), None));
        /// ```
        pub struct IntoIter<T> {
            rx: Receiver<T>,
            site: Site,
        }

        impl<T> Iterator for IntoIter<T> {
            type Item = T;

            fn next(&mut self) -> Option<T> {
                self.rx.recv_at(self.site).ok()
            }
        }
    };
}
pub(crate) use channel_iterators;
