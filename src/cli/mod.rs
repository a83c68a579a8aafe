//! The command line: one file per command with its arguments (the doc comment is the help) and its `run`. Commands hold
//! no logic: they resolve settings, call the library, and hand the value to `report`.

mod auth;
mod check;
mod configuration;
mod connectors;
mod consent;
mod demo;
mod deploy;
mod explain;
mod failure;
mod generate;
mod init;
mod input;
mod journal;
mod lock;
mod named_targets;
mod network;
mod plan;
mod prepare;
mod rebalance;
mod recovery;
mod reports;
mod runtime;
mod saved;
mod schema;
mod sites;
mod source;
mod terminal;
mod today;
mod workspaces;

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use failure::{Failure, status};
use network::{Network, NetworkArguments};
use runtime::Runtime;

use crate::environment::Environment;
use crate::report::{ColorChoice, Printer, Verbosity};

/// From a table of what to ingest to deployed Databricks Lakeflow Connect pipelines.
///
/// tapworks reads a table list, spreads its tables over pipelines and gateways,
/// writes a Databricks Asset Bundle, checks the workspace and deploys, per target:
///
///     tapworks deploy --source main.cfg.tables --target prod
#[derive(Parser)]
#[command(name = "tapworks", version, verbatim_doc_comment, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(clap::Args)]
struct Global {
    /// What the result is written as
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        default_value_t,
        env = "TAPWORKS_OUTPUT",
        help_heading = "Output"
    )]
    output: OutputFormat,
    /// Tell more; twice also the requests
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Output")]
    verbose: u8,
    /// Tell results and errors only
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Output")]
    quiet: bool,
    /// When to colour
    #[arg(long, global = true, value_enum, default_value_t, help_heading = "Output")]
    color: ColorChoice,
    #[command(flatten)]
    network: NetworkArguments,
}

/// What a result is written as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    /// For people.
    #[default]
    Text,
    /// One versioned document.
    Json,
}

#[derive(Subcommand)]
enum Command {
    Generate(Box<generate::Arguments>),
    Check(Box<check::Arguments>),
    Plan(Box<plan::Arguments>),
    Deploy(Box<deploy::Arguments>),
    Explain(Box<explain::Arguments>),
    Lock(Box<lock::Arguments>),
    Rebalance(Box<rebalance::Arguments>),
    Init(init::Arguments),
    Auth(auth::Arguments),
    Connectors(connectors::Arguments),
    Schema(schema::Arguments),
    Demo(demo::Arguments),
}

impl Command {
    /// As its documents are called.
    fn name(&self) -> &'static str {
        match self {
            Self::Generate(_) => "generate",
            Self::Check(_) => "check",
            Self::Plan(_) => "plan",
            Self::Deploy(_) => "deploy",
            Self::Explain(_) => "explain",
            Self::Lock(_) => "lock",
            Self::Rebalance(_) => "rebalance",
            Self::Init(_) => "init",
            Self::Auth(_) => "auth",
            Self::Connectors(_) => "connectors",
            Self::Schema(_) => "schema",
            Self::Demo(_) => "demo",
        }
    }
}

/// What a command works with.
struct Context {
    environment: Environment,
    printer: Arc<Printer>,
    output: OutputFormat,
    network: Arc<Network>,
    runtime: Arc<Runtime>,
    /// How the program was called, without its name.
    arguments: Vec<String>,
}

/// Parses the arguments and runs the command.
pub(crate) fn main() -> ExitCode {
    let environment = Environment::of_process();
    let cli = match Cli::of(std::env::args_os(), &environment) {
        Ok(cli) => cli,
        Err(told) => return tell(&told),
    };
    start_log(cli.global.verbose);
    let verbosity = match (cli.global.quiet, cli.global.verbose) {
        (true, _) => Verbosity::Quiet,
        (false, 0) => Verbosity::Normal,
        (false, _) => Verbosity::Verbose,
    };
    let context = Context {
        environment,
        printer: Arc::new(Printer::new(verbosity, cli.global.color)),
        output: cli.global.output,
        network: Arc::new(Network::new(&cli.global.network)),
        runtime: Arc::default(),
        arguments: std::env::args_os().skip(1).map(|text| text.to_string_lossy().into_owned()).collect(),
    };
    let command = cli.command.name();
    let result = match cli.command {
        Command::Generate(arguments) => generate::run(&context, *arguments),
        Command::Check(arguments) => check::run(&context, *arguments),
        Command::Plan(arguments) => plan::run(&context, *arguments),
        Command::Deploy(arguments) => deploy::run(&context, *arguments),
        Command::Explain(arguments) => explain::run(&context, *arguments),
        Command::Lock(arguments) => lock::run(&context, *arguments),
        Command::Rebalance(arguments) => rebalance::run(&context, *arguments),
        Command::Init(arguments) => init::run(&context, &arguments),
        Command::Schema(arguments) => schema::run(&context, &arguments),
        Command::Auth(arguments) => auth::run(&context, &arguments),
        Command::Connectors(arguments) => connectors::run(&context, &arguments),
        Command::Demo(arguments) => demo::run(&context, &arguments),
    };
    if let Some(sent) = context.network.summary() {
        context.printer.detail(&sent);
    }
    let status = match result {
        Ok(status) => status,
        Err(failure) => {
            // Commands that know more than the error have printed their document themselves.
            if context.output == OutputFormat::Json && !failure.is_usage() && !context.printer.has_answered()
            {
                context.printer.json(&serde_json::json!({
                    "format": format!("tapworks.{command}/1"),
                    "error": { "message": failure.message(), "hints": failure.hints() },
                }));
            }
            failure.show(&context.printer);
            failure.exit_status()
        }
    };
    match context.printer.lost() {
        None => ExitCode::from(status),
        Some(error) => {
            let lost = Failure::unwritten(error);
            lost.show(&context.printer);
            // What went wrong before says more.
            let is_well = [status::DONE, status::CHANGES].contains(&status);
            ExitCode::from(if is_well { lost.exit_status() } else { status })
        }
    }
}

impl Cli {
    /// What these arguments say, the name of the program first, and the variables for what they do not say.
    fn of(
        arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
        environment: &Environment,
    ) -> Result<Self, clap::Error> {
        let command = without_empty_variables(Self::command(), environment);
        Self::from_arg_matches(&command.try_get_matches_from(arguments)?)
    }
}

/// The command without the variables that are set to nothing: they count as not set, as everywhere.
fn without_empty_variables(command: clap::Command, environment: &Environment) -> clap::Command {
    let argument = |argument: clap::Arg| {
        let name = argument.get_env().and_then(std::ffi::OsStr::to_str);
        let is_empty = name.is_some_and(|name| environment.is_empty(name));
        if is_empty { argument.env(clap::builder::Resettable::Reset) } else { argument }
    };
    command.mut_args(argument).mut_subcommands(|command| without_empty_variables(command, environment))
}

/// Help, the version, or what is wrong with the arguments.
fn tell(told: &clap::Error) -> ExitCode {
    match told.print() {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            let printer = Printer::new(Verbosity::Normal, ColorChoice::Auto);
            let lost = Failure::unwritten(&error);
            lost.show(&printer);
            ExitCode::from(lost.exit_status())
        }
        _ => ExitCode::from(u8::try_from(told.exit_code()).unwrap_or(status::USAGE)),
    }
}

/// For developers and `-vv`: what is sent, never what is in it. Libraries below us are not heard: what they trace may hold
/// what we keep secret.
fn start_log(verbose: u8) {
    use std::io::IsTerminal as _;
    use tracing_subscriber::Layer as _;
    use tracing_subscriber::filter::{EnvFilter, FilterExt as _, filter_fn};
    use tracing_subscriber::layer::SubscriberExt as _;

    let wanted = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new(if verbose > 1 { "tapworks=debug" } else { "off" }));
    let ours = filter_fn(|event| event.target().starts_with("tapworks"));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .without_time();
    let subscriber = tracing_subscriber::registry().with(lines.with_filter(wanted.and(ours)));
    // The one who came first keeps the log: the demo runs commands within a command.
    let _ = tracing::subscriber::set_global_default(subscriber);
}
