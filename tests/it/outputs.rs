//! Where results go: files that the user names, whatever stands there, and standard output.

use std::io::Read as _;
use std::os::unix::fs::{FileTypeExt as _, symlink};
use std::process::Command;

use crate::context::{Context, sql_server_rows};

fn listed() -> Context {
    let context = Context::new();
    context.write("tables.csv", &sql_server_rows(3));
    context
}

fn generate<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["generate", "--source", "tables.csv"], more].concat()
}

#[test]
fn what_a_link_leads_to_is_written_and_the_link_stays() {
    let context = listed();
    context.write("elsewhere/report.md", "old");
    symlink("elsewhere/report.md", context.path("report")).unwrap();
    symlink("elsewhere/rows.csv", context.path("rows")).unwrap();
    symlink("elsewhere/lock", context.path("lock")).unwrap();
    let more = ["--report", "md=report", "--output-config", "rows", "--lock", "lock"];
    context.run(&generate(&more)).exits(0);
    for (link, end) in [("report", "report.md"), ("rows", "rows.csv"), ("lock", "lock")] {
        assert!(context.path(link).is_symlink(), "{link}");
        assert_ne!(context.read(&format!("elsewhere/{end}")), "old");
    }
    assert!(context.read("elsewhere/rows.csv").starts_with("connector,"));
}

#[test]
fn a_pipe_is_written_into() {
    let context = listed();
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || {
            let mut text = String::new();
            std::fs::File::open(pipe).unwrap().read_to_string(&mut text).unwrap();
            text
        }
    });
    let report = format!("json={}", pipe.display());
    let said = context.run(&generate(&["--report", &report, "-o", "json"]));
    assert!(std::fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo(), "it was replaced");
    assert_eq!(reader.join().unwrap(), said.exits(0).stdout);
}

#[test]
fn nothing_is_written_over_what_is_read_or_written_by_another_flag() {
    let context = listed();
    symlink("tables.csv", context.path("link")).unwrap();
    for (more, said) in [
        (vec!["--report", "md=link"], "--report would write over the table list, link"),
        (vec!["--output-config", "link"], "--output-config would write over the table list, link"),
        (
            vec!["--output-config", "a", "--report", "md=./a"],
            "--report would write over the file of --output-config, ./a",
        ),
    ] {
        let run = context.run(&generate(&more));
        assert!(run.exits(2).stderr.contains(said), "{}", run.stderr);
    }
    let plan = ["plan", "--source", "tables.csv", "-t", "prod", "--out", "link"];
    let run = context.run(&plan);
    assert!(run.exits(2).stderr.contains("--out would write over the table list, link"), "{}", run.stderr);
    assert_eq!(context.read("tables.csv"), sql_server_rows(3));
}

#[test]
fn a_result_that_does_not_get_out_is_an_error() {
    let context = listed();
    context.run(&generate(&[])).exits(0);
    for arguments in [
        &["generate", "--source", "tables.csv"][..],
        &["generate", "--source", "tables.csv", "-o", "json"],
        &["lock", "show", "-o", "json"],
        &["schema", "settings"],
        &["--version"],
    ] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = context.command(arguments).stdout(full).output().unwrap();
        let said = context.judge(output);
        assert!(
            said.exits(1).stderr.contains("cannot write to standard output: No space left"),
            "{}",
            said.stderr
        );
    }
}

#[test]
fn a_reader_that_went_away_is_none() {
    let context = listed();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = context.command(&generate(&["-o", "json"])).stdout(writer).output().unwrap();
    assert_eq!(context.judge(output).exits(0).stderr, "");
}
