//! The start of a watchdog by the program, over the one of the environment.

use super::builder::Builder;
use super::environment;
use super::error::Error;
use super::handle::Watchdog;

impl Builder {
    /// Starts the watchdog. It ends when the result is dropped.
    ///
    /// A watchdog that the environment variable has started is replaced.
    ///
    /// # Errors
    ///
    /// If a limit is out of range, a file cannot be written, the program handles the signal itself,
    /// another watchdog runs already, or the system cannot start a thread. The error says which;
    /// nothing was started then.
    pub fn spawn(self) -> Result<Watchdog, Error> {
        let builder = environment::put_over(self);
        environment::give_way();
        builder.start()
    }
}
