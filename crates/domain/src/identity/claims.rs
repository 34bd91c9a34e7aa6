//! What a verified token says (IDN-4 … IDN-8).
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Granted scopes. `:` and `_` are the same when compared (IDN-6).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scopes(Vec<String>);

impl Scopes {
    pub fn new(scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(scopes.into_iter().map(Into::into).collect())
    }
    pub fn grants(&self, wanted: &str) -> bool {
        let canonical = |c: char| if c == '_' { ':' } else { c };
        self.0.iter().any(|s| s.len() == wanted.len() && s.chars().map(canonical).eq(wanted.chars().map(canonical)))
    }
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

/// The token's subject and what it may do. Made only from a token whose signature, issuer, audience and life time
/// were checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claims {
    pub sub: String,
    pub email: Option<String>,
    pub email_verified: bool,
    pub name: Option<String>,
    pub nickname: Option<String>,
    pub picture: Option<String>,
    pub locale: Option<String>,
    pub scopes: Scopes,
    /// Seconds since 1970.
    pub expires_at: i64,
    /// The whole payload.
    pub raw: Map<String, Value>,
}

/// `scope` is present and not a string (IDN-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScopeShape;

impl Claims {
    /// Reads the claims of a verified payload; the subject must be there.
    pub fn from_payload(raw: Map<String, Value>) -> Result<Option<Self>, ScopeShape> {
        let text = |name: &str| raw.get(name).and_then(Value::as_str).map(str::to_owned);
        let Some(sub) = text("sub").filter(|sub| !sub.is_empty()) else {
            return Ok(None);
        };
        let claims = Self {
            email: text("email").or_else(|| namespaced(&raw, "/email")?.as_str().map(str::to_owned)),
            email_verified: raw
                .get("email_verified")
                .or_else(|| namespaced(&raw, "/email_verified"))
                .is_some_and(|v| v.as_bool() == Some(true)),
            name: text("name"),
            nickname: text("nickname"),
            picture: text("picture"),
            locale: text("locale"),
            scopes: scopes(&raw)?,
            expires_at: raw.get("exp").and_then(Value::as_f64).unwrap_or_default() as i64,
            sub,
            raw,
        };
        Ok(Some(claims))
    }
}

/// A claim whose name is a URL that ends so (IDN-8).
fn namespaced<'a>(raw: &'a Map<String, Value>, suffix: &str) -> Option<&'a Value> {
    let is_url = |name: &str| name.starts_with("https://") || name.starts_with("http://");
    raw.iter().find(|(name, _)| is_url(name) && name.ends_with(suffix)).map(|(_, value)| value)
}

/// `scope` ∪ `permissions`, or, when that is empty, the namespaced list (IDN-5).
fn scopes(raw: &Map<String, Value>) -> Result<Scopes, ScopeShape> {
    let mut granted: Vec<String> = match raw.get("scope") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(s)) => s.split_whitespace().map(str::to_owned).collect(),
        Some(_) => return Err(ScopeShape),
    };
    granted.extend(list(raw.get("permissions")));
    if granted.is_empty() {
        granted.extend(list(raw.get("https://gymapi/permissions")));
    }
    Ok(Scopes(granted))
}

fn list(value: Option<&Value>) -> impl Iterator<Item = String> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn claims(extra: Value) -> Result<Claims, ScopeShape> {
        let mut raw = json!({"sub": "auth0|1", "exp": 2_000_000_000});
        raw.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        Claims::from_payload(raw.as_object().unwrap().clone()).map(Option::unwrap)
    }

    #[test]
    fn idn_5_scopes_come_from_scope_and_permissions_or_the_namespace() {
        let got = |v| claims(v).unwrap().scopes.as_slice().join(" ");
        assert_eq!(got(json!({"scope": "openid user:read"})), "openid user:read");
        assert_eq!(got(json!({"permissions": ["a:b"]})), "a:b");
        assert_eq!(got(json!({"scope": "x", "permissions": ["y"], "https://gymapi/permissions": ["z"]})), "x y");
        assert_eq!(got(json!({"https://gymapi/permissions": ["z"]})), "z");
        assert_eq!(got(json!({"https://other/permissions": ["z"]})), "");
        assert_eq!(claims(json!({"scope": ["user:read"]})), Err(ScopeShape));
    }

    #[test]
    fn idn_6_colon_and_underscore_are_the_same() {
        let scopes = Scopes::new(["resource_read", "user:write"]);
        assert!(scopes.grants("resource:read") && scopes.grants("user_write"));
        assert!(!scopes.grants("resource:write") && !scopes.grants("resource:rea"));
    }

    #[test]
    fn idn_8_email_may_stand_under_a_url() {
        let c = claims(json!({"https://gymapi/email": "a@b.c", "https://gymapi/email_verified": true})).unwrap();
        assert_eq!((c.email.as_deref(), c.email_verified), (Some("a@b.c"), true));
        assert_eq!(claims(json!({"not/email": "a@b.c", "httpish/email": "a@b.c"})).unwrap().email, None);
    }

    #[test]
    fn a_payload_without_a_subject_is_nobody() {
        assert_eq!(Claims::from_payload(Map::new()), Ok(None));
    }
}
