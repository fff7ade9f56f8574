//! Programs in which no thread goes on, though any task could end what each one waits for; and those that something
//! outside of their tasks wakes.

use std::future::pending;
use std::process::Command;
use std::sync::{Arc, Mutex as BareMutex};

use lockwarden::report::Verdict;
use lockwarden_tokio as tokio;
use tokio::sync::{Mutex, Notify, Semaphore, mpsc, oneshot};

use super::expect::{Case, jittered, on_runtime};

/// Runs a command of the shell after a while, in which a program that hangs would be reported.
fn after_a_while(command: &str) -> Command {
    let mut shell = Command::new("sh");
    let seconds = jittered(2000).as_secs_f32();
    shell.args(["-c", &format!("sleep {seconds}; {command}")]);
    shell
}

/// Awaits an answer whose sender waits for a job that does not come.
async fn unanswered() {
    let (jobs, mut queue) = mpsc::unbounded_channel::<()>();
    let (answer, answered) = oneshot::channel();
    tokio::spawn(async move {
        queue.recv().await;
        answer.send(()).unwrap();
    });
    answered.await.unwrap();
    drop(jobs);
}

/// Awaits the ends of many tasks, each of which waits for a message that does not come.
async fn many_unanswered() {
    let (mut answers, mut tasks) = (Vec::new(), Vec::new());
    for _ in 0..500 {
        let (answer, answered) = oneshot::channel::<()>();
        answers.push(answer);
        tasks.push(tokio::spawn(answered));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
}

/// Awaits, under a lock that the notifier takes first, a notification.
async fn notified_under_lock() {
    let lock = Arc::new((Mutex::new(()), Notify::new()));
    let held = lock.0.lock().await;
    let theirs = Arc::clone(&lock);
    tokio::spawn(async move {
        drop(theirs.0.lock().await);
        theirs.1.notify_one();
    });
    lock.1.notified().await;
    drop(held);
}

/// Keeps all permits in a table, from which they are never dropped.
async fn permits_in_table() {
    let slots = Arc::new(Semaphore::new(2));
    let table = BareMutex::new(Vec::new());
    for _ in 0..3 {
        let slot = Arc::clone(&slots).acquire_owned().await.unwrap();
        table.lock().unwrap().push(slot);
    }
}

/// Awaits, under a lock, a message through a channel of another crate, whose sender wants the lock.
async fn message_of_another_crate() {
    let lock = Arc::new(Mutex::new(()));
    let (answer, answered) = futures::channel::oneshot::channel();
    let theirs = Arc::clone(&lock);
    let held = lock.lock().await;
    tokio::spawn(async move {
        let _held = theirs.lock().await;
        answer.send(()).unwrap();
    });
    answered.await.unwrap();
    drop(held);
}

/// Two tasks write more to each other than the pipe between them has room for, and none of them reads.
async fn both_write() {
    use tokio::io::{AsyncWriteExt, DuplexStream, duplex};

    async fn write(mut stream: DuplexStream) {
        stream.write_all(&[0; 16]).await.unwrap();
    }
    let (one, other) = duplex(8);
    let tasks = [tokio::spawn(write(one)), tokio::spawn(write(other))];
    for task in tasks {
        task.await.unwrap();
    }
}

/// Awaits a message of a thread that runs `wait` before it sends that.
fn message_after(wait: impl FnOnce() + Send + 'static) {
    on_runtime(async {
        let (sender, receiver) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            wait();
            sender.send(()).unwrap();
        });
        receiver.await.unwrap();
        thread.join().unwrap();
    });
}

/// Awaits a message of a task that runs `wait` before it sends that.
fn message_of_task_after(wait: impl AsyncFnOnce() + 'static) {
    on_runtime(async {
        let (sender, receiver) = oneshot::channel();
        let waits = async {
            wait().await;
            sender.send(()).unwrap();
        };
        // In turn with the receiver, as the future of `wait` need not be `Send`.
        let receives = async { receiver.await.unwrap() };
        tokio::join!(waits, receives);
    });
}

#[expect(clippy::zombie_processes, reason = "it ends this one")]
fn rest() {
    let end = format!("echo ended; kill -9 {}", std::process::id());
    let _process = after_a_while(&end).spawn().unwrap();
    on_runtime(async {
        let (_jobs, mut queue) = mpsc::channel::<()>(1);
        tokio::spawn(async move { queue.recv().await });
        pending::<()>().await;
    });
}

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "program: an answer whose sender waits for a job",
        reported: Some((
            Verdict::Deadlock,
            &["oneshot channel", "mpsc channel", "programs.rs"],
        )),
        run: || on_runtime(unanswered()),
    },
    Case {
        name: "program: the answers of many tasks",
        reported: Some((Verdict::Deadlock, &["501 tasks", "oneshot channel"])),
        run: || on_runtime(many_unanswered()),
    },
    Case {
        name: "program: a notification that is awaited under a lock of its notifier",
        reported: Some((
            Verdict::Deadlock,
            &["a notification of the Notify", "Mutex"],
        )),
        run: || on_runtime(notified_under_lock()),
    },
    Case {
        name: "program: permits that are kept in a table",
        reported: Some((
            Verdict::SelfDeadlock,
            &[
                "2 permits of the Semaphore",
                "may be in memory that tasks share, acquired at tests/kernels/programs.rs:",
            ],
        )),
        run: || on_runtime(permits_in_table()),
    },
    Case {
        name: "program: a channel of another crate under a lock of its sender",
        reported: Some((
            Verdict::Deadlock,
            &["tokio Mutex", "oneshot", "which is not watched"],
        )),
        run: || on_runtime(message_of_another_crate()),
    },
    Case {
        name: "program: two tasks that write to each other",
        reported: Some((Verdict::Deadlock, &["both_write"])),
        run: || on_runtime(both_write()),
    },
    Case {
        name: "program: a message of a thread that sleeps",
        reported: None,
        run: || message_after(|| std::thread::sleep(jittered(2000))),
    },
    Case {
        name: "program: a message of a thread that waits for a process",
        reported: None,
        run: || message_after(|| assert!(after_a_while(":").status().unwrap().success())),
    },
    Case {
        name: "program: a message of a task that waits for a process",
        reported: None,
        run: || {
            message_of_task_after(async || {
                let output = tokio::process::Command::from(after_a_while("echo done"));
                let output = { output }.output().await.unwrap();
                assert_eq!(output.stdout, b"done\n");
            });
        },
    },
    Case {
        name: "program: a message of a task that waits for a signal",
        reported: None,
        run: || {
            message_of_task_after(async || {
                use tokio::signal::unix::{SignalKind, signal};
                let mut signals = signal(SignalKind::user_defined1()).unwrap();
                let kill = format!("kill -USR1 {}", std::process::id());
                let mut sender = after_a_while(&kill).spawn().unwrap();
                signals.recv().await.unwrap();
                assert!(sender.wait().unwrap().success());
            });
        },
    },
    // It is ended from outside, by a process that says so.
    Case {
        name: "program rests: an idle worker, and a main task that stays for ever",
        reported: None,
        run: rest,
    },
];
