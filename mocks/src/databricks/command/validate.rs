//! `bundle validate`

use super::{Failure, Session, error, pretty};
use crate::databricks::bundle::Bundle;
use crate::databricks::diagnostic::Severity;
use crate::databricks::workspace_files;

pub(super) async fn run(session: Session<'_>, strict: bool) -> Result<(), Failure> {
    let bundle = Bundle::load(session.common, session.environment).await;
    for diagnostic in &bundle.diagnostics.0 {
        session.output.message(&diagnostic.show(&bundle.sources));
    }
    let failed = bundle.diagnostics.has_errors();
    if let Some(client) = bundle.client().filter(|_| !failed && !bundle.sync_paths().is_empty()) {
        // Not a mistake of ours: looking at the files to send makes the folder for them.
        workspace_files::ensure_folder(client, bundle.path("file_path")).await?;
    }
    if session.common.json {
        session.output.data(&pretty(&bundle.to_json())?);
    } else {
        session.output.data(&format!("{}{}", header(&bundle), verdict(&bundle)));
    }
    if failed {
        return Err(Failure::Told);
    }
    match bundle.diagnostics.count(Severity::Warning) {
        count if strict && count > 0 => {
            let found = if count == 1 {
                "1 warning was found".to_owned()
            } else {
                format!("{count} warnings were found")
            };
            Err(error(format!("{found}. Warnings are not allowed in strict mode")))
        }
        _ => Ok(()),
    }
}

/// Name, target and workspace, as far as they are known.
pub(super) fn header(bundle: &Bundle) -> String {
    let name = bundle.text(&["bundle", "name"]);
    if name.is_empty() {
        return String::new();
    }
    let mut text = format!("Name: {name}\n");
    let target = bundle.target();
    if target.is_empty() {
        return text;
    }
    text.push_str(&format!("Target: {target}\nWorkspace:\n"));
    let user = bundle.text(&["workspace", "current_user", "userName"]);
    for (word, value) in [("Host", bundle.path("host")), ("User", user), ("Path", bundle.path("root_path"))] {
        if !value.is_empty() {
            text.push_str(&format!("  {word}: {value}\n"));
        }
    }
    text
}

fn verdict(bundle: &Bundle) -> String {
    let parts: Vec<String> = [
        (Severity::Error, "error"),
        (Severity::Warning, "warning"),
        (Severity::Recommendation, "recommendation"),
    ]
    .into_iter()
    .map(|(severity, word)| (bundle.diagnostics.count(severity), word))
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}{}", if count == 1 { "" } else { "s" }))
    .collect();
    match parts.split_last() {
        None => "\nValidation OK!\n".to_owned(),
        Some((last, [])) => format!("\nFound {last}\n"),
        Some((last, before)) => format!("\nFound {} and {last}\n", before.join(", ")),
    }
}
