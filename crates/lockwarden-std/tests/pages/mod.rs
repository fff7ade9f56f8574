//! The pages that `rustdoc` renders of what a compiled crate has, read for names: what items there are, with
//! which methods and traits. Nothing has to be downloaded.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// One rendered item.
pub(crate) struct Item {
    pub(crate) unstable: bool,
    /// The names of its own stable methods.
    pub(crate) methods: BTreeSet<String>,
    /// The traits that it implements, and with `!` those that it never does.
    pub(crate) traits: BTreeSet<String>,
    /// The words of its declaration and of the signatures of its methods.
    pub(crate) signature_words: BTreeSet<String>,
}

/// The pages of one rendered crate.
pub(crate) struct Pages(PathBuf);

/// Tests run at the same time, and each renders into a folder of its own.
static RENDERED: AtomicUsize = AtomicUsize::new(0);

impl Pages {
    pub(crate) fn render(name: &str, source: &str, options: &[String]) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!(
            "{name}-{}",
            RENDERED.fetch_add(1, Ordering::Relaxed)
        ));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("lib.rs");
        fs::write(&file, source).unwrap();
        let rustdoc = std::env::var_os("RUSTDOC").unwrap_or_else(|| "rustdoc".into());
        let output = Command::new(rustdoc)
            .args(["--edition=2024", "--crate-name=pages", "-o"])
            .arg(&folder)
            .args(options)
            .arg(&file)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "rustdoc: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Self(folder.join("pages"))
    }

    /// The options by which rustdoc finds a crate that the running test was built with.
    pub(crate) fn options_for(name: &str) -> Vec<String> {
        let test = std::env::current_exe().unwrap();
        let deps = test.parent().unwrap();
        let prefix = format!("lib{name}-");
        let built = |path: &Path| path.metadata().unwrap().modified().unwrap();
        // One that was built after the test, with other features, say, is not the one that the test is linked to.
        let linked = built(&test);
        let newest = fs::read_dir(deps)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| {
                let name = path.file_name().unwrap().to_string_lossy();
                name.starts_with(&prefix) && name.ends_with(".rlib") && built(path) <= linked
            })
            .max_by_key(|path| built(path))
            .expect("the test was built with the crate");
        vec![
            format!("--extern={name}={}", newest.display()),
            format!("-Ldependency={}", deps.display()),
        ]
    }

    pub(crate) fn items(&self, module: &str) -> BTreeMap<String, Item> {
        let mut items = BTreeMap::new();
        for entry in fs::read_dir(self.0.join(module)).unwrap() {
            let path = entry.unwrap().path();
            let file = path.file_name().unwrap().to_string_lossy().into_owned();
            let Some(("struct" | "enum" | "fn" | "type" | "constant" | "trait" | "union", rest)) =
                file.split_once('.')
            else {
                continue;
            };
            let name = rest.strip_suffix(".html").unwrap().to_owned();
            let page = fs::read_to_string(&path).unwrap();
            items.insert(name, Item::parse(&page));
        }
        items
    }
}

impl Item {
    fn parse(page: &str) -> Self {
        let (head, rest) = page
            .split_once("</pre>")
            .expect("a page begins with the declaration");
        // The notes that belong to the item itself come before its first section.
        let notes = rest.split("<h2").next().unwrap();
        let mut methods = BTreeSet::new();
        let mut traits = BTreeSet::new();
        let mut text = head
            .rsplit_once("item-decl")
            .map_or("", |(_, declaration)| declaration)
            .to_owned();
        for part in rest.split("<section id=\"").skip(1) {
            let id = part.split('"').next().unwrap();
            if id.starts_with("impl-") {
                let id = id.strip_prefix("impl-").unwrap();
                let implemented = id.split("-for-").next().unwrap();
                // What a type does when it is dropped is not part of its interface.
                if id.contains("-for-") && implemented != "Drop" {
                    let name = implemented.split('%').next().unwrap();
                    let header = part.split("</h3>").next().unwrap();
                    let not = if header.contains("!<a") { "!" } else { "" };
                    traits.insert(format!("{not}{}", name.trim_end_matches("-1")));
                }
            }
            if let Some(method) = id.strip_prefix("method.") {
                let block = part.split("<section id=\"").next().unwrap();
                let signature = block.split("</section>").next().unwrap();
                // What follows up to the next method are its notes.
                let unstable = block.contains("stab unstable");
                if !unstable && method != "drop" {
                    let name = method.split('-').next().unwrap();
                    methods.insert(name.to_owned());
                    text += signature;
                }
            }
        }
        Self {
            unstable: notes.contains("stab unstable"),
            methods,
            traits,
            signature_words: words(&text),
        }
    }
}

/// The identifiers in `html`, without what stands inside tags.
fn words(html: &str) -> BTreeSet<String> {
    let mut plain = String::new();
    let mut inside = false;
    for character in html.chars() {
        match character {
            '<' => inside = true,
            '>' => {
                inside = false;
                plain.push(' ');
            }
            _ if !inside => plain.push(character),
            _ => {}
        }
    }
    plain
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .map(str::to_owned)
        .collect()
}
