use super::step::{Next, Step};
use crate::ApiError;
use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use std::{any::Any, panic::AssertUnwindSafe};

/// A handler that panics answers 500, and costs nobody else anything.
#[derive(Clone, Copy)]
pub(super) struct Panics;

impl Step for Panics {
    async fn pass(&self, request: Request, next: impl Next) -> Response {
        // nothing that the request touched outlives it
        let answer = AssertUnwindSafe(async { next.run(request).await }).catch_unwind();
        answer.await.unwrap_or_else(|panic| panicked(panic.as_ref()))
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = text.unwrap_or("unknown"), "a handler panicked");
    ApiError::internal().into_response()
}
