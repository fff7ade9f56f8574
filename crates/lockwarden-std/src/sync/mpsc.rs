//! [`std::sync::mpsc`](bare::sync::mpsc), with watched channels.

#[doc(no_inline)]
pub use bare::sync::mpsc::*;
#[doc(no_inline)]
pub use lockwarden::sync::mpsc::{
    IntoIter, Iter, Receiver, Sender, SyncSender, TryIter, channel, sync_channel,
};
