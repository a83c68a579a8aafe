//! Whether a plan may be carried out.

use std::io::{BufRead as _, IsTerminal as _};

use super::desired::Wanted;
use super::environment::Environment;
use super::output::Output;
use super::plan::Plan;
use super::rule::Action;

/// What stands above the list of pipelines that will be deleted or recreated.
const BANNER: &str = "
This action will result in the deletion or recreation of the following Lakeflow Spark Declarative Pipelines along with the
Streaming Tables (STs) and Materialized Views (MVs) managed by them. Recreating the pipelines will
restore the defined STs and MVs through full refresh. Note that recreation is necessary when pipeline
properties such as the 'catalog' or 'storage' are changed:";

/// What is said to whoever cannot be asked.
const REFUSAL: &str = "the deployment requires destructive actions, but the current console does not support prompting.
Deleting data assets such as schemas, pipelines, or volumes may cause permanent data loss and should be carefully reviewed.
To proceed, use --auto-approve after reviewing the plan above.
";

/// The resources that the configuration protects and the plan would destroy.
pub(super) fn prevented(plan: &Plan, wanted: &Wanted) -> Result<(), String> {
    let messages: Vec<String> = plan
        .plan
        .iter()
        .filter(|(name, step)| {
            matches!(step.action, Action::Delete | Action::Recreate)
                && wanted.get(*name).is_some_and(|desired| desired.prevent_destroy)
        })
        .map(|(name, _)| {
            format!(
                "{name} has lifecycle.prevent_destroy set, but the plan calls for this resource to be recreated or destroyed. To avoid this error, disable lifecycle.prevent_destroy for {name}"
            )
        })
        .collect();
    if messages.is_empty() { Ok(()) } else { Err(format!("{}\n", messages.join("\n"))) }
}

/// Shows what is at stake and asks, unless all was agreed to before. `Ok(false)` is a "no".
pub(super) fn ask(
    plan: &Plan,
    auto_approve: bool,
    environment: &Environment,
    output: Output,
) -> Result<bool, String> {
    let destructive = plan.destructive();
    if destructive.is_empty() {
        return Ok(true);
    }
    output.message(BANNER);
    for (name, action) in destructive {
        output.message(&format!("  {} {name}", action.word()));
    }
    if auto_approve {
        return Ok(true);
    }
    if !can_prompt(environment) {
        return Err(REFUSAL.to_owned());
    }
    output.message("Would you like to proceed? [y/n]: ");
    Ok(confirmed())
}

/// Whether somebody sits at the other end.
pub(super) fn can_prompt(environment: &Environment) -> bool {
    environment.get_raw("NO_COLOR").is_none()
        && environment.get("TERM") != Some("dumb")
        && std::io::stdin().is_terminal()
        && std::io::stderr().is_terminal()
}

/// Reads the answer to a question.
pub(super) fn confirmed() -> bool {
    let mut answer = String::new();
    let _ = std::io::stdin().lock().read_line(&mut answer);
    matches!(answer.trim(), "y" | "Y" | "yes")
}
