//! `tapworks auth`

mod login;
mod logout;
mod secret;
mod status;
mod which;

use super::Context;
use super::failure::Failure;

/// Keep a credential in the keyring of this machine, and see how each workspace is reached
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Login(login::Arguments),
    Logout(logout::Arguments),
    Status(status::Arguments),
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<u8, Failure> {
    match &arguments.command {
        Command::Login(arguments) => login::run(context, arguments),
        Command::Logout(arguments) => logout::run(context, arguments),
        Command::Status(arguments) => status::run(context, arguments),
    }
}
