//! Which pipeline and which gateway a table belongs to, and what they are called. Pure.

mod fill;
mod layout;

pub use fill::place;
pub use layout::{Gateway, Layout, Pipeline, Project, gateway_key};
