//! Which workspace a bundle command talks to, and as whom.
//!
//! Bundle commands have rules of their own: a profile that is named anywhere beats the variables of the environment,
//! and without a host in the bundle even the user's default profile does.

use super::environment::Environment;
use super::profile::{self, Profile, ProfileError, Profiles};

/// What proves who we are.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Credential {
    Token(String),
    Basic { user: String, password: String },
    ClientSecret { id: String, secret: String },
}

/// A workspace and a credential for it.
#[derive(Clone)]
pub(super) struct Login {
    pub(super) host: String,
    pub(super) credential: Credential,
}

/// Why there is no login.
#[derive(Debug, thiserror::Error)]
pub(super) enum AuthError {
    #[error("cannot resolve bundle auth configuration: {0}")]
    Profile(#[from] ProfileError),
    #[error(
        "cannot resolve bundle auth configuration: the host in the profile ({profile}) doesn't match the host \
         configured in the bundle ({bundle})"
    )]
    HostMismatch { profile: String, bundle: String },
    #[error(
        "cannot resolve bundle auth configuration: multiple profiles matched: {0}: please set DATABRICKS_CONFIG_PROFILE or provide --profile flag to specify one"
    )]
    ManyProfiles(String),
    #[error("validate: more than one authorization method configured: {0}")]
    ManyMethods(String),
    #[error("auth type \"{0}\" is not one that this stand-in knows; it knows pat, basic and oauth-m2m")]
    UnknownType(String),
    #[error(
        "failed during request visitor: default auth: cannot configure default credentials, please check \
         https://docs.databricks.com/en/dev-tools/auth.html#databricks-client-unified-authentication to configure \
         credentials for your preferred authentication method. Config: {0}"
    )]
    NoCredentials(String),
}

/// The attributes that count here, with their variables.
const ATTRIBUTES: &[(&str, &str)] = &[
    ("host", "DATABRICKS_HOST"),
    ("token", "DATABRICKS_TOKEN"),
    ("username", "DATABRICKS_USERNAME"),
    ("password", "DATABRICKS_PASSWORD"),
    ("client_id", "DATABRICKS_CLIENT_ID"),
    ("client_secret", "DATABRICKS_CLIENT_SECRET"),
    ("auth_type", "DATABRICKS_AUTH_TYPE"),
    ("azure_client_id", "ARM_CLIENT_ID"),
    ("azure_client_secret", "ARM_CLIENT_SECRET"),
    ("azure_tenant_id", "ARM_TENANT_ID"),
    ("google_credentials", "GOOGLE_CREDENTIALS"),
];

/// Attributes of the same family do not contradict each other.
const FAMILIES: &[(&str, &[&str])] = &[
    ("azure", &["azure_client_id", "azure_client_secret", "azure_tenant_id"]),
    ("basic", &["username", "password"]),
    ("google", &["google_credentials"]),
    ("oauth", &["client_id", "client_secret"]),
    ("pat", &["token"]),
];

/// What the bundle and the command line say about the login.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wish<'a> {
    pub(super) profile_flag: Option<&'a str>,
    pub(super) bundle_profile: Option<&'a str>,
    pub(super) bundle_host: Option<&'a str>,
}

/// Resolves the login of a bundle command.
pub(super) fn login(wish: Wish<'_>, environment: &Environment) -> Result<Login, AuthError> {
    let mut attributes: Profile = ATTRIBUTES
        .iter()
        .filter_map(|(key, variable)| Some(((*key).to_owned(), environment.get(variable)?.to_owned())))
        .collect();
    let bundle_host = wish.bundle_host.map(normal_host);
    let file = profile::file(environment);
    let named = wish.profile_flag.or(wish.bundle_profile).or(environment.get("DATABRICKS_CONFIG_PROFILE"));
    let profiles = Profiles::read(&file);
    let has_credentials = attributes.keys().any(|key| key != "host" && key != "auth_type");

    let mut name = named.map(str::to_owned);
    if let Some(profiles) = &profiles
        && name.is_none()
    {
        name = match &bundle_host {
            None => profiles.default_name().map(str::to_owned),
            Some(host) if !has_credentials => match profiles.of_host(host).as_slice() {
                [] => None,
                [one] => Some((*one).to_owned()),
                several => return Err(AuthError::ManyProfiles(several.join(", "))),
            },
            Some(_) => None,
        };
        if name.is_none() && bundle_host.is_none() && attributes.is_empty() && profiles.get("DEFAULT").is_ok()
        {
            name = Some("DEFAULT".to_owned());
        }
    }
    if let Some(name) = &name {
        let profiles = profiles.as_ref().ok_or_else(|| ProfileError::NoFile(file.clone()))?;
        let profile = profiles.get(name)?;
        if let (Some(bundle), Some(of_profile)) = (&bundle_host, profile.get("host"))
            && normal_host(of_profile) != *bundle
        {
            return Err(AuthError::HostMismatch { profile: of_profile.clone(), bundle: bundle.clone() });
        }
        attributes.extend(profile.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    if let Some(host) = bundle_host {
        attributes.insert("host".to_owned(), host);
    }
    credential(&attributes).map_err(|error| match error {
        AuthError::NoCredentials(_) => AuthError::NoCredentials(format!(
            "host={}, config_file={}",
            attributes.get("host").map(String::as_str).unwrap_or_default(),
            file.display()
        )),
        other => other,
    })
}

fn credential(attributes: &Profile) -> Result<Login, AuthError> {
    let get = |key: &str| attributes.get(key).filter(|value| !value.is_empty()).cloned();
    let wanted = get("auth_type");
    let families: Vec<&str> = FAMILIES
        .iter()
        .filter(|(_, keys)| keys.iter().any(|key| get(key).is_some()))
        .map(|(family, _)| *family)
        .collect();
    if wanted.is_none() && families.len() > 1 {
        return Err(AuthError::ManyMethods(families.join(" and ")));
    }
    let token = || get("token").map(Credential::Token);
    let basic = || Some(Credential::Basic { user: get("username")?, password: get("password")? });
    let secret = || Some(Credential::ClientSecret { id: get("client_id")?, secret: get("client_secret")? });
    let found = match wanted.as_deref() {
        None => token().or_else(basic).or_else(secret),
        Some("pat") => token(),
        Some("basic") => basic(),
        Some("oauth-m2m") => secret(),
        Some(other) => return Err(AuthError::UnknownType(other.to_owned())),
    };
    match (get("host"), found) {
        (Some(host), Some(credential)) => Ok(Login { host: normal_host(&host), credential }),
        _ => Err(AuthError::NoCredentials(String::new())),
    }
}

/// A host with a scheme and without a path.
pub(super) fn normal_host(host: &str) -> String {
    let with_scheme = if host.contains("://") { host.to_owned() } else { format!("https://{host}") };
    match url::Url::parse(&with_scheme) {
        Ok(url) => url.origin().ascii_serialization(),
        Err(_) => with_scheme.trim_end_matches('/').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    const CONFIG: &str = "[a]\nhost = https://a.example.com\ntoken = of-a\n[m2m]\nhost = https://m.example.com\nclient_id = i\nclient_secret = s\n";

    fn try_login(
        config: &str,
        wish: Wish<'_>,
        variables: &[(&str, &str)],
    ) -> Result<(String, Credential), String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cfg");
        std::fs::write(&file, config).unwrap();
        let mut all = vec![("DATABRICKS_CONFIG_FILE", file.to_str().unwrap())];
        all.extend_from_slice(variables);
        login(wish, &Environment::of(Path::new("."), &all))
            .map(|login| (login.host, login.credential))
            .map_err(|error| error.to_string())
    }

    fn token(host: &str, token: &str) -> Result<(String, Credential), String> {
        Ok((host.to_owned(), Credential::Token(token.to_owned())))
    }

    impl std::fmt::Debug for Credential {
        fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            out.write_str("a credential")
        }
    }

    const ENV: &[(&str, &str)] =
        &[("DATABRICKS_HOST", "https://e.example.com/x"), ("DATABRICKS_TOKEN", "of-env")];

    #[test]
    fn the_environment_serves_where_no_profile_is_named() {
        assert_eq!(try_login(CONFIG, Wish::default(), ENV), token("https://e.example.com", "of-env"));
    }

    #[test]
    fn the_token_of_the_environment_goes_to_the_host_of_the_bundle() {
        let wish = Wish { bundle_host: Some("https://b.example.com"), ..Wish::default() };
        assert_eq!(try_login(CONFIG, wish, ENV), token("https://b.example.com", "of-env"));
    }

    #[test]
    fn a_named_profile_beats_the_environment() {
        let wish = Wish { profile_flag: Some("a"), ..Wish::default() };
        assert_eq!(try_login(CONFIG, wish, ENV), token("https://a.example.com", "of-a"));
        let with_variable = [ENV, &[("DATABRICKS_CONFIG_PROFILE", "a")]].concat();
        assert_eq!(
            try_login(CONFIG, Wish::default(), &with_variable),
            token("https://a.example.com", "of-a")
        );
        let other = Wish { bundle_host: Some("https://b.example.com"), ..wish };
        assert!(try_login(CONFIG, other, ENV).unwrap_err().contains("doesn't match the host"));
    }

    #[test]
    fn the_default_profile_of_the_file_beats_the_environment_too() {
        let config = format!("{CONFIG}[__settings__]\ndefault_profile = a\n");
        assert_eq!(try_login(&config, Wish::default(), ENV), token("https://a.example.com", "of-a"));
        let wish = Wish { bundle_host: Some("https://b.example.com"), ..Wish::default() };
        assert_eq!(try_login(&config, wish, ENV), token("https://b.example.com", "of-env"));
    }

    #[test]
    fn the_host_of_the_bundle_finds_its_profile() {
        let wish = Wish { bundle_host: Some("m.example.com"), ..Wish::default() };
        let expected = Credential::ClientSecret { id: "i".to_owned(), secret: "s".to_owned() };
        assert_eq!(try_login(CONFIG, wish, &[]), Ok(("https://m.example.com".to_owned(), expected)));
    }

    #[test]
    fn two_methods_are_one_too_many() {
        let both = [ENV, &[("DATABRICKS_CLIENT_ID", "x")]].concat();
        assert!(try_login(CONFIG, Wish::default(), &both).unwrap_err().contains("oauth and pat"));
        let told = [both.as_slice(), &[("DATABRICKS_AUTH_TYPE", "pat")]].concat();
        assert!(try_login(CONFIG, Wish::default(), &told).is_ok());
    }

    #[test]
    fn nothing_is_an_error() {
        let wish = Wish { bundle_host: Some("https://b.example.com"), ..Wish::default() };
        assert!(try_login("", wish, &[]).unwrap_err().contains("cannot configure default credentials"));
        let missing = Wish { profile_flag: Some("nope"), ..Wish::default() };
        assert!(try_login(CONFIG, missing, &[]).unwrap_err().contains("has no nope profile configured"));
    }
}
