//! `tapworks auth login`

use serde::Serialize;

use super::super::runtime::block_on;
use super::super::{Context, Failure, OutputFormat, workspaces};
use super::secret;
use super::which::WhichArguments;
use crate::workspace::{Access, AccessRequest, Host, Kept};

/// Keep a token, or the secret of a service principal, in the keyring of this machine
///
/// The token is typed at the prompt, or read from standard input where that is no terminal. It is checked at the
/// workspace before it is kept, and used where nothing else gives credentials for that workspace.
///
///     tapworks auth login --host https://dbc-a1b2c3d4-e5f6.cloud.databricks.com
///     tapworks auth login --target prod --client-id 3f2504e0-… < secret
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    #[command(flatten)]
    which: WhichArguments,
    /// Log in as this service principal; its secret is read in place of a token
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
}

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    host: &'a str,
    user: &'a str,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<u8, Failure> {
    let host = arguments.which.host(context)?;
    let options = context.network.options();
    let keyring = options.keyring.clone();
    // Nobody should type a token that can then not be kept.
    block_on(context, |_| async { Ok(Kept::may_be_stored(&keyring, &host).await?) })?;
    let kept = match &arguments.client_id {
        None => Kept::Token(secret::read("token")?),
        Some(client_id) => {
            Kept::Client { client_id: client_id.clone(), client_secret: secret::read("client secret")? }
        }
    };
    let me = block_on(context, |interrupt| async move {
        let options = workspaces::options(context, &interrupt);
        Ok(kept.log_in(&host, options, &context.environment).await.map(|me| (me, host))?)
    });
    let (me, host) = me?;
    if let Some(other) = comes_first(context, &host) {
        context.printer.warn(&format!("{other}: it is used, not what was kept, as long as it is there"));
    }
    match context.output {
        OutputFormat::Json => context.printer.json(&Document {
            format: "tapworks.auth-login/1",
            host: host.as_str(),
            user: &me.user_name,
        }),
        OutputFormat::Text => {
            context.printer.data(&format!("logged in at {host} as {}; kept in the keyring\n", me.user_name));
        }
    }
    Ok(0)
}

/// What is used for this workspace in place of the keyring, which comes last.
fn comes_first(context: &Context, host: &Host) -> Option<String> {
    let request = AccessRequest { host: Some(host.to_string()), ..AccessRequest::default() };
    let access = Access::resolve(&request, &context.environment).ok()?;
    let (key, origin) = access.given_secret()?;
    Some(format!("{origin} gives {key} for it"))
}
