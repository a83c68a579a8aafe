//! `tapworks auth status`

use std::path::PathBuf;

use futures_util::stream::{self, StreamExt as _};

use super::super::named_targets::named_targets;
use super::super::runtime::block_on;
use super::super::{Context, Failure, OutputFormat, workspaces};
use super::which::settings;
use crate::interrupt::Interrupt;
use crate::report::{AuthStatusDocument, AuthTargetDocument};
use crate::settings::{Settings, Target};
use crate::workspace::{Access, AccessRequest, Client};

/// Show how each target is reached: host, profile, way to authenticate, where each value comes from, user, warehouse
///
/// Shows the targets of the settings, else the workspace of the environment. Secrets are never shown.
///
///     tapworks auth status
///     tapworks auth status --target prod
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// This target only; repeatable
    #[arg(short, long, value_name = "NAME")]
    target: Vec<String>,
    /// The workspace at this address, whatever the settings say
    #[arg(long, value_name = "URL", conflicts_with = "target")]
    host: Option<String>,
    /// With this profile of .databrickscfg
    #[arg(short, long, value_name = "NAME")]
    profile: Option<String>,
    /// The settings file; without it tapworks.yml is looked for from here upwards
    #[arg(short, long, alias = "settings", value_name = "FILE", env = "TAPWORKS_CONFIG")]
    config: Option<PathBuf>,
}

/// How many workspaces are asked side by side; how many requests are really under way the run's limit decides.
const WIDTH: usize = 64;

/// One line of the answer.
struct Asked {
    document: AuthTargetDocument,
    access: Result<Access, Failure>,
    warehouse: Option<String>,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<u8, Failure> {
    let asked = asked(context, arguments)?;
    let answers = block_on(context, |interrupt| async move {
        let answers = stream::iter(asked).map(|one| ask(context, one, &interrupt)).buffered(WIDTH);
        let answers: Vec<_> = answers.collect().await;
        context.runtime.go_on().map(|()| answers)
    })?;
    let status = answers.iter().map(|(_, status)| *status).max().unwrap_or(0);
    let document = AuthStatusDocument::new(answers.into_iter().map(|(document, _)| document).collect());
    match context.output {
        OutputFormat::Json => context.printer.json(&document),
        OutputFormat::Text => context.printer.data(&document.text()),
    }
    Ok(status)
}

fn asked(context: &Context, arguments: &Arguments) -> Result<Vec<Asked>, Failure> {
    let settings = settings(context, arguments.config.clone())?;
    let profile = arguments.profile.as_deref();
    let targets: Vec<Target> = if !arguments.target.is_empty() {
        named_targets(&settings, &arguments.target)?
    } else if arguments.host.is_none() {
        settings.targets.values().cloned().collect()
    } else {
        Vec::new()
    };
    if targets.is_empty() {
        let request = AccessRequest {
            host: arguments.host.clone(),
            profile: profile.map(str::to_owned),
            profile_is_explicit: profile.is_some(),
        };
        return Ok(vec![Asked {
            document: AuthTargetDocument::new(None, arguments.host.as_deref()),
            access: Access::resolve(&request, &context.environment).map_err(Failure::from),
            warehouse: settings.warehouse_id.or(settings.file_warehouse_id),
        }]);
    }
    Ok(targets.iter().map(|target| of_target(context, &settings, target, profile)).collect())
}

fn of_target(context: &Context, settings: &Settings, target: &Target, profile: Option<&str>) -> Asked {
    Asked {
        document: AuthTargetDocument::new(Some(&target.name), target.host.as_deref()),
        access: workspaces::access(context, target, profile),
        warehouse: settings.warehouse_for(target).map(str::to_owned),
    }
}

/// What the workspace says, and the exit status that this alone would give.
async fn ask(context: &Context, asked: Asked, interrupt: &Interrupt) -> (AuthTargetDocument, u8) {
    let Asked { mut document, access, warehouse } = asked;
    let standing = async {
        let access = access?;
        document.reached_by(&access);
        let client = Client::connect(access, workspaces::options(context, interrupt), &context.environment)?;
        let standing = client.standing(warehouse.as_deref()).await;
        // The way that worked is known only now.
        document.reached_by(client.access());
        document.stands(&standing?, jiff::Timestamp::now());
        Ok::<_, Failure>(())
    };
    match standing.await {
        Ok(()) => (document, 0),
        Err(failure) => {
            document.fails(failure.message(), failure.hints());
            (document, failure.exit_status())
        }
    }
}
