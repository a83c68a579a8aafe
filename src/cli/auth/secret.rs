//! A secret that somebody types, or that comes on standard input. Never from a flag: other users of the machine see those.

use std::io::{IsTerminal as _, Read as _};

use secrecy::SecretString;

use super::super::Failure;

/// Longer than any token; what is longer is something else.
const LONGEST: u64 = 64 * 1024;

/// Reads `what`: without echo at a terminal, else standard input as a whole.
pub(super) fn read(what: &str) -> Result<SecretString, Failure> {
    let stdin = std::io::stdin();
    let text = if stdin.is_terminal() {
        rpassword::prompt_password(format!("{what}: "))?
    } else {
        let mut text = String::new();
        stdin.lock().take(LONGEST).read_to_string(&mut text)?;
        text
    };
    let text = text.trim();
    if text.is_empty() {
        return Err(Failure::usage(format!("no {what} was given"))
            .hint(format!("type the {what} at the prompt, or send it to standard input")));
    }
    if text.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
        return Err(Failure::usage(format!("what was given is no {what}: it is more than one word")));
    }
    Ok(SecretString::from(text.to_owned()))
}
