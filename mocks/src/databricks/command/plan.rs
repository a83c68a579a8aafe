//! `bundle plan`

use super::{Failure, Session, check_branch, make_plan, pretty, pull_state, wanted};

pub(super) async fn run(session: Session<'_>, select: &[String], force: bool) -> Result<(), Failure> {
    let (bundle, client) = session.load().await?;
    check_branch(&bundle, force)?;
    let state = pull_state(&bundle, &client).await?;
    let (wanted, selected) = wanted(&bundle, select)?;
    let plan = make_plan(session, &client, &wanted, selected.as_ref(), &state).await?;
    let text = if session.common.json { pretty(&plan)? } else { plan.show(session.common.quiet) };
    session.output.data(&text);
    Ok(())
}
