//! Error of a callback that panicked.

use std::any::Any;
use std::error::Error;
use std::fmt;

use crate::extra::panic_message::panic_message;

/// Panic of a timer's callback. Returned by [`Timer::join`](super::Timer::join) and
/// [`Periodic::stop`](super::Periodic::stop).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use lockwarden::timer::Timer;
///
/// let timer = Timer::after(Duration::ZERO, || std::panic::resume_unwind(Box::new("no")));
/// let panicked = timer.join().unwrap_err();
/// assert_eq!(panicked.message(), Some("no"));
/// ```
pub struct Panicked(Box<dyn Any + Send>);

impl Panicked {
    pub(super) fn new(payload: Box<dyn Any + Send>) -> Self {
        Self(payload)
    }

    /// Returns the message of the panic, if the payload is a string.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        panic_message(&*self.0)
    }

    /// Returns the payload of the panic, for [`resume_unwind`](std::panic::resume_unwind).
    #[must_use]
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.0
    }
}

impl fmt::Debug for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Panicked").field(&self.message()).finish()
    }
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the callback of the timer panicked")?;
        match self.message() {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}

impl Error for Panicked {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_displays_the_message_of_the_panic() {
        let said = Panicked::new(Box::new("text"));
        assert_eq!(said.to_string(), "the callback of the timer panicked: text");
        assert_eq!(format!("{said:?}"), "Panicked(Some(\"text\"))");
        let formatted = Panicked::new(Box::new(String::from("number 7")));
        assert_eq!(formatted.message(), Some("number 7"));
        let other = Panicked::new(Box::new(7_u8));
        assert_eq!(other.to_string(), "the callback of the timer panicked");
        assert_eq!(other.into_payload().downcast_ref(), Some(&7_u8));
    }
}
