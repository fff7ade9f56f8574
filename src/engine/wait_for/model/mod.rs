//! A model of threads that hold and wait for things, against which the reduction is held.
//!
//! Systems of up to six threads and five things are drawn ([`draw`]). From each all moves of all
//! threads are followed ([`moves`]): one that runs may do anything that it is able to, one that
//! waits goes on when it gets what it waits for. So it is known which of them can ever go on. The
//! reduction sees the first moment alone, in the words of the rule ([`needs`]).

mod compare;
mod draw;
mod moves;
mod needs;
mod system;
