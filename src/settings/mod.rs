//! Settings: flags, environment and `tapworks.yml` become one value for everything that can be set.

mod assignments;
mod column;
mod error;
mod file;
mod flags;
mod limits;
mod overlay;
mod placement;
mod profiles;
mod reader;
mod resolved;
mod roots;
mod schema;
mod skip;
mod source;
mod target;
#[cfg(test)]
mod tests;
mod version;

pub use assignments::{Assigned, Assignments, Layer};
pub use column::Column;
pub use error::SettingsError;
pub use flags::Flags;
pub use limits::Limits;
pub use overlay::Overlay;
pub use placement::Placement;
pub(crate) use reader::{Document, KeySpec, Kind, Reader};
pub use resolved::Settings;
pub use roots::judge_roots;
pub(crate) use schema::map_of;
pub use schema::schema;
pub use skip::Skip;
pub use source::SourceSetting;
pub use target::{Mode, Target, TargetError};
