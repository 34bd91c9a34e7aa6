//! What a request passes through on its way to an operation, and its answer on the way back.
//!
//! In place of `axum::middleware::from_fn`, which wraps what lies within anew for every request.
use axum::{extract::Request, response::Response};
use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use tower::{Layer, Service};

pub(super) trait Step: Clone + Send + Sync + 'static {
    fn pass(&self, request: Request, next: impl Next) -> impl Future<Output = Response> + Send;

    /// This step, and within it another.
    fn then<T: Step>(self, within: T) -> Then<Self, T> {
        Then { outer: self, within }
    }
}

/// What lies within a step.
pub(super) trait Next: Send + 'static {
    fn run(self, request: Request) -> impl Future<Output = Response> + Send;
}

/// Two steps as one, for each layer costs a box.
#[derive(Clone)]
pub(super) struct Then<A, B> {
    outer: A,
    within: B,
}

/// A step, and what lies within it.
struct After<B, N> {
    step: B,
    next: N,
}

impl<A: Step, B: Step> Step for Then<A, B> {
    fn pass(&self, request: Request, next: impl Next) -> impl Future<Output = Response> + Send {
        self.outer.pass(request, After { step: self.within.clone(), next })
    }
}

impl<B: Step, N: Next> Next for After<B, N> {
    async fn run(self, request: Request) -> Response {
        self.step.pass(request, self.next).await
    }
}

/// The layer of a step.
#[derive(Clone)]
pub(super) struct Through<T>(pub T);

/// A step with what lies within.
#[derive(Clone)]
pub(super) struct Passage<T, S> {
    step: T,
    inner: S,
}

struct Inner<S>(S);

impl<T: Clone, S> Layer<S> for Through<T> {
    type Service = Passage<T, S>;
    fn layer(&self, inner: S) -> Self::Service {
        Passage { step: self.0.clone(), inner }
    }
}

impl<T, S> Service<Request> for Passage<T, S>
where
    T: Step,
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // the one that was found ready is used, and a copy of it waits for the next request
        let within = self.inner.clone();
        let inner = Inner(std::mem::replace(&mut self.inner, within));
        let step = self.step.clone();
        Box::pin(async move { Ok(step.pass(request, inner).await) })
    }
}

impl<S> Next for Inner<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Send + 'static,
    S::Future: Send,
{
    fn run(mut self, request: Request) -> impl Future<Output = Response> + Send {
        let answer = self.0.call(request);
        async move {
            match answer.await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        }
    }
}
