//! End to end, through the binary, by topic.

mod context;
mod deploy;
mod examples;
mod generate;
mod layers;
