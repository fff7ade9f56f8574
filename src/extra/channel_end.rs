//! What all ends of channels do, those of `sync::mpsc` as well as those of `channel`.

/// Defines the label and the drop of an end with the field `ends`. The parameters are the type, the call that makes
/// a channel, the name of the variable for this end, and the record of its drop; the first two names are for an
/// example.
macro_rules! channel_end {
    ($End:ident, $channel:literal, $end:literal, $drop:ident) => {
        impl<T> $End<T> {
            /// Sets a label for this channel, which reports show beside the name of its class.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("let (sender, receiver) = lockwarden::", $channel, ";")]
            #[doc = concat!($end, ".set_label(\"jobs of worker 3\");")]
            /// sender.send(1).unwrap();
            /// # assert_eq!(receiver.recv(), Ok(1));
            /// ```
            pub fn set_label(&self, label: impl AsRef<str>) {
                self.ends.record().set_label(label.as_ref());
            }
        }

        impl<T> Drop for $End<T> {
            // Records the drop before the inner end is dropped, since that may wake the threads at the other
            // ends. The `Endpoint` field then records, after the inner drop, that a waiter may continue.
            fn drop(&mut self) {
                self.ends.$drop();
            }
        }
    };
}
pub(crate) use channel_end;
