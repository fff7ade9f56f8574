//! Something that only one thread may touch: a device, say, or a library that is not thread-safe.
//! One thread owns it; the others put what is to be done with it into a queue, and wait for the
//! result.
//!
//! ```text
//! cargo run --features queue --example external_interface
//! cargo run --features queue --example external_interface -- --bug
//! ```
//!
//! In the second run, what is done on the device calls the interface once more, as any other code
//! would. The request gets into the queue, and the only thread that could take it out is the one that
//! waits for its result. The right way is to use the device that the call is given.
//!
//! The report says that the owner waits for `result`, and that all other threads are blocked too, so
//! that no thread can end that. The detector does not know that the results come from the owner: any thread
//! with a sender could send one. So the call by the owner is reported only when every thread waits, and
//! a program where one thread goes on for ever needs a check of its own in `call`. The panic breaks
//! the deadlock; the requests are dropped, and their callers receive an error.

use std::process::ExitCode;
use std::sync::Arc;

use lockwarden::queue::{PutError, Queue, Shutdown};
use lockwarden::sync::mpsc;
use lockwarden::thread;

/// A plotter: it draws one line after the other, and has no idea of threads.
#[derive(Default)]
struct Plotter {
    position: (i32, i32),
    drawn: i32,
}

impl Plotter {
    fn draw_to(&mut self, x: i32, y: i32) {
        self.drawn += (x - self.position.0).abs() + (y - self.position.1).abs();
        self.position = (x, y);
    }
}

type Request = Box<dyn FnOnce(&mut Plotter) + Send>;

/// What the other threads have of the plotter.
struct Interface {
    requests: Queue<Request>,
}

#[derive(Debug)]
struct NoResult;

impl Interface {
    /// Has something done with the plotter, and waits for the result. Not from a call.
    #[track_caller]
    fn call<R: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Plotter) -> R + Send + 'static,
    ) -> Result<R, NoResult> {
        let (to_caller, result) = mpsc::channel_named("result");
        let request: Request = Box::new(move |plotter| {
            // A caller that has gone needs no result.
            let _ = to_caller.send(f(plotter));
        });
        let put: Result<(), PutError<Request>> = self.requests.put(request);
        put.map_err(|_| NoResult)?;
        result.recv().map_err(|_| NoResult)
    }

    /// Does what is asked for until the queue is shut down. This is the thread that owns the plotter.
    fn serve(&self) {
        let _end = ShutsDown(self);
        let mut plotter = Plotter::default();
        while let Ok(request) = self.requests.get() {
            request(&mut plotter);
        }
    }
}

/// Drops all requests at the end, also of a thread that panics: else their callers would wait on.
struct ShutsDown<'a>(&'a Interface);

impl Drop for ShutsDown<'_> {
    fn drop(&mut self) {
        self.0.requests.shutdown(Shutdown::Immediate);
    }
}

/// Draws a square of this size, and returns how much was drawn so far.
fn square(interface: &Arc<Interface>, size: i32, bug: bool) -> Result<i32, NoResult> {
    let again = Arc::clone(interface);
    interface.call(move |plotter| {
        for (x, y) in [(size, 0), (size, size), (0, size), (0, 0)] {
            if bug {
                let line = again.call(move |plotter| plotter.draw_to(x, y));
                line.expect("the owner is here");
            } else {
                plotter.draw_to(x, y);
            }
        }
        plotter.drawn
    })
}

fn main() -> ExitCode {
    let bug = std::env::args().nth(1).is_some_and(|arg| arg == "--bug");
    if bug && !lockwarden::status().is_on() {
        eprintln!("external_interface: lockwarden is {}", lockwarden::status());
        eprintln!("external_interface: with its bug, this program would hang for ever");
        return ExitCode::from(2);
    }
    let interface = Arc::new(Interface {
        requests: Queue::named("requests"),
    });
    let named = |name: &str| thread::Builder::new().name(name.to_owned());
    let serving = Arc::clone(&interface);
    let owner = named("owner").spawn(move || serving.serve());
    println!("two squares are to be drawn");
    let callers = [10, 20].map(|size| {
        let interface = Arc::clone(&interface);
        named(&format!("caller {size}")).spawn(move || square(&interface, size, bug).is_ok())
    });
    let [ten, twenty] =
        callers.map(|caller| caller.expect("threads can be had").join().unwrap_or(false));
    println!("squares drawn: 10 {ten}, 20 {twenty}");
    interface.requests.shutdown(Shutdown::Graceful);
    let owner = owner.expect("a thread can be had").join();
    ExitCode::from(u8::from(!(ten && twenty && owner.is_ok())))
}
