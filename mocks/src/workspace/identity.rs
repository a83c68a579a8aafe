//! Who is calling: credentials, SCIM `Me`, host metadata, OAuth token endpoints.

use std::collections::{BTreeMap, HashMap};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::answer::{Answer, Problem, Reply};
use super::call::Call;
use super::world::World;

/// A user or a service principal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Identity {
    /// SCIM id.
    pub id: String,
    /// E-mail of a user; application UUID of a service principal.
    pub user_name: String,
    /// Name to show.
    pub display_name: String,
    /// Groups that SCIM `Me` lists.
    pub groups: Vec<String>,
    /// Whether this is a service principal.
    pub service_principal: bool,
}

impl Identity {
    /// A user by e-mail address.
    #[must_use]
    pub fn user(user_name: &str) -> Self {
        Self {
            id: stable_id(user_name),
            user_name: user_name.to_owned(),
            display_name: user_name.split('@').next().unwrap_or(user_name).to_owned(),
            ..Self::default()
        }
    }

    /// A service principal by application id and name.
    #[must_use]
    pub fn service_principal(application_id: &str, display_name: &str) -> Self {
        Self {
            id: stable_id(application_id),
            user_name: application_id.to_owned(),
            display_name: display_name.to_owned(),
            service_principal: true,
            ..Self::default()
        }
    }

    /// The same, as a member of a group. `admins` makes a workspace administrator.
    #[must_use]
    pub fn in_group(mut self, group: &str) -> Self {
        self.groups.push(group.to_owned());
        self
    }

    /// Whether this is a workspace administrator.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.groups.iter().any(|group| group == "admins")
    }

    /// Whether a principal of a grant, an owner or an access control list means this identity.
    #[must_use]
    pub fn is(&self, principal: &str) -> bool {
        principal.eq_ignore_ascii_case(&self.user_name)
            || principal == "account users"
            || self.groups.iter().any(|group| group == principal)
    }
}

/// A 16-digit SCIM id that is the same for the same name.
pub(super) fn stable_id(name: &str) -> String {
    let sum = name.bytes().fold(14_695_981_039_346_656_037_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(1_099_511_628_211)
    });
    format!("{}", 1_000_000_000_000_000 + sum % 9_000_000_000_000_000)
}

/// The credentials that the workspace knows.
#[derive(Debug, Default)]
pub struct Accounts {
    /// Personal access tokens and OAuth access tokens → identity.
    tokens: HashMap<String, Token>,
    /// OAuth client id → secret and identity.
    clients: BTreeMap<String, (String, Identity)>,
    /// JWT that a token exchange accepts → identity.
    federated: BTreeMap<String, Identity>,
    /// user → password, for `auth_type = basic`.
    passwords: BTreeMap<String, (String, Identity)>,
    /// Users and service principals that hold no credential here.
    others: Vec<Identity>,
    groups: Vec<String>,
    /// Seconds that a fresh OAuth token says it lives.
    pub token_lifetime: u64,
    issued: u64,
}

#[derive(Debug)]
struct Token {
    identity: Identity,
    oauth: bool,
    expired: bool,
}

impl Accounts {
    pub(crate) fn new() -> Self {
        Self { token_lifetime: 3600, ..Self::default() }
    }

    /// Accepts a personal access token.
    pub fn add_token(&mut self, token: &str, identity: Identity) {
        self.tokens.insert(token.to_owned(), Token { identity, oauth: false, expired: false });
    }

    /// Accepts an OAuth client (machine to machine).
    pub fn add_client(&mut self, client_id: &str, secret: &str, identity: Identity) {
        self.clients.insert(client_id.to_owned(), (secret.to_owned(), identity));
    }

    /// Accepts a JWT for token exchange (workload identity federation).
    pub fn add_federated(&mut self, jwt: &str, identity: Identity) {
        self.federated.insert(jwt.to_owned(), identity);
    }

    /// Accepts a user name with a password.
    pub fn add_password(&mut self, user: &str, password: &str, identity: Identity) {
        self.passwords.insert(user.to_owned(), (password.to_owned(), identity));
    }

    /// A user or service principal that the workspace knows, without a credential.
    pub fn add_principal(&mut self, identity: Identity) {
        self.others.push(identity);
    }

    /// A group that the workspace knows; those of its identities, `users` and `admins` are there without.
    pub fn add_group(&mut self, name: &str) {
        self.groups.push(name.to_owned());
    }

    /// Every user and service principal, once.
    pub(crate) fn identities(&self) -> impl Iterator<Item = &Identity> {
        let with_credentials = self.tokens.values().map(|token| &token.identity);
        let all = with_credentials
            .chain(self.clients.values().map(|(_, who)| who))
            .chain(self.federated.values())
            .chain(self.passwords.values().map(|(_, who)| who))
            .chain(&self.others);
        let by_name: BTreeMap<&str, &Identity> = all.map(|who| (who.user_name.as_str(), who)).collect();
        by_name.into_values()
    }

    /// Every group, once.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &str> {
        let named = self.identities().flat_map(|who| &who.groups).chain(&self.groups).map(String::as_str);
        let all: std::collections::BTreeSet<&str> = named.chain(["users", "admins"]).collect();
        all.into_iter()
    }

    /// Takes a token back.
    pub fn revoke(&mut self, token: &str) {
        self.tokens.remove(token);
    }

    /// Ends every OAuth token given out so far: whoever refreshes gets a new one.
    pub fn expire_oauth_tokens(&mut self) {
        for token in self.tokens.values_mut().filter(|token| token.oauth) {
            token.expired = true;
        }
    }

    /// How many OAuth tokens were given out.
    #[must_use]
    pub fn issued(&self) -> u64 {
        self.issued
    }

    fn issue(&mut self, identity: Identity) -> Answer {
        self.issued += 1;
        let token = format!("mock-oauth-{}-{:016x}", self.issued, fastrand::u64(..));
        self.tokens.insert(token.clone(), Token { identity, oauth: true, expired: false });
        Answer::json(&json!({
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": self.token_lifetime,
            "scope": "all-apis",
        }))
    }

    /// Who sent a request with this `Authorization` header. A wrong token is 403, none at all 401 (as on the wire).
    pub(crate) fn authenticate(&self, header: Option<&str>) -> Result<Identity, Problem> {
        let unsent =
            || Problem::numbered(401, "Credential was not sent or was of an unsupported type for this API.");
        let (scheme, value) = header.and_then(|header| header.split_once(' ')).ok_or_else(unsent)?;
        if scheme.eq_ignore_ascii_case("bearer") {
            match self.tokens.get(value.trim()) {
                Some(token) if token.expired => Err(Self::expired()),
                Some(token) => Ok(token.identity.clone()),
                None => Err(Problem::numbered(403, "Invalid access token.")),
            }
        } else if scheme.eq_ignore_ascii_case("basic") {
            let (user, password) = basic(value).ok_or_else(unsent)?;
            match self.passwords.get(&user) {
                Some((known, identity)) if *known == password => Ok(identity.clone()),
                _ => Err(unsent()),
            }
        } else {
            Err(unsent())
        }
    }

    /// What an OAuth token that has run out gets.
    pub(crate) fn expired() -> Problem {
        Problem::numbered(403, "Invalid access token.")
    }
}

/// User and password of a `Basic` header.
fn basic(value: &str) -> Option<(String, String)> {
    let text = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// Whether a path answers without credentials.
pub(crate) fn is_public(path: &str) -> bool {
    path.starts_with("/.well-known/") || path.starts_with("/oidc/")
}

pub(crate) fn answer(world: &mut World, call: &Call) -> Option<Reply> {
    Some(match (call.method, call.route().as_slice()) {
        ("GET", ["api", "2.0", "preview", "scim", "v2", "Me"]) => Ok(me(call)),
        ("GET", [".well-known", "databricks-config"]) => Ok(host_config(world, call)),
        ("GET", ["oidc", ".well-known", "oauth-authorization-server" | "openid-configuration"]) => {
            Ok(oauth_server(call))
        }
        ("POST", ["oidc", "v1", "token"]) => token(world, call),
        ("POST", ["telemetry-ext"]) => {
            let items = call.object().ok().and_then(|body| body.get("protoLogs")?.as_array().map(Vec::len));
            Ok(Answer::json(&json!({"errors": [], "numSuccess": 0, "numProtoSuccess": items.unwrap_or(0)})))
        }
        _ => return None,
    })
}

/// `GET /api/2.0/preview/scim/v2/Me` (REST API, current user).
fn me(call: &Call) -> Answer {
    let who = &call.caller;
    let excluded: Vec<&str> = call.param("excludedAttributes").unwrap_or_default().split(',').collect();
    let groups: Vec<_> = who
        .groups
        .iter()
        .map(|group| {
            let id = stable_id(group);
            json!({"display": group, "type": "direct", "value": id, "$ref": format!("Groups/{id}")})
        })
        .collect();
    let mut body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": who.id,
        "userName": who.user_name,
        "displayName": who.display_name,
        "active": true,
    });
    if !who.service_principal {
        body["emails"] = json!([{"type": "work", "value": who.user_name, "primary": true}]);
        body["name"] = json!({"givenName": who.display_name});
    }
    if !groups.is_empty() && !excluded.contains(&"groups") {
        body["groups"] = json!(groups);
    }
    if who.is_admin() && !excluded.contains(&"entitlements") {
        body["entitlements"] = json!([{"value": "allow-cluster-create"}]);
    }
    Answer::json(&body)
}

/// `GET /.well-known/databricks-config`: where to get tokens, and which workspace this is.
fn host_config(world: &World, call: &Call) -> Answer {
    Answer::json(&json!({
        "oidc_endpoint": format!("{}/oidc", call.origin),
        "workspace_id": world.workspace_id.to_string(),
    }))
}

/// `GET /oidc/.well-known/oauth-authorization-server` (RFC 8414).
fn oauth_server(call: &Call) -> Answer {
    let origin = call.origin;
    Answer::json(&json!({
        "authorization_endpoint": format!("{origin}/oidc/v1/authorize"),
        "token_endpoint": format!("{origin}/oidc/v1/token"),
        "issuer": format!("{origin}/oidc"),
        "scopes_supported": ["all-apis", "email", "offline_access", "openid", "profile", "sql"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "grant_types_supported": [
            "client_credentials", "authorization_code", "refresh_token",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ],
    }))
}

/// `POST /oidc/v1/token`: client credentials, or exchange of a JWT.
fn token(world: &mut World, call: &Call) -> Reply {
    let form: BTreeMap<String, String> =
        url::form_urlencoded::parse(&call.request.body).into_owned().collect();
    let field = |name: &str| form.get(name).map(String::as_str);
    let refuse = |status: u16, error: &str, text: &str| {
        Answer::json(&json!({"error": error, "error_description": text})).status(status)
    };
    let accounts = &mut world.accounts;
    let identity = match field("grant_type") {
        Some("client_credentials") => {
            let header =
                call.header("authorization").and_then(|header| header.strip_prefix("Basic ")).and_then(basic);
            let sent =
                header.or_else(|| Some((field("client_id")?.to_owned(), field("client_secret")?.to_owned())));
            sent.and_then(|(id, secret)| {
                accounts.clients.get(&id).filter(|(known, _)| *known == secret).map(|(_, who)| who.clone())
            })
        }
        Some("urn:ietf:params:oauth:grant-type:token-exchange") => {
            if field("subject_token_type") != Some("urn:ietf:params:oauth:token-type:jwt") {
                return Ok(refuse(400, "invalid_request", "unsupported subject_token_type"));
            }
            field("subject_token").and_then(|jwt| accounts.federated.get(jwt).cloned())
        }
        _ => return Ok(refuse(400, "unsupported_grant_type", "unsupported grant_type")),
    };
    if field("scope").is_none_or(str::is_empty) {
        return Ok(refuse(400, "invalid_scope", "scope is missing"));
    }
    match identity {
        Some(identity) => Ok(accounts.issue(identity)),
        None => Ok(refuse(401, "invalid_client", "Client authentication failed")),
    }
}
