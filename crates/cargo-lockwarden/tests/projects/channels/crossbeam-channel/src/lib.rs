//! Stands for the crate of that name: the command compiles its own source in place of this.

compile_error!("crossbeam-channel is to be replaced");
