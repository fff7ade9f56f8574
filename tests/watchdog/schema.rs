//! The lines of JSON keep to the form that is published.

use std::path::PathBuf;
use std::sync::mpsc;

use lockwarden::watchdog::{Phase, Watchdog};

use crate::child::{LIMIT, STALL, Standstill, apart};
use crate::published;

fn file(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("lockwarden-{}-{name}", std::process::id()))
}

#[test]
fn an_alert_is_a_line_in_the_published_form() {
    apart!(
        &[],
        || {
            let path = file("alerts");
            let (tell, phases) = mpsc::channel();
            let builder = Watchdog::builder()
                .wait_limit(STALL)
                .hold_limit(STALL * 2)
                .progress_limit(STALL * 3)
                .json_lines(&path)
                .on_alert(move |alert| {
                    let _ = tell.send(alert.phase);
                });
            let watchdog = builder.spawn().unwrap();
            let _heartbeat = watchdog.heartbeat("never\n\"beats\"", STALL);
            let standstill = Standstill::begin();
            let next = || phases.recv_timeout(LIMIT).expect("it is reported");
            // A wait, a hold, a heartbeat, and no progress; some of them go on meanwhile.
            let mut begun = 0;
            while begun < 4 {
                begun += usize::from(next() == Phase::Began);
            }
            standstill.end();
            // The heartbeat goes on.
            let mut ended = 0;
            while ended < 3 {
                ended += usize::from(next() == Phase::Ended);
            }
            drop(watchdog);
            let lines = published::lines(&path);
            std::fs::remove_file(&path).unwrap();
            let mut begun: Vec<&str> = lines
                .iter()
                .filter(|line| line["phase"] == "began")
                .map(|line| line["cause"].as_str().unwrap())
                .collect();
            begun.sort_unstable();
            assert_eq!(begun, ["heartbeat", "hold", "no_progress", "wait"]);
            let wait = lines.iter().find(|line| line["cause"] == "wait").unwrap();
            let holder = &wait["stall"]["holders"][0];
            assert!(
                holder["site"]["file"]
                    .as_str()
                    .unwrap()
                    .ends_with("child.rs")
            );
            let heartbeat = lines
                .iter()
                .find(|line| line["cause"] == "heartbeat")
                .unwrap();
            assert_eq!(heartbeat["stall"]["heartbeat"], "never\n\"beats\"");
            assert!(
                lines
                    .iter()
                    .any(|line| line["phase"] == "ended" && line["dump"].is_null())
            );
        },
        |outcome| outcome.succeeds()
    );
}
