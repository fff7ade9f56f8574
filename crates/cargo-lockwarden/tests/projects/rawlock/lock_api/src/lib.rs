//! Stands for the crate of that name: the command compiles its own sources in place of these.

compile_error!("lock_api is to be replaced");
