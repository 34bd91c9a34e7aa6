//! What handlers are given: each asks for the one service that it calls.
use crate::system::System;
use axum::extract::FromRef;
use services::{
    Gatekeeper, Services,
    attendance::{dashboard::Dashboards, goals::Goals, health::Health, statistics::Statistics},
    identity::{
        email::Emails, gyms::Gyms, hooks::Hooks, login::Login, memberships::Memberships, modules::Modules,
        people::People, pictures::Pictures, platform::PlatformUsers, profile::Profiles, registration::Registration,
        relationships::Relationships, role_sync::RoleSync, workspace::Workspaces,
    },
    kernel::{idempotency::Idempotency, limit::Limits},
    schedule::bookings::Bookings,
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
    gyms: Arc<dyn Gyms>,
    memberships: Arc<dyn Memberships>,
    modules: Arc<dyn Modules>,
    relationships: Arc<dyn Relationships>,
    workspaces: Arc<dyn Workspaces>,
    login: Arc<dyn Login>,
    hooks: Arc<dyn Hooks>,
    registration: Arc<dyn Registration>,
    platform_users: Arc<dyn PlatformUsers>,
    emails: Arc<dyn Emails>,
    pictures: Arc<dyn Pictures>,
    role_sync: Arc<dyn RoleSync>,
    bookings: Arc<dyn Bookings>,
    dashboards: Arc<dyn Dashboards>,
    statistics: Arc<dyn Statistics>,
    health: Arc<dyn Health>,
    goals: Arc<dyn Goals>,
}

impl AppState {
    pub fn new(services: &Services, system: System) -> Self {
        let s = services.clone();
        Self {
            gate: s.gate,
            limits: s.limits,
            idempotency: s.idempotency,
            system,
            profiles: s.profiles,
            people: s.people,
            gyms: s.gyms,
            memberships: s.memberships,
            modules: s.modules,
            relationships: s.relationships,
            workspaces: s.workspaces,
            login: s.login,
            hooks: s.hooks,
            registration: s.registration,
            platform_users: s.platform_users,
            emails: s.emails,
            pictures: s.pictures,
            role_sync: s.role_sync,
            bookings: s.bookings,
            dashboards: s.dashboards,
            statistics: s.statistics,
            health: s.health,
            goals: s.goals,
        }
    }
}
