//! What to do about an error, by its cause.

use super::access::AccessError;
use super::api_error::ApiError;
use super::auth_type::AuthType;
use super::error::{AttemptError, Cause, CredentialsError, Error, RequestError, StatementError, Unreachable};

impl Error {
    /// What the user can do, the most likely first. Empty where the message says it all.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Access(error) => of_access(error),
            Self::Credentials(error) => of_credentials(error),
            Self::Request(error) => of_request(error),
            Self::Statement(error) => of_statement(error),
            Self::NoWarehouse { .. } => vec![
                "name one with `--warehouse-id`, DATABRICKS_WAREHOUSE_ID or `warehouse_id` in the settings".to_owned(),
                "a warehouse counts only where you have CAN USE on it".to_owned(),
            ],
            Self::TimedOut { waiting: true, .. } => vec![
                "the warehouse had not started; start it beforehand, choose a serverless one, or raise `--timeout`"
                    .to_owned(),
            ],
            Self::TimedOut { .. } => vec!["raise `--timeout`, or choose a larger warehouse".to_owned()],
            Self::Setup { .. } => vec![
                "install the certificates of the system (package ca-certificates), or point SSL_CERT_FILE at a PEM file"
                    .to_owned(),
            ],
            Self::Interrupted { .. } => Vec::new(),
        }
    }
}

fn of_access(error: &AccessError) -> Vec<String> {
    let hint = match error {
        AccessError::NoHost { .. } => {
            "set `workspace_host` in the settings, DATABRICKS_HOST, or name a profile with `--profile`".to_owned()
        }
        AccessError::Host { .. } | AccessError::FileUnreadable { .. } | AccessError::File { .. } => return Vec::new(),
        AccessError::HostMismatch { .. } => {
            "name the profile of that workspace, or take one of the two addresses away; a credential is never sent to \
             another host than its own"
                .to_owned()
        }
        AccessError::NoProfile { known, .. } if known.is_empty() => {
            "`databricks configure` writes that file, or set DATABRICKS_HOST and DATABRICKS_TOKEN".to_owned()
        }
        AccessError::NoProfile { known, .. } => format!("profiles there: {}", known.join(", ")),
        AccessError::ManyProfiles { .. } => {
            "name one with `--profile`, with `profile` of the target, or with DATABRICKS_CONFIG_PROFILE".to_owned()
        }
        AccessError::ManyMethods { .. } => {
            "unset what does not belong, or name the way with DATABRICKS_AUTH_TYPE or `auth_type` in the profile".to_owned()
        }
        AccessError::UnknownAuthType { .. } | AccessError::UnsupportedAuthType { .. } => {
            let names: Vec<_> =
                AuthType::CHAIN.iter().filter(|kind| **kind != AuthType::Keyring).map(|kind| kind.as_str()).collect();
            format!("tapworks speaks {}", names.join(", "))
        }
        AccessError::Incomplete { missing, .. } => match super::attribute::attribute(missing) {
            Some(attribute) if !attribute.variables.is_empty() => {
                format!("set {} or `{missing}` in the profile", attribute.variables[0])
            }
            _ => return Vec::new(),
        },
    };
    vec![hint]
}

fn of_credentials(error: &CredentialsError) -> Vec<String> {
    let mut hints = Vec::new();
    for (auth_type, attempt) in &error.attempts {
        match attempt {
            AttemptError::Request(request) => hints.extend(of_request(request)),
            AttemptError::Failed(_) if *auth_type == AuthType::DatabricksCli => {
                hints.push(format!("log in with `databricks auth login --host {}`", error.host));
            }
            AttemptError::Failed(_) if *auth_type == AuthType::AzureCli => {
                hints.push("log in with `az login`".to_owned())
            }
            _ => {}
        }
    }
    if !error.unused.is_empty() {
        let (belong, were) = if error.unused.len() == 1 { ("belongs", "was") } else { ("belong", "were") };
        hints.push(format!(
            "{} {belong} to the workspace of DATABRICKS_HOST and {were} not sent to {}",
            error.unused.join(", "),
            error.host
        ));
    }
    if hints.is_empty() {
        let keyring = !error.attempts.iter().any(|(_, attempt)| matches!(attempt, AttemptError::NoKeyring));
        hints.push(format!(
            "set DATABRICKS_TOKEN, or DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET; or name a profile with `--profile`{}",
            if keyring { "; or store a token with `tapworks auth login`" } else { "" }
        ));
    }
    hints.dedup();
    hints
}

fn of_request(error: &RequestError) -> Vec<String> {
    if error.path.starts_with("/(rows of") {
        return vec![format!(
            "the rows of large results come from cloud storage at {}: let this machine reach it, or select fewer columns",
            error.host
        )];
    }
    let hint = match &error.cause {
        Cause::Unreachable { problem: Unreachable::UnknownHost, .. } => {
            format!("is {} spelt right? Private workspaces are known inside their network only", error.host)
        }
        Cause::Unreachable { problem: Unreachable::Refused | Unreachable::Timeout, .. } => {
            "is there a VPN or a proxy to go through? HTTPS_PROXY and NO_PROXY are honoured".to_owned()
        }
        Cause::Unreachable { problem: Unreachable::Tls, .. } => {
            "a proxy that opens TLS needs its certificate trusted: point SSL_CERT_FILE at a PEM file that holds it".to_owned()
        }
        Cause::Unreachable { problem: Unreachable::Other, .. } => {
            "is HTTPS_PROXY right? NO_PROXY names the hosts to reach without it".to_owned()
        }
        Cause::LoginPage { private_link: true, .. } => {
            "the workspace accepts private link only: run inside its network".to_owned()
        }
        Cause::LoginPage { .. } => {
            "the address serves people, not this workspace's API: is it the workspace's own? A host that many workspaces \
             share needs the workspace id: append `?o=<workspace id>` to the address, or set DATABRICKS_WORKSPACE_ID"
                .to_owned()
        }
        Cause::Redirect { to, .. } => format!("if the workspace has moved, use {to}"),
        Cause::Lost(_) => return Vec::new(),
        Cause::Malformed(_) => "is the address that of a Databricks workspace?".to_owned(),
        Cause::Status(api) => return of_answer(api, error),
    };
    vec![hint]
}

fn of_answer(api: &ApiError, error: &RequestError) -> Vec<String> {
    let message = api.message.to_ascii_lowercase();
    let mut hints = Vec::new();
    if message.contains("ip access list")
        || message.contains("ip acl")
        || message.contains("source ip address")
    {
        hints.push("this machine's address is not on the workspace's IP access list".to_owned());
    } else if message.contains("required scopes")
        || message.contains("insufficient_scope")
        || message.contains("scope") && api.status == 403
    {
        hints.push("the token lacks an OAuth scope; make one with `all-apis`, or with the scope that the message names".to_owned());
    } else if api.is_unauthenticated() || api.code.as_deref() == Some("invalid_client") {
        hints.push(format!(
            "the credential is wrong, expired, or of another workspace than {}; `tapworks auth status` shows where it came from",
            error.host
        ));
    } else if api.status == 403 || matches!(api.code.as_deref(), Some("PERMISSION_DENIED")) {
        hints.push(grant(&api.message).unwrap_or_else(|| right_for(&error.path).to_owned()));
    } else if api.code.as_deref() == Some("FEATURE_DISABLED")
        || api.message.contains("METASTORE_DOES_NOT_EXIST")
    {
        hints.push("Unity Catalog is not set up for this workspace".to_owned());
    } else if api.is_throttled() {
        hints.push("the workspace limits its requests: lower `--parallel`, or try later".to_owned());
    } else if api.status == 404 && !api.recognised {
        hints.push("is the address that of a Databricks workspace?".to_owned());
    } else if api.status == 404 && error.path.contains("/sql/warehouses/") {
        hints.push("the warehouse id is the last part of its page's address".to_owned());
    }
    hints
}

/// `User does not have USE SCHEMA on Schema 'main.sales'.` as the statement to ask for.
fn grant(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("does not have ")?;
    let (privilege, rest) = rest.split_once(" on ")?;
    let privilege = privilege.trim_start_matches("the ").trim_start_matches("permission ");
    let privilege = privilege.trim_end_matches(" privilege").trim_end_matches(" permission");
    if privilege.is_empty()
        || !privilege.chars().all(|letter| letter.is_ascii_uppercase() || matches!(letter, ' ' | '_'))
    {
        return None;
    }
    let (kind, name) = rest.split_once(['\'', '`', '"'])?;
    let kind = kind.trim().to_ascii_uppercase();
    let name = name.split(['\'', '`', '"']).next().filter(|name| !name.is_empty())?;
    if !matches!(
        kind.as_str(),
        "CATALOG" | "SCHEMA" | "TABLE" | "VIEW" | "VOLUME" | "CONNECTION" | "METASTORE"
    ) {
        return None;
    }
    let kind = if kind == "VIEW" { "TABLE" } else { &kind };
    let quoted: Vec<_> = name.split('.').map(|part| format!("`{part}`")).collect();
    Some(format!(
        "ask its owner for: GRANT {} ON {kind} {} TO `<you>`",
        privilege.replace('_', " "),
        quoted.join(".")
    ))
}

/// The right that requests under a path need.
fn right_for(path: &str) -> &'static str {
    if path.contains("/sql/") {
        "you need CAN USE on the warehouse, and the entitlement Databricks SQL access"
    } else if path.contains("/unity-catalog/connections") {
        "ask the connection's owner for: GRANT USE CONNECTION ON CONNECTION `<name>` TO `<you>`"
    } else if path.contains("/unity-catalog/") {
        "ask the owner for: GRANT USE CATALOG ON CATALOG `<catalog>` TO `<you>`, and USE SCHEMA on the schema"
    } else if path.contains("/pipelines") {
        "you need CAN VIEW on the pipeline, CAN MANAGE to change it"
    } else if path.contains("/jobs") {
        "you need CAN VIEW on the job, CAN MANAGE to change it"
    } else if path.contains("/workspace") {
        "you need CAN READ on the folder, CAN EDIT to write there"
    } else {
        "this identity may not do that; `tapworks auth status` shows which it is"
    }
}

fn of_statement(error: &StatementError) -> Vec<String> {
    let hint = match error.condition.as_deref().unwrap_or_default() {
        "TABLE_OR_VIEW_NOT_FOUND" | "DELTA_TABLE_NOT_FOUND" | "SCHEMA_NOT_FOUND" | "NO_SUCH_CATALOG_EXCEPTION" | "CATALOG_NOT_FOUND" => {
            "is the name spelt right, in three parts? What you have no USE CATALOG, USE SCHEMA and SELECT on is not found either"
                .to_owned()
        }
        "INSUFFICIENT_PERMISSIONS" | "PERMISSION_DENIED" | "UNAUTHORIZED_ACCESS" => grant(&error.message).unwrap_or_else(|| {
            "ask the owner for: GRANT SELECT ON TABLE `<table>` TO `<you>`, with USE CATALOG and USE SCHEMA above it".to_owned()
        }),
        _ if error.state == "CANCELED" => "somebody, or a limit of the warehouse, canceled it; the query history tells".to_owned(),
        _ if error.state == "CLOSED" => "run it again: results are kept for an hour".to_owned(),
        _ if error.message.contains("PERMISSION_DENIED") => match grant(&error.message) {
            Some(hint) => hint,
            None => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    vec![hint]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_to_ask_for() {
        assert_eq!(
            grant("User does not have USE SCHEMA on Schema 'main.sales'.").unwrap(),
            "ask its owner for: GRANT USE SCHEMA ON SCHEMA `main`.`sales` TO `<you>`"
        );
        assert_eq!(
            grant("PERMISSION_DENIED: User does not have the USE_CONNECTION privilege on Connection `pg`")
                .unwrap(),
            "ask its owner for: GRANT USE CONNECTION ON CONNECTION `pg` TO `<you>`"
        );
        assert_eq!(
            grant("User does not have permission USE CATALOG on Catalog 'main'. SQLSTATE: 42501").unwrap(),
            "ask its owner for: GRANT USE CATALOG ON CATALOG `main` TO `<you>`"
        );
        assert_eq!(grant("User does not have any idea on Tuesdays"), None);
    }

    fn answer(status: u16, body: &str, path: &str) -> Vec<String> {
        Error::Request(Box::new(RequestError {
            host: "https://h.example".to_owned(),
            method: "GET".to_owned(),
            path: path.to_owned(),
            cause: Cause::Status(ApiError::parse(status, None, body.as_bytes())),
            retries: 0,
            elapsed: std::time::Duration::ZERO,
        }))
        .hints()
    }

    #[test]
    fn hints_by_cause() {
        let me = "/api/2.0/preview/scim/v2/Me";
        for (status, message, path, word) in [
            (
                403,
                "Source IP address: 1.2.3.4 is blocked by Databricks IP ACL for workspace: 1",
                me,
                "IP access list",
            ),
            (403, "Provided OAuth token does not have required scopes: sql", me, "OAuth scope"),
            (403, "Invalid access token.", me, "expired"),
            (401, "x", me, "expired"),
            (
                403,
                "User does not have SELECT on Table 'a.b.c'.",
                "/api/2.1/unity-catalog/tables/a.b.c",
                "GRANT SELECT ON TABLE `a`.`b`.`c`",
            ),
            (403, "no", "/api/2.0/pipelines/x", "CAN VIEW on the pipeline"),
            (429, "slow", me, "--parallel"),
        ] {
            let hints = answer(status, &format!(r#"{{"error_code":"X","message":"{message}"}}"#), path);
            assert!(hints.iter().any(|hint| hint.contains(word)), "{message}: {hints:?}");
        }
        assert!(answer(404, "<html>", me)[0].contains("Databricks workspace"));
        assert!(answer(400, r#"{"error_code":"INVALID_PARAMETER_VALUE","message":"x"}"#, me).is_empty());
    }
}
