//! The page in a browser: what it shows, what the keyboard does, and how long an interaction takes.
//!
//! Needs Chromium (`chromium`, or the program that `CHROMIUM` names); without it the test fails and says so,
//! unless `LOCKWARDEN_NO_BROWSER` is set.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs in the page, after its own script: drives it, and leaves what it saw in `#result`.
const DRIVER: &str = r##"
<script>
addEventListener("load", () => {
  const seen = {};
  const time = (run) => { const start = performance.now(); run(); return performance.now() - start; };
  seen.findings = document.querySelectorAll("#findings > article").length;
  seen.rest = document.getElementById("lists").textContent;
  seen.rings = document.querySelectorAll("#findings .picture svg").length;
  const scroll = document.getElementById("scroll");
  const press = (key) => scroll.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  press("ArrowDown");
  seen.first = document.getElementById("cell").textContent;
  press("ArrowRight"); press("ArrowDown");
  seen.moved = document.getElementById("cell").textContent !== seen.first;
  press("Enter");
  seen.hash = location.hash;
  const search = document.getElementById("search");
  search.value = SEARCHED;
  seen.search = time(() => search.dispatchEvent(new Event("change")));
  seen.lock = document.querySelector("#columns .middle h3").textContent;
  document.getElementById("theme").click();
  seen.theme = document.documentElement.dataset.theme;
  const ink = (element) => getComputedStyle(element).getPropertyValue("--ink");
  seen.pictures = ink(document.querySelector(".picture svg")) === ink(document.documentElement);
  seen.times = document.querySelector("#top tbody tr").textContent;
  document.querySelectorAll("#top .sort")[0].click();
  seen.sorted = document.querySelectorAll("#top th")[0].getAttribute("aria-sort");
  const draws = [];
  for (let step = 0; step < 20; step++) draws.push(time(() => { scroll.scrollTop = step * 150; scroll.dispatchEvent(new Event("scroll")); }));
  seen.draw = draws.sort((a, b) => a - b)[10];
  seen.outside = performance.getEntriesByType("resource").length;
  search.value = "no such lock"; search.dispatchEvent(new Event("change"));
  seen.missing = search.validationMessage;
  const main = document.querySelector("main");
  main.style.width = "420px";
  for (let step = 0; step < 5; step++) press("+");
  dispatchEvent(new Event("resize"));
  seen.names = margin() / scroll.clientWidth;
  const column = document.querySelector("#top tbody th");
  column.textContent = "app::".repeat(9);
  seen.column = column.offsetHeight < column.offsetWidth;
  const ring = document.querySelector(".picture svg");
  ring.setAttribute("width", "2000");
  seen.ring = ring.getBoundingClientRect().width;
  seen.captions = [...document.querySelectorAll("#findings article figcaption")].map((caption) => caption.textContent).join();
  seen.narrow = main.scrollWidth;
  const source = document.createElement("pre");
  source.innerHTML = "<span class=line>7\n</span><span class=at>8\n</span>";
  document.body.append(source);
  const left = (line) => { const text = document.createRange(); text.selectNodeContents(line); return text.getBoundingClientRect().left; };
  seen.columns = [...source.children].map(left);
  const result = document.createElement("pre");
  result.id = "result";
  result.textContent = JSON.stringify(seen);
  document.body.append(result);
});
</script>
</body>"##;

/// Runs in the page of a record that has locks and no order.
const WITHOUT_ORDERS: &str = r##"
<script>
const errors = [];
addEventListener("error", (event) => errors.push(event.message));
addEventListener("load", () => {
  dispatchEvent(new Event("resize"));
  document.getElementById("theme").click();
  const result = document.createElement("pre");
  result.id = "result";
  result.textContent = JSON.stringify({
    errors,
    hidden: document.querySelectorAll("[hidden]").length,
    headings: [...document.querySelectorAll("#findings h2")].map((heading) => heading.textContent),
    lists: document.querySelectorAll("#findings > ul").length,
    buttons: document.querySelectorAll("#findings button").length,
    matrix: document.getElementById("matrix").textContent,
    lock: document.getElementById("columns").textContent,
  });
  document.body.append(result);
});
</script>
</body>"##;

struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn directory(name: &str) -> Directory {
    let path = std::env::temp_dir().join(format!("lockwarden-page-{}-{name}", std::process::id()));
    fs::create_dir_all(&path).unwrap();
    Directory(path)
}

/// A record of `classes` locks and about `edges` orders, with one cycle in it.
fn record(path: &Path, classes: usize, edges: usize) {
    let mut text = String::from("{\"v\":1,\"row\":\"run\",\"run\":\"r\",\"binary\":\"app\"}\n");
    let name = |n: usize| format!("app::module{}::Lock{n}.state", n % 40);
    for n in 0..classes {
        let name = name(n);
        text.push_str(&format!(
            "{{\"v\":1,\"row\":\"class\",\"class\":\"{name}\",\"kind\":\"Mutex\",\"name\":\"{name}\",\"site\":\"src/a.rs:1:1\"}}\n"
        ));
    }
    let mut edge = |from: usize, to: usize, test: &str| {
        text.push_str(&format!(
            "{{\"v\":1,\"row\":\"edge\",\"from\":\"{}\",\"from_mode\":\"exclusive\",\"from_site\":\"src/a.rs:1:1\",\
             \"to\":\"{}\",\"to_mode\":\"exclusive\",\"to_site\":\"src/b.rs:2:2\",\"gates\":[],\"role\":\"worker\",\
             \"thread\":\"<worker> 1\",\"test\":\"{test}\",\"run\":\"r{test}\",\"seen_ms\":1}}\n",
            name(from),
            name(to)
        ));
    };
    let time = format!(
        "{{\"v\":1,\"row\":\"time\",\"run\":\"r\",\"class\":\"{}\",\"waits\":2,\"wait_ns\":3000000,\"holds\":8}}\n",
        name(3)
    );
    // A fixed sequence that spreads over the whole order.
    let mut state: usize = 1;
    for n in 0..edges {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let from = n % (classes - 1);
        edge(
            from,
            from + 1 + (state >> 33) % (classes - 1 - from).min(200),
            "one",
        );
    }
    edge(0, 1, "one");
    edge(1, 0, "two");
    text.push_str(&time);
    fs::write(path, text).unwrap();
}

fn browser() -> Option<PathBuf> {
    if std::env::var_os("LOCKWARDEN_NO_BROWSER").is_some() {
        return None;
    }
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let found = named.into_iter().chain(
        [
            "/usr/bin/chromium",
            "/usr/bin/chromium-browser",
            "/usr/bin/google-chrome",
        ]
        .map(PathBuf::from),
    );
    let browser = found.into_iter().find(|path| path.exists());
    assert!(
        browser.is_some(),
        "there is no Chromium: install it, name it in CHROMIUM, or set LOCKWARDEN_NO_BROWSER to do without"
    );
    browser
}

/// Opens a page in the browser and returns what the driver saw.
fn drive(browser: &Path, directory: &Path, page: &str, driver: &str) -> serde_json::Value {
    let path = directory.join("driven.html");
    let mut file = fs::File::create(&path).unwrap();
    file.write_all(page.replacen("</body>", driver, 1).as_bytes())
        .unwrap();
    let output = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .args([
            "--window-size=1280,1000",
            "--virtual-time-budget=5000",
            "--dump-dom",
        ])
        .arg(format!(
            "--user-data-dir={}",
            directory.join("profile").display()
        ))
        .arg(format!("file://{}", path.display()))
        .output()
        .expect("the browser starts");
    let dom = String::from_utf8_lossy(&output.stdout);
    let (_, result) = dom
        .split_once("<pre id=\"result\">")
        .expect("the driver ran");
    let (result, _) = result.split_once("</pre>").expect("it ends");
    let result = result
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    serde_json::from_str(&result).expect("it is JSON")
}

/// The page that the command writes.
fn page_of(directory: &Path, records: &Path) -> String {
    let page = directory.join("page.html");
    let status = Command::new(env!("CARGO_BIN_EXE_cargo-lockwarden"))
        .args(["lockwarden", "report", "--no-symbols", "-o"])
        .arg(&page)
        .arg(records)
        .current_dir(directory)
        .status()
        .unwrap();
    assert!(status.success());
    fs::read_to_string(page).unwrap()
}

/// A record of one process that has found something about one lock, and has taken no lock under another.
fn record_without_orders(path: &Path) {
    let rows = [
        r#"{"v":1,"row":"run","run":"r","binary":"app"}"#,
        r#"{"v":1,"row":"finding","run":"r","test":"","binary":"app","verdict":"SelfDeadlock","basis":"instances",
           "headline":"SelfDeadlock: `app::Cache<u8>` is taken twice","reason":"","suggestion":"","edges":
           [{"from":"app::Cache<u8>","from_mode":"exclusive","from_site":"src/a.rs:1:1","to":"app::Cache<u8>",
           "to_mode":"exclusive","to_site":"src/a.rs:2:1","thread":"main"}]}"#,
        r#"{"v":1,"row":"end","rows":2,"status":0}"#,
    ];
    let lines = rows.map(|row| row.replace('\n', ""));
    fs::write(path, lines.join("\n") + "\n").unwrap();
}

/// What a browser shows that runs no script: the page without its script elements.
fn without_scripts(page: &str) -> String {
    let mut parts = page.split("<script");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |shown, part| {
        let (_, rest) = part.split_once("</script>").expect("it ends");
        shown + rest
    })
}

#[test]
fn what_was_found_is_shown_where_no_script_runs() {
    let directory = directory("plain");
    let records = directory.0.join("one.jsonl");
    record_without_orders(&records);
    let page = without_scripts(&page_of(&directory.0, &records));
    for shown in [
        "Findings (1)",
        "1 process",
        "SelfDeadlock: `app::Cache&lt;u8&gt;` is taken twice",
        "src/a.rs:2:1 under",
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    assert!(!page.contains("<u8>"), "{page}");
    // What only the script fills would be an empty box or a button that does nothing.
    let hidden = page.matches(" hidden>").count();
    assert_eq!(hidden, 6, "tools, navigation, four sections: {page}");
}

#[test]
fn a_page_without_findings_says_so_where_no_script_runs() {
    let directory = directory("nothing");
    let records = directory.0.join("one.jsonl");
    fs::write(
        &records,
        "{\"v\":1,\"row\":\"run\",\"run\":\"r\",\"binary\":\"app\"}\n",
    )
    .unwrap();
    let page = without_scripts(&page_of(&directory.0, &records));
    assert!(page.contains("Nothing was found."), "{page}");
    assert!(!page.contains("cargo lockwarden check"), "{page}");
}

#[test]
fn a_page_without_orders_says_so() {
    let Some(browser) = browser() else { return };
    let directory = directory("empty");
    let records = directory.0.join("one.jsonl");
    record_without_orders(&records);
    let page = page_of(&directory.0, &records);
    let seen = drive(&browser, &directory.0, &page, WITHOUT_ORDERS);
    assert_eq!(seen["errors"], serde_json::json!([]), "{seen}");
    assert_eq!(seen["hidden"], 0, "the script shows its parts: {seen}");
    assert_eq!(
        seen["headings"],
        serde_json::json!(["Findings (1)"]),
        "{seen}"
    );
    assert_eq!(
        seen["lists"], 0,
        "the cards take the place of the list: {seen}"
    );
    assert_eq!(
        seen["buttons"], 0,
        "a lock in no order opens nothing: {seen}"
    );
    let says = |part: &str| {
        let text = seen[part].as_str().unwrap();
        text.contains("No lock was taken while another was held")
    };
    assert!(says("matrix") && says("lock"), "{seen}");
}

#[test]
fn ten_thousand_orders_stay_usable() {
    let Some(browser) = browser() else { return };
    let directory = directory("large");
    let records = directory.0.join("large.jsonl");
    record(&records, 1_500, 10_000);
    let page = page_of(&directory.0, &records);
    for outside in ["http://", "https://", "src=", "@import"] {
        let used = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!used.contains(outside), "the page loads nothing: {outside}");
    }
    let driver = DRIVER.replace("SEARCHED", "\"app::module7::Lock7.state\"");
    let seen = drive(&browser, &directory.0, &page, &driver);
    println!("{seen:#}");
    assert_eq!(seen["findings"], 1, "{seen}");
    assert_eq!(seen["rings"], 2, "a ring and its lanes: {seen}");
    assert!(
        seen["first"].as_str().unwrap().contains("is taken under"),
        "{seen}"
    );
    assert_eq!(seen["moved"], true, "{seen}");
    let rest = seen["rest"].as_str().unwrap();
    assert!(rest.contains("1 process without an end"), "{seen}");
    assert!(
        seen["hash"].as_str().unwrap().starts_with("#lock="),
        "{seen}"
    );
    assert_eq!(seen["lock"], "app::module7::Lock7.state", "{seen}");
    assert_eq!(seen["theme"], "dark", "{seen}");
    assert_eq!(
        seen["pictures"], true,
        "the pictures follow the theme: {seen}"
    );
    let times = seen["times"].as_str().unwrap();
    assert!(
        times.contains("3.0 ms") && times.contains("25.0 %"),
        "{seen}"
    );
    assert_eq!(seen["sorted"], "ascending", "{seen}");
    assert_eq!(
        seen["columns"][0], seen["columns"][1],
        "the marked line of a source stands below the others: {seen}"
    );
    assert_eq!(seen["outside"], 0, "{seen}");
    let missing = seen["missing"].as_str().unwrap();
    assert!(missing.starts_with("No lock"), "{seen}");
    assert!(
        seen["names"].as_f64().unwrap() < 0.5,
        "the matrix is seen beside its names: {seen}"
    );
    assert_eq!(seen["column"], true, "a name has room: {seen}");
    assert!(
        seen["ring"].as_f64().unwrap() <= 760.0,
        "a large ring is drawn smaller: {seen}"
    );
    let captions = seen["captions"].as_str().unwrap();
    assert!(
        captions.contains("1. takes") && captions.contains("2. takes"),
        "the numbers are those of the arrows: {seen}"
    );
    assert_eq!(seen["narrow"], 420, "the page fits a telephone: {seen}");
}
