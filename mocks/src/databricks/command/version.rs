//! `version`

use serde_json::json;

use super::{Failure, Session, pretty};

pub(super) fn run(session: Session<'_>) -> Result<(), Failure> {
    let version = session.environment.cli_version();
    if !session.common.json {
        session.output.data(&format!("Databricks CLI v{version}\n"));
        return Ok(());
    }
    let core = version.split(['-', '+']).next().unwrap_or_default();
    let number = |index: usize| {
        core.split('.').nth(index).and_then(|part| part.parse::<u64>().ok()).unwrap_or_default()
    };
    let pre = version.split_once('-').map_or("", |(_, pre)| pre.split('+').next().unwrap_or_default());
    let document = json!({
        "ProjectName": "cli",
        "Version": version,
        "Branch": "main",
        "Tag": format!("v{version}"),
        "ShortCommit": "00000000",
        "FullCommit": "0000000000000000000000000000000000000000",
        "CommitTime": "2026-08-27T00:00:00Z",
        "Summary": format!("v{version}"),
        "Major": number(0),
        "Minor": number(1),
        "Patch": number(2),
        "Prerelease": pre,
        "IsSnapshot": false,
        "BuildTime": "2026-08-27T00:00:00Z",
    });
    session.output.data(&pretty(&document)?);
    Ok(())
}
