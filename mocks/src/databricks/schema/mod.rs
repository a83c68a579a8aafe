//! Which fields a configuration may have, and of which type.
//!
//! What matters here is what the CLI does with a mistake: an unknown field or a wrong type is only a warning, and the
//! field is dropped. Blocks that no bundle of ours writes are taken as they come ([`Type::Any`]).

mod bundle;
mod job;
mod pipeline;

pub(super) use bundle::ROOT;
pub(super) use job::JOB;
pub(super) use pipeline::PIPELINE;

/// The type of a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Type {
    /// Anything, unchecked.
    Any,
    Text,
    /// Text that should be one of these.
    Enum(&'static [&'static str]),
    Bool,
    Int,
    Map(&'static Type),
    List(&'static Type),
    Struct(&'static Struct),
}

/// A map with known keys.
#[derive(Debug)]
pub(super) struct Struct {
    pub(super) fields: &'static [Field],
}

/// One key of a [`Struct`].
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Type,
    /// A warning is due where it is missing.
    pub(super) required: bool,
}

impl Type {
    /// What a scalar that is not set is sent as where it must be there.
    pub(super) fn nothing(self) -> Option<serde_json::Value> {
        match self {
            Type::Text | Type::Enum(_) => Some("".into()),
            Type::Bool => Some(false.into()),
            Type::Int => Some(0.into()),
            Type::Any | Type::Map(_) | Type::List(_) | Type::Struct(_) => None,
        }
    }
}

impl Struct {
    /// The field of this name.
    pub(super) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// Whether a field of this name is a map whose keys are the user's, in whichever block it stands: also in those that are not
/// described here.
pub(super) fn is_map(name: &str) -> bool {
    matches!(
        name,
        "base_parameters"
            | "client_config"
            | "configs"
            | "configuration"
            | "custom_tags"
            | "format_options"
            | "job_parameters"
            | "named_parameters"
            | "notebook_params"
            | "options"
            | "parameters"
            | "python_named_params"
            | "spark_conf"
            | "spark_env_vars"
            | "sql_params"
            | "table_properties"
            | "tags"
    )
}

/// A list of texts.
const TEXTS: Type = Type::List(&Type::Text);
/// A map from text to text.
const TEXT_MAP: Type = Type::Map(&Type::Text);

/// `shape!(NAME { field: TYPE, needed!: TYPE })` declares a [`Struct`].
macro_rules! shape {
    ($visibility:vis $name:ident { $($fields:tt)* }) => {
        $visibility static $name: $crate::databricks::schema::Struct =
            $crate::databricks::schema::Struct { fields: shape!(@fields [] $($fields)*) };
    };
    (@fields [$($done:expr,)*]) => { &[$($done,)*] };
    (@fields [$($done:expr,)*] $field:ident !: $kind:expr $(, $($rest:tt)*)?) => {
        shape!(@fields [$($done,)* shape!(@field $field, $kind, true),] $($($rest)*)?)
    };
    (@fields [$($done:expr,)*] $field:ident : $kind:expr $(, $($rest:tt)*)?) => {
        shape!(@fields [$($done,)* shape!(@field $field, $kind, false),] $($($rest)*)?)
    };
    (@field $field:ident, $kind:expr, $required:expr) => {
        $crate::databricks::schema::Field { name: stringify!($field), kind: $kind, required: $required }
    };
}
use shape;

shape!(LIFECYCLE { prevent_destroy: Type::Bool });

/// Levels that the permissions of a pipeline know.
const PIPELINE_LEVELS: Type = Type::Enum(&["CAN_MANAGE", "CAN_RUN", "CAN_VIEW", "IS_OWNER"]);
/// Levels that the permissions of a job know.
const JOB_LEVELS: Type = Type::Enum(&["CAN_MANAGE", "CAN_MANAGE_RUN", "CAN_VIEW", "IS_OWNER"]);
const DAYS: Type =
    Type::List(&Type::Enum(&["FRIDAY", "MONDAY", "SATURDAY", "SUNDAY", "THURSDAY", "TUESDAY", "WEDNESDAY"]));
const PAUSE: Type = Type::Enum(&["PAUSED", "UNPAUSED"]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_name() {
        assert!(PIPELINE.field("catalog").is_some());
        assert!(PIPELINE.field("catalogue").is_none());
        assert!(matches!(JOB.field("tasks").map(|field| field.kind), Some(Type::List(_))));
    }
}
