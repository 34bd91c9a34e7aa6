//! What handlers are given: each asks for the one service that it calls.
use crate::system::System;
use axum::extract::FromRef;
use services::{
    Gatekeeper,
    identity::{people::People, profile::Profiles},
    kernel::{idempotency::Idempotency, limit::Limits},
};
use std::sync::Arc;

macro_rules! state {
    ($($field:ident: $type:ty),+ $(,)?) => {
        /// The state of the whole API.
        #[derive(Clone, FromRef)]
        pub struct AppState {
            $(pub $field: $type,)+
        }

        /// A state that the API's operations can be mounted in: one from which each service can be had.
        pub trait HostState: Clone + Send + Sync + 'static $(+ Provides<$type>)+ {}
        impl<S: Clone + Send + Sync + 'static $(+ Provides<$type>)+> HostState for S {}
    };
}

/// `T: FromRef<S>`, said of `S`, so that one bound stands for all.
pub trait Provides<T> {
    fn provide(&self) -> T;
}

impl<S, T: FromRef<S>> Provides<T> for S {
    fn provide(&self) -> T {
        T::from_ref(self)
    }
}

state! {
    gate: Arc<dyn Gatekeeper>,
    limits: Limits,
    idempotency: Arc<dyn Idempotency>,
    system: System,
    profiles: Arc<dyn Profiles>,
    people: Arc<dyn People>,
}
