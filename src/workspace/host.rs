//! The address of a workspace.

use std::fmt;
use std::sync::Arc;

use url::Url;

/// The base address of one workspace: scheme, name and port, nothing else.
///
/// `https` only, but for loopback addresses, where a test server or a local relay may speak plain `http`.
/// Cheap to clone. Equality and `Display` look at the address alone.
#[derive(Clone)]
pub struct Host {
    inner: Arc<Inner>,
}

struct Inner {
    base: Url,
    workspace_id: Option<String>,
}

/// Why a text is not the address of a workspace. Never repeats user information that stood in the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// Not an address at all.
    #[error(
        "`{text}` is not a workspace address; expected something like https://dbc-a1b2c3d4-e5f6.cloud.databricks.com"
    )]
    Malformed {
        /// The text, without query.
        text: String,
    },
    /// Plain `http` to somewhere other than this machine.
    #[error("`{host}`: plain http is accepted for loopback addresses only; write https://{host}")]
    Insecure {
        /// The name of the host.
        host: String,
    },
    /// The accounts console, which has no pipelines and no tables.
    #[error("`{host}` is the accounts console, not a workspace; give the address of the workspace itself")]
    Accounts {
        /// The name of the host.
        host: String,
    },
    /// A name and password before the `@`, which would travel into logs.
    #[error("a workspace address must not carry a user name or password")]
    Credentials,
}

/// Which cloud a workspace runs on, as far as its name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cloud {
    /// Amazon, and every name that is not known to be another.
    Aws,
    /// Azure, with the address of its login service.
    Azure {
        /// The login service of this Azure cloud, without a path.
        login: &'static str,
    },
    /// Google.
    Gcp,
}

impl Host {
    /// Reads an address as a user writes it: with or without `https://`, with or without a path, which is dropped.
    ///
    /// A workspace id in the query (`?o=`, `?workspace_id=`, as the browser shows it on shared hosts) is kept.
    ///
    /// # Errors
    /// See [`HostError`].
    pub fn parse(text: &str) -> Result<Self, HostError> {
        let text = text.trim();
        let malformed = || HostError::Malformed {
            text: text
                .split(['?', '#'])
                .next()
                .unwrap_or_default()
                .rsplit('@')
                .next()
                .unwrap_or_default()
                .to_owned(),
        };
        let full = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let mut url = Url::parse(&full).map_err(|_| malformed())?;
        if !matches!(url.scheme(), "http" | "https") || url.cannot_be_a_base() {
            return Err(malformed());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(HostError::Credentials);
        }
        let name = url.host_str().filter(|name| !name.is_empty()).ok_or_else(malformed)?.to_owned();
        if url.scheme() == "http" && !is_loopback(&url) {
            return Err(HostError::Insecure { host: name });
        }
        if name.starts_with("accounts.") || name.starts_with("accounts-dod.") {
            return Err(HostError::Accounts { host: name });
        }
        let workspace_id = url
            .query_pairs()
            .find(|(key, value)| {
                matches!(key.as_ref(), "o" | "workspace_id" | "w")
                    && !value.is_empty()
                    && value.bytes().all(|byte| byte.is_ascii_digit())
            })
            .map(|(_, value)| value.into_owned());
        url.set_path("");
        url.set_query(None);
        url.set_fragment(None);
        Ok(Self { inner: Arc::new(Inner { base: url, workspace_id }) })
    }

    /// The address as text, without a slash at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.inner.base.as_str().trim_end_matches('/')
    }

    /// The workspace id that stood in the query of the address, where one did.
    #[must_use]
    pub fn workspace_id(&self) -> Option<&str> {
        self.inner.workspace_id.as_deref()
    }

    /// The cloud, by the domain.
    #[must_use]
    pub fn cloud(&self) -> Cloud {
        let name = self.inner.base.host_str().unwrap_or_default();
        if name.ends_with(".azuredatabricks.net") {
            Cloud::Azure { login: "https://login.microsoftonline.com" }
        } else if name.ends_with(".databricks.azure.us") {
            Cloud::Azure { login: "https://login.microsoftonline.us" }
        } else if name.ends_with(".databricks.azure.cn") {
            Cloud::Azure { login: "https://login.chinacloudapi.cn" }
        } else if name.ends_with(".gcp.databricks.com") {
            Cloud::Gcp
        } else {
            Cloud::Aws
        }
    }

    /// The address of a path on this host. `path` starts with a slash and may carry a query.
    ///
    /// `None` where the path would lead off this host.
    pub(crate) fn join(&self, path: &str) -> Option<Url> {
        if !path.starts_with('/') || path.starts_with("//") || path.contains('\\') {
            return None;
        }
        let url = self.inner.base.join(path).ok()?;
        (url.origin() == self.inner.base.origin()).then_some(url)
    }
}

/// Whether an address is this machine: a loopback address, or the name `localhost`.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

impl PartialEq for Host {
    fn eq(&self, other: &Self) -> bool {
        self.inner.base == other.inner.base
    }
}

impl Eq for Host {}

impl fmt::Display for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Host({self})")
    }
}

impl std::str::FromStr for Host {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scheme_is_added_and_everything_after_the_port_dropped() {
        for text in [
            "dbc-1.cloud.databricks.com",
            "https://dbc-1.cloud.databricks.com/?o=123#job",
            " HTTPS://DBC-1.cloud.databricks.com/browse/x ",
        ] {
            assert_eq!(Host::parse(text).unwrap().to_string(), "https://dbc-1.cloud.databricks.com");
        }
        assert_eq!(Host::parse("https://h.example:8443/x").unwrap().to_string(), "https://h.example:8443");
    }

    #[test]
    fn workspace_id_of_the_query_is_kept() {
        assert_eq!(Host::parse("https://h.example/?o=42").unwrap().workspace_id(), Some("42"));
        assert_eq!(Host::parse("https://h.example/?o=x").unwrap().workspace_id(), None);
    }

    #[test]
    fn plain_http_reaches_this_machine_only() {
        for text in ["http://127.0.0.1:80", "http://[::1]:9", "http://localhost:1", "http://127.9.9.9"] {
            assert!(Host::parse(text).is_ok(), "{text}");
        }
        for text in [
            "http://example.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://10.0.0.1",
        ] {
            assert!(matches!(Host::parse(text), Err(HostError::Insecure { .. })), "{text}");
        }
    }

    #[test]
    fn what_is_no_workspace_is_refused() {
        assert!(matches!(
            Host::parse("https://accounts.cloud.databricks.com"),
            Err(HostError::Accounts { .. })
        ));
        assert!(matches!(Host::parse("ftp://x"), Err(HostError::Malformed { .. })));
        assert!(matches!(Host::parse(""), Err(HostError::Malformed { .. })));
        let refused = Host::parse("https://me:secret@h.example").unwrap_err();
        assert_eq!(refused, HostError::Credentials);
        let refused = Host::parse("https://me:s3cret@").unwrap_err().to_string();
        assert!(!refused.contains("s3cret"), "{refused}");
    }

    #[test]
    fn a_path_cannot_lead_to_another_host() {
        let host = Host::parse("https://h.example").unwrap();
        assert_eq!(host.join("/api/2.0/x?a=b").unwrap().as_str(), "https://h.example/api/2.0/x?a=b");
        for path in ["//evil.example/x", "https://evil.example", "/\\evil.example", "api"] {
            assert!(host.join(path).is_none(), "{path}");
        }
    }

    #[test]
    fn azure_is_known_by_its_domain() {
        assert_eq!(
            Host::parse("adb-1.2.azuredatabricks.net").unwrap().cloud(),
            Cloud::Azure { login: "https://login.microsoftonline.com" }
        );
        assert_eq!(Host::parse("1.2.gcp.databricks.com").unwrap().cloud(), Cloud::Gcp);
        assert_eq!(Host::parse("dbc.cloud.databricks.com").unwrap().cloud(), Cloud::Aws);
    }
}
