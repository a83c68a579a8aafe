//! The bundle of a project: typed documents, their rendering, and the package on disk, written and read back.

mod document;
mod import;
mod package;
mod render;
mod root;
mod vanished;
mod variables;

pub use import::{ImportError, import};
pub use package::{Change, Package, PackageError, Written};
pub use render::{Options, render};
pub use root::root_path;
pub use vanished::{vanished, vanished_bundles};
