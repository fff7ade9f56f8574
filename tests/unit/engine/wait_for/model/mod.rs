//! A model of threads that hold and wait for resources, with which the reduction is compared.
//!
//! Random systems have up to six threads and five resources ([`draw`]). From each, all moves of all threads
//! are explored ([`moves`]): a running thread may do anything that it is able to do, a waiting one continues
//! when its wait is satisfied. So it is known which threads can ever continue. The reduction gets the initial
//! state alone, as waits ([`needs`]).

mod compare;
mod draw;
mod moves;
mod needs;
mod system;
