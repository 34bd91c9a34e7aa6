use crate::ApiError;
use axum::{
    extract::{FromRequest, FromRequestParts, RawPathParams, Request, path::ErrorKind, rejection::PathRejection},
    http::request::Parts,
};
use bytes::Bytes;
use domain::kernel::validation::{FieldError, Invalid};
use serde::{Deserialize, de::DeserializeOwned};
use services::Page;

fn field(from: &str, path: &str, msg: impl ToString, kind: &str) -> Invalid {
    let steps = path.split('.').filter(|s| !s.is_empty() && *s != "?").map(str::to_owned);
    let loc = std::iter::once(from.to_owned()).chain(steps).collect();
    Invalid(vec![FieldError { loc, msg: msg.to_string(), kind: kind.to_owned() }])
}

/// A JSON body. The content type is not insisted on, as the replaced system did not.
///
/// No operation takes a list, and one is refused whatever `T` is: a decoder fills structs from a list's items in order
/// too, so that `[]` would pass for a change of nothing.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ApiError;
    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state).await.map_err(ApiError::from)?;
        if bytes.is_empty() {
            return Err(field("body", "", "a body is required", "missing").into());
        }
        if bytes.trim_ascii_start().starts_with(b"[") {
            return Err(field("body", "", "an object is required, not a list", "type_error").into());
        }
        let mut json = serde_json::Deserializer::from_slice(&bytes);
        let value = serde_path_to_error::deserialize(&mut json).map_err(|e| {
            let syntax = e.inner().is_syntax() || e.inner().is_eof();
            let kind = if syntax { "json_invalid" } else { "type_error" };
            field("body", &e.path().to_string(), e.inner(), kind)
        })?;
        json.end().map_err(|e| field("body", "", e, "json_invalid"))?;
        Ok(Self(value))
    }
}

/// The query string.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default().as_bytes();
        // what follows `?` alone or stands empty between two `&` is nothing
        let pairs = serde_urlencoded::Deserializer::new(form_pairs(query));
        let value = serde_path_to_error::deserialize(pairs)
            .map_err(|e| field("query", &e.path().to_string(), e.inner(), "value_error"))?;
        Ok(Self(value))
    }
}

fn form_pairs(query: &[u8]) -> url::form_urlencoded::Parse<'_> {
    url::form_urlencoded::parse(query)
}

/// The parameters of the path.
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(e)) => {
                let key = match e.kind() {
                    ErrorKind::ParseErrorAtKey { key, .. } | ErrorKind::DeserializeError { key, .. } => key.clone(),
                    ErrorKind::InvalidUtf8InPathParam { key } => key.clone(),
                    _ => String::new(),
                };
                // a parameter that stands alone is not named by the error
                let key = if key.is_empty() { only_parameter(parts, state).await } else { key };
                Err(field("path", &key, e.body_text(), "value_error").into())
            }
            Err(e) => Err(field("path", "", e.body_text(), "value_error").into()),
        }
    }
}

/// The name of the path's parameter, when there is one.
async fn only_parameter<S: Send + Sync>(parts: &mut Parts, state: &S) -> String {
    let parameters = RawPathParams::from_request_parts(parts, state).await;
    let mut names = parameters.iter().flatten().map(|(name, _)| name.to_owned());
    names.next().filter(|_| names.next().is_none()).unwrap_or_default()
}

/// `skip` ≥ 0 (default 0), `limit` 1 … 1000 (default 100), else 422 (IDN-45).
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// How many rows to pass over.
    #[param(minimum = 0, default = 0)]
    skip: i64,
    /// How many rows to answer with.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: i64,
}

impl Default for Paging {
    fn default() -> Self {
        let page = Page::default();
        Self { skip: page.skip as i64, limit: page.limit as i64 }
    }
}

impl Paging {
    pub fn page(self) -> Result<Page, ApiError> {
        bounded(self.skip, self.limit, Page::MAX)
    }
}

/// `skip` ≥ 0 (default 0), `limit` ≥ 1 (default 100), and one above 500 is 500; else 422 (SCH-5).
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct Window {
    /// How many rows to pass over.
    #[param(minimum = 0, default = 0)]
    skip: i64,
    /// How many rows to answer with; more than 500 is 500.
    #[param(minimum = 1, default = 100)]
    limit: i64,
}

impl Default for Window {
    fn default() -> Self {
        Self { skip: 0, limit: 100 }
    }
}

impl Window {
    pub fn page(self) -> Result<Page, ApiError> {
        bounded(self.skip, self.limit.min(500), 500)
    }
}

/// `skip` ≥ 0 (default 0), `limit` ≥ 1 (default 500), and one above 500 is 500; else 422: what had no pages before (EVT-1).
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct LongWindow {
    /// How many rows to pass over.
    #[param(minimum = 0, default = 0)]
    skip: i64,
    /// How many rows to answer with; more than 500 is 500.
    #[param(minimum = 1, default = 500)]
    limit: i64,
}

impl Default for LongWindow {
    fn default() -> Self {
        Self { skip: 0, limit: 500 }
    }
}

impl LongWindow {
    pub fn page(self) -> Result<Page, ApiError> {
        bounded(self.skip, self.limit.min(500), 500)
    }
}

/// `skip` ≥ 0 (default 0), `limit` 1 … 100 (default 20), else 422: histories and reviews (SCH-91).
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ShortPaging {
    /// How many rows to pass over.
    #[param(minimum = 0, default = 0)]
    skip: i64,
    /// How many rows to answer with.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: i64,
}

impl Default for ShortPaging {
    fn default() -> Self {
        Self { skip: 0, limit: 20 }
    }
}

impl ShortPaging {
    pub fn page(self) -> Result<Page, ApiError> {
        bounded(self.skip, self.limit, 100)
    }
}

fn bounded(skip: i64, limit: i64, most: u64) -> Result<Page, ApiError> {
    let skip = u64::try_from(skip).map_err(|_| field("query", "skip", "must be at least 0", "value_error"))?;
    let limit = u64::try_from(limit).ok().filter(|limit| (1..=most).contains(limit));
    let limit =
        limit.ok_or_else(|| field("query", "limit", format_args!("must be between 1 and {most}"), "value_error"))?;
    Ok(Page { skip, limit })
}
