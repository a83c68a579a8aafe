//! A plan that could not be read.

/// Why what `databricks bundle plan` printed is no plan that can be judged.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// No document, or one of another shape.
    #[error("`databricks bundle plan` printed a document that is not a plan: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// It says nothing of any resource, not even that there is none.
    #[error("`databricks bundle plan` printed a document that is not a plan: it has no `plan`")]
    Empty,
    /// Only the direct engine writes a version.
    #[error(
        "the databricks CLI{} printed a plan without `plan_version`, as its terraform engine makes it: it does not tell what \
         happens to tables", cli_text(.cli)
    )]
    Terraform {
        /// The CLI, where it says so.
        cli: Option<String>,
    },
    /// Of another version.
    #[error("the databricks CLI{} printed a plan of version {version}, and this tapworks reads version {expected}", cli_text(.cli))]
    Version {
        /// As it was written.
        version: String,
        /// The one that is read.
        expected: u64,
        /// The CLI, where it says so.
        cli: Option<String>,
    },
    /// It is a plan of a part.
    #[error("`databricks bundle plan` left out {0} of the bundle's resources")]
    Partial(u64),
    /// One of its nodes is not understood.
    #[error("`databricks bundle plan` printed what is not understood of `{key}`: {what}")]
    Node {
        /// As the CLI names it, `resources.pipelines.x`.
        key: String,
        /// What is wrong with it.
        what: String,
    },
}

impl PlanError {
    /// What to do about it, one line each.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Terraform { .. } => {
                "what lies there was deployed with that engine: in the folder of the bundle as it was deployed run `databricks bundle \
                 deployment migrate -t TARGET`, then `databricks bundle plan -t TARGET`, which must show no change, then `databricks \
                 bundle deploy -t TARGET`"
            }
            Self::Version { expected, .. } => {
                return vec![format!(
                    "use a databricks CLI that plans in version {expected}, as 1.14.0 does, or a tapworks that knows the other"
                )];
            }
            Self::Unreadable(_) | Self::Empty | Self::Partial(_) | Self::Node { .. } => {
                "the CLI may be newer than this tapworks knows: use the databricks CLI 1.14.0, and please report it"
            }
        };
        vec![hint.to_owned()]
    }
}

fn cli_text(cli: &Option<String>) -> String {
    cli.as_ref().map(|version| format!(" {version}")).unwrap_or_default()
}
