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
    checked(what, &text)
}

fn checked(what: &str, text: &str) -> Result<SecretString, Failure> {
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

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_secret_is_one_word_and_no_refusal_repeats_it() {
        assert_eq!(checked("token", " dapi123\r\n").unwrap().expose_secret(), "dapi123");
        for text in ["", " \n", "dapi123 456", "dapi123\ndapi456"] {
            let refused = checked("token", text).unwrap_err();
            assert_eq!(refused.exit_status(), 2);
            assert!(!refused.message().contains("dapi"), "{}", refused.message());
        }
    }
}
