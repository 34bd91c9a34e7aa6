//! Answers.
use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;

/// JSON that is encoded already: what the cache holds leaves as it is.
pub struct RawJson(pub Bytes);

impl IntoResponse for RawJson {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "application/json")], self.0).into_response()
    }
}
