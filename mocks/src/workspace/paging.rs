//! Page tokens and page sizes.

use super::answer::Problem;
use super::call::Call;

/// Marks a token that stands for the same place again, after an empty page.
const AGAIN: &str = "again.";

/// Parameters that may differ between the pages of one listing.
const FREE: [&str; 4] = ["page_token", "max_results", "page_size", "limit"];

/// The token for the page after `position`.
///
/// It is bound to the other parameters: a client that drops its filter on the second page gets an error here, where the
/// service would silently list something else.
pub(crate) fn token(call: &Call, position: &str) -> String {
    let text = format!("{:016x}{position}", fingerprint(call));
    base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, text)
}

/// Where the asked page starts: after this position.
pub(crate) fn position(call: &Call) -> Result<Option<String>, Problem> {
    let mut token = match call.param("page_token") {
        None | Some("") => return Ok(None),
        Some(token) => token,
    };
    while let Some(rest) = token.strip_prefix(AGAIN) {
        token = rest;
    }
    if token.is_empty() {
        return Ok(None);
    }
    let refused = || Problem::invalid("Invalid page token");
    let bytes = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, token)
        .map_err(|_| refused())?;
    let text = String::from_utf8(bytes).map_err(|_| refused())?;
    let (mark, position) = text.split_at_checked(16).ok_or_else(refused)?;
    if mark != format!("{:016x}", fingerprint(call)) {
        return Err(Problem::invalid("Page token does not belong to this request: parameters have changed"));
    }
    Ok(Some(position.to_owned()))
}

/// A token that leads to the page which the given request asked for.
pub(crate) fn again(page_token: Option<&str>) -> String {
    format!("{AGAIN}{}", page_token.unwrap_or_default())
}

fn fingerprint(call: &Call) -> u64 {
    let mut hash = 14_695_981_039_346_656_037_u64;
    let mut eat = |text: &str| {
        for byte in text.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(1_099_511_628_211);
        }
    };
    eat(call.path);
    for (key, value) in call.query.iter().filter(|(key, _)| !FREE.contains(&key.as_str())) {
        eat(key);
        eat(value);
    }
    hash
}

/// Whether `text` matches an SQL `LIKE` pattern (`%` any run, `_` one character).
pub(crate) fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where to resume after a `%`: the pattern behind it, and the next start in the text.
    let mut resume: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('%') => {
                resume = Some((p + 1, t));
                p += 1;
            }
            Some(&c) if c == '_' || c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match resume {
                Some((after, start)) => {
                    p = after;
                    t = start + 1;
                    resume = Some((after, start + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == '%')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::identity::Identity;

    fn with_call<T>(url: &str, run: impl FnOnce(&Call) -> T) -> T {
        let request = wiremock::Request {
            url: format!("http://localhost{url}").parse().unwrap(),
            method: wiremock::http::Method::GET,
            headers: wiremock::http::HeaderMap::new(),
            body: Vec::new(),
        };
        run(&Call::new(&request, "http://localhost", Identity::user("a@b")))
    }

    #[test]
    fn a_token_leads_back_to_its_place_whatever_the_page_size() {
        let next = with_call("/api/2.0/pipelines?filter=x", |call| token(call, "p-7"));
        let url = format!("/api/2.0/pipelines?filter=x&max_results=5&page_token={next}");
        assert_eq!(with_call(&url, position), Ok(Some("p-7".to_owned())));
        let again = again(Some(&next));
        let url = format!("/api/2.0/pipelines?filter=x&page_token={again}");
        assert_eq!(with_call(&url, position), Ok(Some("p-7".to_owned())));
    }

    #[test]
    fn a_token_without_its_filter_is_refused() {
        let next = with_call("/api/2.0/pipelines?filter=x", |call| token(call, "p-7"));
        assert!(with_call(&format!("/api/2.0/pipelines?page_token={next}"), position).is_err());
        assert!(with_call("/api/2.0/pipelines?page_token=nonsense", position).is_err());
    }

    #[test]
    fn an_empty_first_page_leads_to_the_first_page() {
        let url = format!("/api/2.0/pipelines?page_token={}", again(None));
        assert_eq!(with_call(&url, position), Ok(None));
    }

    #[test]
    fn like_knows_percent_and_underscore() {
        assert!(like("%gw%", "a_gw_b"));
        assert!(like("a_c", "abc"));
        assert!(!like("a_c", "abbc"));
        assert!(like("%", ""));
        assert!(like("a%b%c", "aXXbYbc"));
        assert!(!like("a%b%c", "aXXbYb"));
        assert!(!like("", "x"));
    }
}
