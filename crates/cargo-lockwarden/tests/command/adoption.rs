//! The facade in one crate, without the command: as a dependency that is called `std`, and as one
//! line at the root.

use std::fs;
use std::path::Path;

use crate::{Answer, Project};

/// A program over the modules that are replaced, and over others.
const BODY: &str = r#"
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

#[derive(Clone, Debug, Default, PartialEq)]
struct Stock {
    apples: u32,
}

fn main() {
    let stock = Arc::new(Mutex::new(HashMap::new()));
    stock.lock().unwrap().insert("a".to_owned(), Stock { apples: 3 });
    let other = stock.clone();
    ::std::thread::spawn(move || other.lock().unwrap().clear()).join().unwrap();
    assert!(stock.lock().unwrap().is_empty());
    assert_eq!(format!("{:?}", vec![Stock::default()]), "[Stock { apples: 0 }]");
    println!("{}", std::any::type_name::<Mutex<u8>>());
}
"#;

fn project(name: &str, edition: &str, dependency: &str, main: &str) -> Project {
    let project = Project::copy("nothing", name);
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let repository = repository.canonicalize().unwrap();
    let facade = repository.join("crates/lockwarden-std");
    let manifest = format!(
        "[package]\nname = \"adopted\"\nversion = \"0.1.0\"\nedition = {edition:?}\n\n\
         [dependencies]\n{dependency} = {{ package = \"lockwarden-std\", path = {facade:?} }}\n\n\
         [workspace]\n"
    );
    fs::write(project.folder().join("Cargo.toml"), manifest).unwrap();
    fs::write(project.folder().join("src/main.rs"), main).unwrap();
    fs::copy(
        repository.join("Cargo.lock"),
        project.folder().join("Cargo.lock"),
    )
    .unwrap();
    project
}

fn run(project: &Project) -> Answer {
    // One folder for all of them: they have their dependencies in common.
    let target = crate::temporary().join("adopted");
    let mut cargo = project.cargo();
    cargo
        .args(["run", "--offline"])
        .env("CARGO_TARGET_DIR", target);
    Answer::of(&mut cargo)
}

#[test]
fn a_dependency_called_std_is_enough_in_every_edition() {
    for edition in ["2015", "2018", "2021", "2024"] {
        let project = project(&format!("renamed-{edition}"), edition, "std", BODY);
        run(&project).ends_with(0).says("lockwarden::sync::");
    }
}

#[test]
fn one_line_at_the_root_is_enough_from_2018_on() {
    let main = format!("extern crate lockwarden_std as std;\n{BODY}");
    for edition in ["2018", "2021", "2024"] {
        let project = project(&format!("line-{edition}"), edition, "lockwarden_std", &main);
        run(&project).ends_with(0).says("lockwarden::sync::");
    }
}
