//! `select!`: wait for one of several operations that are fixed in the source.
//!
//! The macro reads the branches one by one (`@read`, with `@body` for the part after the arrow).
//! Each branch gets its own names for its endpoint, its index and its result: the identifiers have
//! the same spelling in every step, but macro hygiene distinguishes them by the step that
//! introduced them. After the last branch, the endpoints are evaluated and bound (`@bind`), one
//! operation is selected (`@select`) and performed, and a body runs: that of the operation, or the
//! `@default`. The bodies are placed in the code of the caller, outside any loop or closure, so
//! that `break`, `continue`, `return` and `?` have their usual meaning in them.

/// Waits for one of several operations, and performs it.
///
/// The branches are `recv(receiver) -> result => body` and `send(sender, message) -> result =>
/// body`. There can be one `default => body`, which runs if no operation is possible at once, or
/// `default(timeout) => body`, which runs if none is possible in that time. If several are
/// possible, one is chosen at random; [`select_biased!`](crate::extra::channel::select_biased)
/// chooses the first.
///
/// A result is what [`Receiver::recv`](crate::extra::channel::Receiver::recv) or
/// [`Sender::send`](crate::extra::channel::Sender::send) would have returned. A message is evaluated only
/// when it is about to be sent.
///
/// # Panics
///
/// Panics in an instrumented build, if the wait would never end: see the
/// [module](crate::extra::channel#what-it-sees).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use lockwarden::channel::{bounded, select, unbounded};
///
/// let (requests, incoming) = unbounded();
/// let (outgoing, replies) = bounded(1);
/// requests.send(20).unwrap();
///
/// for _ in 0..2 {
///     select! {
///         recv(incoming) -> request => assert_eq!(request, Ok(20)),
///         send(outgoing, 10) -> sent => sent.unwrap(),
///         default(Duration::from_secs(60)) => panic!("neither can be done"),
///     }
/// }
/// let left = select! {
///     recv(incoming) -> request => request.ok(),
///     default => None,
/// };
/// assert_eq!((left, replies.recv()), (None, Ok(10)));
/// ```
///
/// Anything else is a compile error:
///
/// ```compile_fail
/// use lockwarden::channel::{select, unbounded};
///
/// let (_sender, receiver) = unbounded::<u8>();
/// select! {
///     recv(receiver) => (), // expected `->`
/// }
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __channel_select {
    ($($branches:tt)*) => {
        $crate::__channel_select_internal!(@start new $($branches)*)
    };
}

/// Waits for one of several operations, and performs it: the first in source order that is
/// possible.
///
/// See [`select!`](crate::extra::channel::select) for the branches.
///
/// # Examples
///
/// ```
/// use lockwarden::channel::{select_biased, unbounded};
///
/// let (urgent, ordinary) = (unbounded(), unbounded());
/// ordinary.0.send("ordinary").unwrap();
/// urgent.0.send("urgent").unwrap();
/// let first = select_biased! {
///     recv(urgent.1) -> message => message,
///     recv(ordinary.1) -> message => message,
/// };
/// assert_eq!(first, Ok("urgent"));
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __channel_select_biased {
    ($($branches:tt)*) => {
        $crate::__channel_select_internal!(@start new_biased $($branches)*)
    };
}

/// Implementation of [`select!`](crate::extra::channel::select).
#[doc(hidden)]
#[macro_export]
macro_rules! __channel_select_internal {
    (@start $new:ident) => {
        compile_error!("a selection needs a branch")
    };
    (@start $new:ident $($branches:tt)+) => {
        $crate::__channel_select_internal!(@read $new [] [] $($branches)+)
    };

    // Reads a branch up to the body. `$done` are the operations read so far, `$default` is the
    // default branch.
    (@read $new:ident [$($done:tt)*] $default:tt
        recv($receiver:expr $(,)?) -> $result:pat => $($rest:tt)+
    ) => {
        $crate::__channel_select_internal!(
            @body $new [$($done)*] $default
            [end index done Receiver recv ($receiver) () ($result)] $($rest)+
        )
    };
    (@read $new:ident [$($done:tt)*] $default:tt
        send($sender:expr, $message:expr $(,)?) -> $result:pat => $($rest:tt)+
    ) => {
        $crate::__channel_select_internal!(
            @body $new [$($done)*] $default
            [end index done Sender send ($sender) ($message) ($result)] $($rest)+
        )
    };
    (@read $new:ident $done:tt [] default => $($rest:tt)+) => {
        $crate::__channel_select_internal!(@body $new $done [] [default ()] $($rest)+)
    };
    (@read $new:ident $done:tt [] default() => $($rest:tt)+) => {
        $crate::__channel_select_internal!(@body $new $done [] [default ()] $($rest)+)
    };
    (@read $new:ident $done:tt [] default($timeout:expr $(,)?) => $($rest:tt)+) => {
        $crate::__channel_select_internal!(@body $new $done [] [default ($timeout)] $($rest)+)
    };
    (@read $new:ident $done:tt [$($default:tt)+] default $($rest:tt)*) => {
        compile_error!("a selection has one `default` at most")
    };
    (@read $new:ident $done:tt $default:tt recv $arguments:tt => $($rest:tt)*) => {
        compile_error!("expected `-> result` between `recv(..)` and `=>`")
    };
    (@read $new:ident $done:tt $default:tt send $arguments:tt => $($rest:tt)*) => {
        compile_error!("expected `-> result` between `send(..)` and `=>`")
    };
    // All branches are read. A single receipt needs no selection.
    (@read $new:ident
        [[$end:ident $index:ident $result:ident Receiver recv
            ($receiver:expr) () ($pattern:pat) ($body:expr)]]
        []
    ) => {
        match $receiver {
            ref $end => {
                let $end: &$crate::channel::Receiver<_> = $end;
                let $result = $end.recv();
                let $pattern = $result;
                $body
            }
        }
    };
    (@read $new:ident [$($done:tt)*] $default:tt) => {
        $crate::__channel_select_internal!(@bind $new [$($done)*] $default [$($done)*])
    };
    (@read $new:ident $done:tt $default:tt $($rest:tt)+) => {
        compile_error!(concat!(
            "expected `recv(receiver) -> result => ..`, `send(sender, message) -> result => ..` ",
            "or `default => ..`, found `", stringify!($($rest)+), "`",
        ))
    };

    // Reads the body. A block needs no comma behind it; it may also be the beginning of a longer
    // expression, which a comma ends.
    (@body $new:ident $done:tt $default:tt $branch:tt { $($body:tt)* }, $($rest:tt)*) => {
        $crate::__channel_select_internal!(
            @keep $new $done $default $branch ({ $($body)* }) $($rest)*
        )
    };
    (@body $new:ident $done:tt $default:tt $branch:tt $body:expr, $($rest:tt)*) => {
        $crate::__channel_select_internal!(@keep $new $done $default $branch ($body) $($rest)*)
    };
    (@body $new:ident $done:tt $default:tt $branch:tt { $($body:tt)* } $($rest:tt)*) => {
        $crate::__channel_select_internal!(
            @keep $new $done $default $branch ({ $($body)* }) $($rest)*
        )
    };
    (@body $new:ident $done:tt $default:tt $branch:tt $body:expr) => {
        $crate::__channel_select_internal!(@keep $new $done $default $branch ($body))
    };
    (@body $new:ident $done:tt $default:tt $branch:tt $($rest:tt)*) => {
        compile_error!(concat!(
            "expected a comma after the expression that `", stringify!($($rest)*), "` begins with",
        ))
    };

    // Adds a branch to the others.
    (@keep $new:ident $done:tt [] [default $timeout:tt] $body:tt $($rest:tt)*) => {
        $crate::__channel_select_internal!(
            @read $new $done [default $timeout $body] $($rest)*
        )
    };
    (@keep $new:ident [$($done:tt)*] $default:tt [$($branch:tt)*] $body:tt $($rest:tt)*) => {
        $crate::__channel_select_internal!(
            @read $new [$($done)* [$($branch)* $body]] $default $($rest)*
        )
    };

    // Evaluates the endpoints, each once and in order. They live until the end of the body.
    (@bind $new:ident
        [[$end:ident $index:ident $result:ident $type:ident $operation:ident ($value:expr) $($more:tt)*]
            $($rest:tt)*]
        $default:tt $all:tt
    ) => {
        match $value {
            ref $end => {
                let $end: &$crate::channel::$type<_> = $end;
                $crate::__channel_select_internal!(@bind $new [$($rest)*] $default $all)
            }
        }
    };
    // Selects and performs an operation, so that nothing is borrowed any more when the body begins,
    // and runs the body.
    (@bind $new:ident [] $default:tt
        [$([$end:ident $index:ident $result:ident $type:ident $operation:ident $value:tt
            ($($message:expr)?) ($pattern:pat) ($body:expr)])*]
    ) => {{
        $(let mut $result = ::std::option::Option::None;)*
        {
            #[allow(unused_mut)]
            let mut select = $crate::channel::Select::$new();
            $(let $index = select.$operation($end);)*
            let selected = $crate::__channel_select_internal!(@select select $default);
            if let ::std::option::Option::Some(selected) = selected {
                let _chosen = selected.index();
                $(if _chosen == $index {
                    $result = ::std::option::Option::Some(
                        selected.$operation($end $(, $message)?)
                    );
                } else)* {
                    ::std::unreachable!("a selection chooses among its own operations")
                }
            }
        }
        $(if let ::std::option::Option::Some($result) = $result {
            let $pattern = $result;
            $body
        } else)* {
            $crate::__channel_select_internal!(@default $default)
        }
    }};

    (@select $select:ident []) => {
        ::std::option::Option::Some($select.select())
    };
    (@select $select:ident [default () $body:tt]) => {
        $select.try_select().ok()
    };
    (@select $select:ident [default ($timeout:expr) $body:tt]) => {
        $select.select_timeout($timeout).ok()
    };

    (@default []) => {
        ::std::unreachable!("a selection without a default waits until something is done")
    };
    (@default [default $timeout:tt ($body:expr)]) => {
        $body
    };
}
