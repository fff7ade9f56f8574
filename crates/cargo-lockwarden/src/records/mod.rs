//! Records of lock orders over many processes: merging, checking, explaining, drawing.

mod accept;
mod baseline;
mod check;
mod commands;
mod draw;
mod explain;
mod merged;
mod names;
mod naming;
mod orders;
mod outputs;
mod page;
mod read;
mod row;
mod sql;
mod text;
mod times;
mod top;
mod trace;

pub(crate) use self::commands::Command;
