//! The bundle of a project: typed documents, their rendering, and the package on disk.

mod document;
mod package;
mod render;
mod root;
mod vanished;
mod variables;

pub use package::{Change, Package, PackageError, Written};
pub use render::{Options, render};
pub use root::root_path;
pub use vanished::{vanished, vanished_bundles};
