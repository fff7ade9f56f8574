//! What a kernel is expected to say, and the child that is it.

use std::future::Future;
use std::io::Read;
use std::process::{Command, ExitCode, Stdio, exit};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
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

impl Case {
    /// Whether nothing is to be found, not even by the kernel itself.
    fn is_silent(&self) -> bool {
        self.reported.is_none() && !self.name.starts_with("world finds: ")
    }
}

/// No kernel takes more than a second or two, but a machine can be busy.
const LIMIT: Duration = Duration::from_secs(60);

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
    pause(20).await;
}

/// Lasts long enough for everything to be looked at many times.
pub(crate) async fn long() {
    pause(400).await;
}

/// Sleeps for so many milliseconds, or in a kernel that is repeated for a random part of the tenth of them.
pub(crate) async fn pause(milliseconds: u64) {
    tokio::time::sleep(jittered(milliseconds)).await;
}

/// How long [`pause`] sleeps.
pub(crate) fn jittered(milliseconds: u64) -> Duration {
    static STATE: AtomicU64 = AtomicU64::new(0);
    if repeats() == 1 {
        return Duration::from_millis(milliseconds);
    }
    // SplitMix64, from a seed of the process.
    let step = 0x9e37_79b9_7f4a_7c15_u64;
    let mut z = STATE.fetch_add(step, Ordering::Relaxed) ^ u64::from(std::process::id());
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    Duration::from_micros((z ^ (z >> 31)) % (milliseconds * 100 + 1))
}

/// How often the child runs its kernel.
fn repeats() -> u32 {
    static REPEATS: OnceLock<u32> = OnceLock::new();
    *REPEATS.get_or_init(|| {
        let repeats = std::env::var("REPEAT").ok();
        repeats.map_or(1, |repeats| repeats.parse().expect("a number"))
    })
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
    for _ in 0..repeats() {
        (case.run)();
    }
    println!("ended");
}

/// How many kernels run beside each other while they are repeated: most of the time they sleep.
const BESIDE: usize = 8;

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
    let times: u32 = std::env::var("TIMES").map_or(1, |times| times.parse().expect("a number"));
    let is_wanted = |case: &&Case| {
        let is_named = wanted.iter().any(|word| case.name.contains(word.as_str()));
        (wanted.is_empty() || is_named) && (times == 1 || case.is_silent())
    };
    let wanted = cases.iter().filter(is_wanted);
    let runs: Vec<(&Case, bool)> = wanted
        .flat_map(|case| [(case, false), (case, true)])
        .collect();
    let next = AtomicUsize::new(0);
    let failed = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..if times == 1 { 1 } else { BESIDE } {
            scope.spawn(|| {
                while let Some((case, workers)) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(what) = look(case, *workers, times) {
                        failed.fetch_add(1, Ordering::Relaxed);
                        println!("FAILED {} (workers: {workers}): {what}", case.name);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner();
    println!(
        "{} kernels, {times} times each, {failed} failed",
        runs.len()
    );
    if failed == 0 && !runs.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn look(case: &Case, workers: bool, times: u32) -> Result<(), String> {
    let program = std::env::current_exe().expect("a program knows itself");
    let mut command = Command::new(program);
    command
        .env("KERNEL", case.name)
        .env("REPEAT", times.to_string())
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
        if start.elapsed() > LIMIT * times && !killed {
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
        // One that rests is killed from outside.
        None => {
            let is_over = status.success() || case.name.contains(" rests: ");
            text.trim() == "ended" && is_over
        }
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
