//! `tapworks.auth-status/1`, and the same for people.

use std::fmt::Write as _;

use owo_colors::{OwoColorize as _, Style};
use serde::Serialize;

use crate::workspace::{Access, AuthType, Standing};

/// How each workspace is reached, and as whom.
#[derive(Debug, Serialize)]
pub struct AuthStatusDocument {
    format: &'static str,
    targets: Vec<AuthTargetDocument>,
}

/// One workspace.
#[derive(Debug, Default, Serialize)]
pub struct AuthTargetDocument {
    /// The target; `null` for the workspace of the environment.
    target: Option<String>,
    host: Option<String>,
    profile: Option<String>,
    config_file: Option<String>,
    auth_type: Option<&'static str>,
    /// Every value that is set, and where: never the value.
    values: Vec<ValueDocument>,
    /// Variables that belong to another workspace and are not used.
    unused_variables: Vec<&'static str>,
    user: Option<String>,
    /// RFC 3339; `null` where it is not known, as of a personal access token.
    token_expires: Option<String>,
    warehouse: Option<WarehouseDocument>,
    error: Option<ProblemDocument>,
}

#[derive(Debug, Serialize)]
struct ValueDocument {
    name: &'static str,
    from: String,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum WarehouseDocument {
    Found { id: String, name: Option<String>, state: Option<String>, chosen: String },
    None { problem: String },
}

#[derive(Debug, Serialize)]
struct ProblemDocument {
    message: String,
    hints: Vec<String>,
}

impl AuthTargetDocument {
    /// Nothing is known yet of the workspace of a target, or of the environment.
    #[must_use]
    pub fn new(target: Option<&str>, host: Option<&str>) -> Self {
        Self { target: target.map(str::to_owned), host: host.map(str::to_owned), ..Self::default() }
    }

    /// How it is reached.
    pub fn reached_by(&mut self, access: &Access) {
        self.host = Some(access.host().to_string());
        self.profile = access.profile().map(str::to_owned);
        self.config_file = access.config_file().map(|path| path.display().to_string());
        self.auth_type = access.certain_auth_type().map(AuthType::as_str);
        self.values = access
            .origins()
            .into_iter()
            .map(|(name, from)| ValueDocument { name, from: from.to_string() })
            .collect();
        self.unused_variables = access.unused_variables().to_vec();
    }

    /// What it says of us; `now` is the present time.
    pub fn stands(&mut self, standing: &Standing, now: jiff::Timestamp) {
        self.user = Some(standing.me.user_name.clone());
        self.token_expires = standing.token_lasts.and_then(|lasts| {
            let whole = std::time::Duration::from_secs(lasts.as_secs());
            let now = now.round(jiff::Unit::Second).unwrap_or(now);
            now.checked_add(whole).ok().map(|end| end.to_string())
        });
        self.warehouse = Some(match &standing.warehouse {
            Ok(warehouse) => WarehouseDocument::Found {
                id: warehouse.id.clone(),
                name: warehouse.name.clone(),
                state: warehouse.state.clone(),
                chosen: warehouse.choice.to_string(),
            },
            Err(error) => WarehouseDocument::None { problem: error.to_string() },
        });
    }

    /// Why it is not reached.
    pub fn fails(&mut self, message: &str, hints: &[String]) {
        self.error = Some(ProblemDocument { message: message.to_owned(), hints: hints.to_vec() });
    }
}

impl AuthStatusDocument {
    /// Of these workspaces.
    #[must_use]
    pub fn new(targets: Vec<AuthTargetDocument>) -> Self {
        Self { format: "tapworks.auth-status/1", targets }
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for target in &self.targets {
            write_target(&mut text, target);
        }
        text
    }
}

fn write_target(text: &mut String, target: &AuthTargetDocument) {
    let name = target.target.as_deref().unwrap_or("(environment)");
    let host = target.host.as_deref().unwrap_or("no workspace");
    let word = match &target.user {
        Some(user) => format!("as {user}").style(Style::new().green().bold()).to_string(),
        None => "not logged in".style(Style::new().red().bold()).to_string(),
    };
    let _ = writeln!(text, "{}  {host}  {word}", name.bold());
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name:15} {value}");
    };
    if let Some(profile) = &target.profile {
        line("profile", &format!("{profile} in {}", target.config_file.as_deref().unwrap_or_default()));
    }
    if let Some(auth_type) = target.auth_type {
        line("authentication", auth_type);
    }
    for value in &target.values {
        line(value.name, &format!("from {}", value.from));
    }
    if !target.unused_variables.is_empty() {
        line("not used", &format!("{}: of another workspace", target.unused_variables.join(", ")));
    }
    if target.user.is_some() {
        line("token ends", target.token_expires.as_deref().unwrap_or("not known"));
    }
    match &target.warehouse {
        Some(WarehouseDocument::Found { id, name, state, chosen }) => {
            let state = state.as_deref().map(|state| format!(", {}", state.to_lowercase()));
            let name = name.as_deref().unwrap_or(id);
            line("warehouse", &format!("{name} ({id}: {chosen}{})", state.unwrap_or_default()));
        }
        Some(WarehouseDocument::None { problem }) => line("warehouse", &format!("none: {problem}")),
        None => {}
    }
    if let Some(error) = &target.error {
        line("problem", &error.message);
        for hint in &error.hints {
            line("", &format!("hint: {hint}"));
        }
    }
}
