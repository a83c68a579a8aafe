//! The command line: which command, with which flags.

use super::environment::Environment;
use super::flag::{Flag, Given, Takes, flag, read};

/// What every bundle command takes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Common {
    pub(super) target: Option<String>,
    pub(super) profile: Option<String>,
    pub(super) json: bool,
    pub(super) variables: Vec<String>,
    pub(super) quiet: u8,
}

/// A command with its own flags.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Text that was asked for.
    Help(String),
    Version,
    Validate {
        strict: bool,
    },
    Plan {
        select: Vec<String>,
        force: bool,
    },
    Deploy(Deploy),
    Summary {
        force_pull: bool,
    },
    Destroy {
        auto_approve: bool,
        force_lock: bool,
    },
    Run {
        key: String,
        no_wait: bool,
    },
    Bind {
        key: String,
        id: String,
        auto_approve: bool,
        force_lock: bool,
    },
    Unbind {
        key: String,
        force_lock: bool,
    },
}

/// The flags of `bundle deploy`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Deploy {
    pub(super) auto_approve: bool,
    pub(super) fail_on_active_runs: bool,
    pub(super) force: bool,
    pub(super) force_lock: bool,
    pub(super) plan: Option<String>,
    pub(super) select: Vec<String>,
}

/// What a command looks like.
struct Shape {
    path: &'static [&'static str],
    about: &'static str,
    /// The words behind the command, as the usage names them.
    words: &'static [&'static str],
    flags: &'static [Flag],
}

const AUTO_APPROVE: Flag =
    flag("auto-approve", None, Takes::Nothing, "Skip interactive approvals that might be required");
const CLUSTER_ID: Flag = flag("cluster-id", Some('c'), Takes::Text, "Override cluster in the deployment");
const COMPUTE_ID: Flag = flag("compute-id", None, Takes::Text, "");
const FORCE: Flag = flag("force", None, Takes::Nothing, "Force-override Git branch validation");
const FORCE_LOCK: Flag = flag("force-lock", None, Takes::Nothing, "Force acquisition of deployment lock");
const QUIET: Flag =
    flag("quiet", Some('q'), Takes::Count, "Print less: -q the summary, -qq nothing on success");
const SELECT: Flag = flag("select", None, Takes::List, "Only the resource (e.g. 'my_job' or 'jobs.my_job')");

/// Flags of every command.
const GLOBAL: &[Flag] = &[
    flag("debug", None, Takes::Nothing, "enable debug logging"),
    flag("output", Some('o'), Takes::Text, "output type: text or json (default text)"),
    flag("profile", Some('p'), Takes::Text, "~/.databrickscfg profile"),
    flag("target", Some('t'), Takes::Text, "bundle target to use (if applicable)"),
    flag("environment", Some('e'), Takes::Text, ""),
    flag("var", None, Takes::List, "set values for variables defined in bundle config"),
    flag("help", Some('h'), Takes::Nothing, "help for the command"),
    flag("log-file", None, Takes::Text, ""),
    flag("log-format", None, Takes::Text, ""),
    flag("log-level", None, Takes::Text, ""),
    flag("version", Some('v'), Takes::Nothing, ""),
];

const SHAPES: &[Shape] = &[
    Shape {
        path: &["version"],
        about: "Retrieve information about the current version of this CLI",
        words: &[],
        flags: &[],
    },
    Shape {
        path: &["bundle", "validate"],
        about: "Validate configuration",
        words: &[],
        flags: &[
            flag("strict", None, Takes::Nothing, "Treat warnings as errors"),
            flag("include-locations", None, Takes::Nothing, ""),
        ],
    },
    Shape {
        path: &["bundle", "plan"],
        about: "Show deployment plan",
        words: &[],
        flags: &[CLUSTER_ID, COMPUTE_ID, FORCE, QUIET, SELECT],
    },
    Shape {
        path: &["bundle", "deploy"],
        about: "Deploy bundle",
        words: &[],
        flags: &[
            AUTO_APPROVE,
            CLUSTER_ID,
            COMPUTE_ID,
            flag("fail-on-active-runs", None, Takes::Nothing, "Fail if there are running jobs or pipelines"),
            FORCE,
            FORCE_LOCK,
            flag("plan", None, Takes::Text, "Path to a plan file to apply instead of planning"),
            QUIET,
            SELECT,
            flag("verbose", None, Takes::Nothing, ""),
        ],
    },
    Shape {
        path: &["bundle", "summary"],
        about: "Summarize resources deployed by this bundle",
        words: &[],
        flags: &[flag(
            "force-pull",
            None,
            Takes::Nothing,
            "Skip local cache and load the state from the workspace",
        )],
    },
    Shape {
        path: &["bundle", "destroy"],
        about: "Destroy deployed bundle resources",
        words: &[],
        flags: &[AUTO_APPROVE, FORCE_LOCK, QUIET],
    },
    Shape {
        path: &["bundle", "run"],
        about: "Run a job, pipeline update or app",
        words: &["KEY"],
        flags: &[flag("no-wait", None, Takes::Nothing, "Don't wait for the run to complete")],
    },
    Shape {
        path: &["bundle", "deployment", "bind"],
        about: "Bind bundle-defined resources to existing resources",
        words: &["KEY", "RESOURCE_ID"],
        flags: &[AUTO_APPROVE, FORCE_LOCK],
    },
    Shape {
        path: &["bundle", "deployment", "unbind"],
        about: "Unbind bundle-defined resources from its managed remote resource",
        words: &["KEY"],
        flags: &[FORCE_LOCK],
    },
];

/// Reads the arguments behind the program's name; the error is the whole text for stderr.
pub(super) fn parse(arguments: &[String], environment: &Environment) -> Result<(Command, Common), String> {
    let shape = find(arguments)?;
    let Some(shape) = shape else {
        let given = read(arguments, GLOBAL).map_err(|why| format!("Error: {why}\n\n{}", overview(&[])))?;
        let command =
            if given.has("version") { Command::Version } else { Command::Help(overview(&given.words)) };
        return Ok((command, common(&given, environment)?));
    };
    let known: Vec<Flag> = shape.flags.iter().chain(GLOBAL).copied().collect();
    let wrong = |why: String| format!("Error: {why}\n\n{}", usage(shape));
    let given = read(arguments, &known).map_err(wrong)?;
    if given.has("help") {
        return Ok((Command::Help(format!("{}\n\n{}", shape.about, usage(shape))), Common::default()));
    }
    let words = &given.words[shape.path.len()..];
    if words.len() > shape.words.len() && shape.words.is_empty() {
        return Err(wrong(format!(
            "unknown command \"{}\" for \"databricks {}\"",
            words[0],
            shape.path.join(" ")
        )));
    }
    let is_run = shape.path == ["bundle", "run"];
    if words.len() < shape.words.len() || (words.len() > shape.words.len() && !is_run) {
        let count = shape.words.len();
        return Err(wrong(format!("accepts {count} arg(s), received {}", words.len())));
    }
    let common = common(&given, environment).map_err(wrong)?;
    Ok((command(shape, &given, words), common))
}

/// The command that the words name; nothing for the program or `bundle` alone, which print an overview.
fn find(arguments: &[String]) -> Result<Option<&'static Shape>, String> {
    // Flags of all commands: at this point it only matters which of them take a value.
    let known: Vec<Flag> = SHAPES.iter().flat_map(|shape| shape.flags).chain(GLOBAL).copied().collect();
    let words = match read(arguments, &known) {
        Ok(given) => given.words,
        Err(_) => arguments.iter().filter(|argument| !argument.starts_with('-')).cloned().collect(),
    };
    let matches =
        |shape: &&Shape| words.len() >= shape.path.len() && words.iter().zip(shape.path).all(|(a, b)| a == b);
    if let Some(shape) = SHAPES.iter().find(matches) {
        return Ok(Some(shape));
    }
    match words.first().map(String::as_str) {
        None | Some("bundle" | "help") => Ok(None),
        Some(other) => Err(format!("Error: unknown command \"{other}\" for \"databricks\"\n")),
    }
}

fn common(given: &Given, environment: &Environment) -> Result<Common, String> {
    let output =
        given.text("output").or_else(|| environment.get("DATABRICKS_OUTPUT_FORMAT").map(str::to_owned));
    let json = match output.as_deref().map(str::to_lowercase).as_deref() {
        None | Some("text") => false,
        Some("json") => true,
        Some(other) => {
            return Err(format!(
                "invalid argument \"{other}\" for \"-o, --output\" flag: accepted arguments are json and text"
            ));
        }
    };
    Ok(Common {
        target: given
            .text("target")
            .or_else(|| given.text("environment"))
            .filter(|target| !target.is_empty()),
        profile: given.text("profile").filter(|profile| !profile.is_empty()),
        json,
        variables: given.list("var"),
        quiet: given.count("quiet"),
    })
}

fn command(shape: &Shape, given: &Given, words: &[String]) -> Command {
    let word = |index: usize| words.get(index).cloned().unwrap_or_default();
    let force_lock = given.has("force-lock");
    let auto_approve = given.has("auto-approve");
    match shape.path {
        ["version"] => Command::Version,
        [_, "validate"] => Command::Validate { strict: given.has("strict") },
        [_, "plan"] => Command::Plan { select: given.list("select"), force: given.has("force") },
        [_, "deploy"] => Command::Deploy(Deploy {
            auto_approve,
            fail_on_active_runs: given.has("fail-on-active-runs"),
            force: given.has("force"),
            force_lock,
            plan: given.text("plan").filter(|file| !file.is_empty()),
            select: given.list("select"),
        }),
        [_, "summary"] => Command::Summary { force_pull: given.has("force-pull") },
        [_, "destroy"] => Command::Destroy { auto_approve, force_lock },
        [_, "run"] => Command::Run { key: word(0), no_wait: given.has("no-wait") },
        [_, _, "bind"] => Command::Bind { key: word(0), id: word(1), auto_approve, force_lock },
        _ => Command::Unbind { key: word(0), force_lock },
    }
}

fn usage(shape: &Shape) -> String {
    let words: String = shape.words.iter().map(|word| format!(" {word}")).collect();
    format!(
        "Usage:\n  databricks {}{words} [flags]\n\nFlags:\n{}\nGlobal Flags:\n{}",
        shape.path.join(" "),
        flags(shape.flags),
        flags(GLOBAL)
    )
}

fn flags(flags: &[Flag]) -> String {
    let lines = flags.iter().filter(|flag| !flag.help.is_empty()).map(|flag| {
        let short = flag.short.map_or("    ".to_owned(), |short| format!("-{short}, "));
        let value = match flag.takes {
            Takes::Text => " string",
            Takes::List => " strings",
            Takes::Count => " count",
            Takes::Nothing => "",
        };
        format!("  {short}{:<24}   {}\n", format!("--{}{value}", flag.name), flag.help)
    });
    lines.collect()
}

/// The commands below what was named.
fn overview(words: &[String]) -> String {
    let in_bundle = words.first().is_some_and(|word| word == "bundle");
    let prefix: &[&str] = if in_bundle { &["bundle"] } else { &[] };
    let shown =
        SHAPES.iter().filter(|shape| shape.path.starts_with(prefix) && shape.path.len() > prefix.len());
    let lines: String = shown
        .map(|shape| format!("  {:<18} {}\n", shape.path[prefix.len()..].join(" "), shape.about))
        .collect();
    format!(
        "A stand-in for the Databricks CLI: it knows bundles of jobs and pipelines.\n\nUsage:\n  databricks {}[command]\n\nAvailable Commands:\n{lines}\nGlobal Flags:\n{}",
        if in_bundle { "bundle " } else { "" },
        flags(GLOBAL)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn parsed(line: &str) -> Result<(Command, Common), String> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse(&arguments, &Environment::of(Path::new("."), &[]))
    }

    #[test]
    fn commands_and_flags() {
        let (command, common) = parsed("bundle plan -o json -t prod --select a,b --var=x=1").unwrap();
        assert_eq!(command, Command::Plan { select: vec!["a".into(), "b".into()], force: false });
        assert!(common.json);
        assert_eq!((common.target.as_deref(), common.variables), (Some("prod"), vec!["x=1".to_owned()]));
        let (command, common) = parsed("-t dev bundle deploy --plan p.json --auto-approve -qq").unwrap();
        let deploy = Deploy { auto_approve: true, plan: Some("p.json".into()), ..Deploy::default() };
        assert_eq!((command, common.quiet), (Command::Deploy(deploy), 2));
        let bind = Command::Bind { key: "k".into(), id: "1".into(), auto_approve: true, force_lock: false };
        assert_eq!(parsed("bundle deployment bind k 1 --auto-approve").unwrap().0, bind);
        assert_eq!(parsed("--version").unwrap().0, Command::Version);
        assert_eq!(parsed("version -o json").unwrap().0, Command::Version);
    }

    #[test]
    fn mistakes_show_the_usage() {
        let error = parsed("bundle validate --nope -t prod").unwrap_err();
        assert!(
            error.starts_with("Error: unknown flag: --nope\n\nUsage:\n  databricks bundle validate [flags]")
        );
        let error = parsed("bundle plan extra").unwrap_err();
        assert!(error.starts_with("Error: unknown command \"extra\" for \"databricks bundle plan\""));
        assert!(parsed("bundle plan -o yaml").unwrap_err().contains("accepted arguments are json and text"));
        assert!(parsed("bundle deployment bind k").unwrap_err().contains("accepts 2 arg(s), received 1"));
        assert!(parsed("nope").is_err());
    }

    #[test]
    fn an_unknown_bundle_command_is_no_mistake() {
        assert!(matches!(parsed("bundle nope").unwrap().0, Command::Help(_)));
        assert!(matches!(parsed("").unwrap().0, Command::Help(_)));
    }
}
