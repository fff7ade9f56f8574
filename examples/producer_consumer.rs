//! One producer, three consumers and a bounded queue between them: the producer waits when the
//! consumers are behind, `join` tells that all was dealt with, and a sentinel for each consumer
//! ends them.
//!
//! ```text
//! cargo run --example producer_consumer --features queue
//! cargo run --example producer_consumer --features queue -- --bug
//! ```
//!
//! With `--bug`, a consumer that cannot read a line goes on to the next one, and forgets to mark
//! the bad one as done. So `join` waits for that one for ever, and the consumers wait for sentinels
//! that only come after the join. That is reported as a deadlock over the tasks and the messages of
//! `lines`, and broken by a panic.

use std::process::ExitCode;

use lockwarden::queue::Queue;
use lockwarden::thread;

const CONSUMERS: usize = 3;
const LINES: u64 = 1_000;

/// Lines to be added up. `None` is the sentinel: nothing comes after it.
static LINES_TO_READ: Queue<Option<String>> = Queue::bounded_named("lines", 16);

fn produce() {
    for number in 1..=LINES {
        let line = match number {
            666 => "six hundred and sixty-six".to_owned(),
            _ => number.to_string(),
        };
        LINES_TO_READ.put(Some(line)).expect("it is not shut down");
    }
}

/// Adds up lines until the sentinel comes, and says how many it could not read.
fn consume(bug: bool) -> (u64, u32) {
    let (mut sum, mut bad) = (0, 0);
    while let Some(line) = LINES_TO_READ.get().expect("it is not shut down") {
        match line.parse::<u64>() {
            Ok(number) => sum += number,
            Err(_) => {
                bad += 1;
                if bug {
                    continue;
                }
            }
        }
        done();
    }
    done();
    (sum, bad)
}

/// For the sentinels too: whatever was put counts.
fn done() {
    LINES_TO_READ.task_done().expect("what was got is done");
}

fn main() -> ExitCode {
    let bug = std::env::args().nth(1).is_some_and(|arg| arg == "--bug");
    if bug && !lockwarden::status().is_on() {
        eprintln!("producer_consumer: lockwarden is {}", lockwarden::status());
        eprintln!("producer_consumer: with its bug, this program would hang for ever");
        return ExitCode::from(2);
    }

    let consumers: Vec<_> = (0..CONSUMERS)
        .map(|number| {
            let thread = thread::Builder::new().name(format!("consumer {number}"));
            let spawned = thread.spawn(move || consume(bug));
            spawned.expect("a thread can be spawned")
        })
        .collect();
    let producer = thread::Builder::new().name("producer".to_owned());
    let producer = producer.spawn(produce).expect("a thread can be spawned");

    producer.join().expect("the producer ends by itself");
    println!("{LINES} lines were put");
    LINES_TO_READ.join();
    println!("all of them were dealt with");
    for _ in 0..CONSUMERS {
        LINES_TO_READ.put(None).expect("it is not shut down");
    }
    let (mut sum, mut bad) = (0, 0);
    for consumer in consumers {
        let (its_sum, its_bad) = consumer.join().expect("a consumer ends by itself");
        sum += its_sum;
        bad += its_bad;
    }
    println!("the sum is {sum}, and {bad} could not be read");
    let expected = (LINES * (LINES + 1) / 2 - 666, 1);
    ExitCode::from(u8::from((sum, bad) != expected))
}
