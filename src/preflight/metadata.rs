//! `metadata.json` in a bundle's state folder: which bundle and target lie there.

use serde::Deserialize;

/// The part of it that tells deployments apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// `bundle.name`.
    pub bundle: String,
    /// `bundle.target`.
    pub target: String,
}

#[derive(Deserialize)]
struct Document {
    config: Config,
}

#[derive(Deserialize)]
struct Config {
    bundle: Bundle,
}

#[derive(Deserialize)]
struct Bundle {
    #[serde(default)]
    name: String,
    #[serde(default)]
    target: String,
}

impl Metadata {
    /// Reads `metadata.json`.
    ///
    /// # Errors
    /// Where it is not such a file.
    pub fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let Document { config: Config { bundle } } = serde_json::from_slice(bytes)?;
        Ok(Self { bundle: bundle.name, target: bundle.target })
    }
}
