//! A run of a periodic timer that takes longer than a period is reported by itself.

use std::sync::mpsc;
use std::time::Duration;

use lockwarden::report::StallCause;
use lockwarden::timer::Builder;
use lockwarden::watchdog::{Phase, Watchdog};

use crate::child::{LIMIT, STALL, apart};

#[test]
fn a_missed_period_is_reported_and_that_it_is_over() {
    apart!(
        &[],
        || {
            let (tell, alerts) = mpsc::channel();
            let builder = Watchdog::builder().wait_limit(None);
            let builder =
                builder.on_alert(move |alert| tell.send(alert.clone()).unwrap_or_default());
            let (free, is_free) = mpsc::channel::<()>();
            let mut runs = 0;
            // There is no watchdog yet when it starts.
            let periodic = Builder::new()
                .name("cleaner")
                .every(STALL, move || {
                    runs += 1;
                    if runs == 3 {
                        let _ = is_free.recv_timeout(LIMIT);
                    }
                })
                .unwrap();
            let _watchdog = builder.spawn().unwrap();
            let began = alerts.recv_timeout(LIMIT).expect("it is reported");
            assert_eq!(began.phase, Phase::Began);
            let stall = began.report.stall.as_ref().unwrap();
            let StallCause::Heartbeat { name, site, .. } = &stall.cause else {
                panic!("{:?}", stall.cause);
            };
            assert_eq!(name, "cleaner");
            assert!(site.file().ends_with("periods.rs"), "{site}");
            assert!(periodic.late_by() > Duration::ZERO);
            free.send(()).unwrap();
            let next = || {
                alerts
                    .recv_timeout(LIMIT)
                    .expect("its end is reported")
                    .phase
            };
            while next() != Phase::Ended {}
            periodic.stop().unwrap();
        },
        |outcome| outcome.succeeds()
    );
}
