//! What a kernel is expected to say, and the child that is it.

use std::future::Future;
use std::io::Read;
use std::process::{Command, ExitCode, Stdio, exit};
use std::time::{Duration, Instant};

use lockwarden::config::Config;
use lockwarden::report::{Report, Verdict};
use lockwarden_tokio as tokio;

/// One kernel.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// The verdict that is reported, with words of the report; `None` for silence.
    pub(crate) reported: Option<(Verdict, &'static [&'static str])>,
    pub(crate) run: fn(),
}

/// No kernel takes more than a second or two, but a machine can be busy.
const LIMIT: Duration = Duration::from_secs(20);

/// Runs a future on a current-thread runtime and, in another process, on one with two workers.
pub(crate) fn on_runtime<F: Future>(future: F) -> F::Output {
    let runtime = if std::env::var_os("WORKERS").is_some() {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
    } else {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
    };
    runtime.expect("a runtime can be made").block_on(future)
}

/// Runs `f` with a current-thread runtime.
pub(crate) fn on_current_thread(f: impl FnOnce(&tokio::runtime::Runtime)) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    f(&runtime.expect("a runtime can be made"));
}

/// Lets the other tasks run until they wait, whatever they wait for.
pub(crate) async fn settle() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

/// Lasts long enough for everything to be looked at many times.
pub(crate) async fn long() {
    tokio::time::sleep(Duration::from_millis(400)).await;
}

fn reported(report: &Report) {
    println!("reported {} {report}", report.verdict);
    if !matches!(report.verdict, Verdict::Inversion) {
        exit(0);
    }
}

fn be(case: &Case) {
    Config::new()
        .callback(reported)
        .stderr(false)
        .install()
        .expect("the first configuration is taken");
    (case.run)();
    println!("ended");
}

/// Runs the kernels that the arguments name, or is the one that the environment names.
pub(crate) fn run(cases: &[Case]) -> ExitCode {
    if let Ok(name) = std::env::var("KERNEL") {
        let case = cases.iter().find(|case| case.name == name);
        be(case.expect("a kernel of that name"));
        return ExitCode::SUCCESS;
    }
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let times: usize = std::env::var("TIMES").map_or(1, |times| times.parse().unwrap_or(1));
    let is_wanted = |case: &&Case| {
        wanted.is_empty() || wanted.iter().any(|word| case.name.contains(word.as_str()))
    };
    let mut failed = 0;
    let mut count = 0;
    for case in cases.iter().filter(is_wanted) {
        for workers in [false, true] {
            let repeats = if case.reported.is_none() { times } else { 1 };
            for _ in 0..repeats {
                count += 1;
                if let Err(what) = look(case, workers) {
                    failed += 1;
                    println!("FAILED {} (workers: {workers}): {what}", case.name);
                }
            }
        }
    }
    println!("{count} runs of kernels, {failed} failed");
    if failed == 0 && count > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn look(case: &Case, workers: bool) -> Result<(), String> {
    let program = std::env::current_exe().expect("a program knows itself");
    let mut command = Command::new(program);
    command
        .env("KERNEL", case.name)
        .env_remove("LOCKWARDEN")
        .env_remove("RUST_BACKTRACE")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    if workers {
        command.env("WORKERS", "2");
    }
    let mut child = command.spawn().expect("it can be started again");
    let mut pipe = child.stdout.take().expect("it is piped");
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).map(|_| text)
    });
    let start = Instant::now();
    let mut killed = false;
    while child.try_wait().expect("a child can be asked").is_none() {
        if start.elapsed() > LIMIT && !killed {
            killed = true;
            let _ = child.kill();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let status = child.wait().expect("it has ended");
    let text = reader
        .join()
        .expect("the reader ends")
        .map_err(|error| error.to_string())?;
    let is_right = match case.reported {
        None => text.trim() == "ended" && status.success(),
        Some((verdict, words)) => {
            text.contains(&format!("reported {verdict} "))
                && words.iter().all(|word| text.contains(word))
        }
    };
    if is_right && !killed {
        Ok(())
    } else {
        Err(format!("{status}, killed: {killed}, said:\n{text}"))
    }
}
