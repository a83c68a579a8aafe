//! What `tapworks generate` takes for large table lists, from CSV to package: `cargo bench`.
//!
//! Each case runs the release binary as a whole process, a few times in turn, and shows the middle run: user and system
//! time and peak memory, as the system counts them for a child. The system keeps one peak for all children of a process,
//! so that each run gets a parent of its own: this program, started again with `--measure`.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a measurement says what it found, and stops at what it did not expect"
)]

#[cfg(unix)]
fn main() {
    unix::main();
}

#[cfg(not(unix))]
fn main() {
    println!("the benchmark measures where getrusage is: on Unix");
}

#[cfg(unix)]
mod unix {
    use std::fmt::Write as _;
    use std::path::Path;
    use std::process::{Command, Stdio};

    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike as _;

    const RUNS: usize = 5;
    const MEASURE: &str = "--measure";

    /// A table list.
    struct Case {
        name: &'static str,
        tables: usize,
        prefixes: usize,
        projects: usize,
    }

    const CASES: [Case; 4] = [
        Case { name: "100,000 tables, 1 prefix, 1 project", tables: 100_000, prefixes: 1, projects: 1 },
        Case {
            name: "100,000 tables, 2,000 prefixes, 20 projects",
            tables: 100_000,
            prefixes: 2_000,
            projects: 20,
        },
        Case { name: "40,000 tables, 1 prefix", tables: 40_000, prefixes: 1, projects: 1 },
        Case { name: "40,000 tables, 8,000 prefixes", tables: 40_000, prefixes: 8_000, projects: 1 },
    ];
    /// Most seconds, and most megabytes, of a case of 100,000 tables.
    const MOST: (f64, f64) = (2.0, 400.0);
    /// Most times that many prefixes may take of the time of one.
    const MOST_RATIO: f64 = 2.0;

    /// What a run took.
    #[derive(Clone, Copy)]
    struct Usage {
        seconds: f64,
        megabytes: f64,
    }

    pub(super) fn main() {
        let arguments: Vec<String> = std::env::args().collect();
        match arguments.get(1).map(String::as_str) {
            Some(MEASURE) => measure(&arguments[2], &arguments[3]),
            _ => compare(),
        }
    }

    fn compare() {
        let folder = tempfile::tempdir().unwrap();
        let mut runs: Vec<Vec<Usage>> = vec![Vec::new(); CASES.len()];
        for (index, case) in CASES.iter().enumerate() {
            std::fs::write(folder.path().join(format!("{index}.csv")), case.rows()).unwrap();
        }
        // In turn, so that what else the machine does meets all of them.
        for _ in 0..RUNS {
            for (index, runs) in runs.iter_mut().enumerate() {
                runs.push(run(folder.path(), &index.to_string()));
            }
        }
        let middles: Vec<Usage> = runs.into_iter().map(middle).collect();
        println!("{:<46}{:>14}{:>14}", "", "user+system", "peak memory");
        let mut missed = false;
        for (case, usage) in CASES.iter().zip(&middles) {
            println!("{:<46}{:>12.2} s{:>11.0} MB", case.name, usage.seconds, usage.megabytes);
            missed |= case.tables == 100_000 && (usage.seconds > MOST.0 || usage.megabytes > MOST.1);
        }
        let ratio = middles[3].seconds / middles[2].seconds;
        println!("8,000 prefixes against one: {ratio:.2} times the time");
        println!(
            "targets: {:.0} s and {:.0} MB for 100,000 tables, {MOST_RATIO:.0} times: {}",
            MOST.0,
            MOST.1,
            if missed || ratio > MOST_RATIO { "MISSED" } else { "met" }
        );
    }

    /// The run in the middle by time, with the highest peak of all.
    fn middle(mut runs: Vec<Usage>) -> Usage {
        runs.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        let megabytes = runs.iter().map(|usage| usage.megabytes).fold(0.0, f64::max);
        Usage { megabytes, ..runs[runs.len() / 2] }
    }

    /// One run, by a parent of its own.
    fn run(folder: &Path, name: &str) -> Usage {
        let output = Command::new(std::env::current_exe().unwrap())
            .args([MEASURE, folder.to_str().unwrap(), name])
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(output.status.success());
        let said = String::from_utf8(output.stdout).unwrap();
        let (seconds, megabytes) = said.trim().split_once(' ').unwrap();
        Usage { seconds: seconds.parse().unwrap(), megabytes: megabytes.parse().unwrap() }
    }

    fn measure(folder: &str, name: &str) {
        let output = Path::new(folder).join(format!("{name}-out"));
        let status = Command::new(env!("CARGO_BIN_EXE_tapworks"))
            .args(["generate", "--connector", "sql_server", "--quiet", "--output", "json"])
            .arg("--source")
            .arg(Path::new(folder).join(format!("{name}.csv")))
            .arg("--output-dir")
            .arg(&output)
            .current_dir(folder)
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
        let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
        let microseconds = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
        // Linux counts in kilobytes, macOS in bytes.
        let unit = if cfg!(target_os = "macos") { 1e6 } else { 1e3 };
        println!("{} {}", microseconds as f64 / 1e6, usage.max_rss() as f64 / unit);
        std::fs::remove_dir_all(output).unwrap();
    }

    impl Case {
        fn rows(&self) -> String {
            let mut text =
                "project_name,prefix,source_database,source_schema,source_table_name,target_catalog,\
                            target_schema,target_table_name,connection_name,gateway_catalog,gateway_schema\n"
                    .to_owned();
            for table in 0..self.tables {
                let prefix = table % self.prefixes;
                let project = prefix % self.projects;
                writeln!(
                    text,
                    "project{project},pre{prefix},erp,dbo,Table{table},bronze,raw{project},table_{table},\
                     connection_{project},bronze,staging"
                )
                .unwrap();
            }
            text
        }
    }
}
