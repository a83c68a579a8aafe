//! Statements that a finding offers.

use crate::workspace::Securable;

/// A name in back-quotes, as SQL takes it whatever it holds.
pub(super) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// Names of several parts, each in back-quotes.
pub(super) fn quoted_parts(parts: &[&str]) -> String {
    parts.iter().map(|part| quoted(part)).collect::<Vec<_>>().join(".")
}

/// `GRANT USE SCHEMA, CREATE TABLE ON SCHEMA … TO …`.
pub(super) fn grant(privileges: &[&str], securable: Securable, quoted_name: &str, principal: &str) -> String {
    format!(
        "GRANT {} ON {} {quoted_name} TO {}",
        words(privileges),
        securable.as_str().to_uppercase(),
        quoted(principal)
    )
}

/// Privileges as SQL and people write them: `USE SCHEMA, CREATE TABLE`.
pub(super) fn words(privileges: &[&str]) -> String {
    privileges.iter().map(|privilege| privilege.replace('_', " ")).collect::<Vec<_>>().join(", ")
}
