//! What handlers are given: each asks for the one service that it calls.
use crate::system::System;
use axum::extract::FromRef;
use services::{
    Gatekeeper, Services,
    attendance::{
        achievements::Achievements, check_in::CheckIns, dashboard::Dashboards, goals::Goals, health::Health,
        last_attendance::LastAttendances, qr_code::QrCodes, statistics::Statistics,
    },
    events::{
        administration::EventAdministration, event_lists::EventLists, events::Events,
        participations::EventParticipations, payments::EventPaying, workers::Workers,
    },
    identity::{
        email::Emails, gyms::Gyms, hooks::Hooks, login::Login, memberships::Memberships, modules::Modules,
        people::People, pictures::Pictures, platform::PlatformUsers, profile::Profiles, registration::Registration,
        relationships::Relationships, role_sync::RoleSync, workspace::Workspaces,
    },
    kernel::{idempotency::Idempotency, limit::Limits, operators::Operators, underway::Underway},
    notifications::{
        announcements::Announcements, devices::Devices, inbox::Inbox, preferences::Preferences, segments::Segments,
        settings::NotificationSettings,
    },
    schedule::{
        attendance_marks::AttendanceMarks, bookings::Bookings, calendar::Calendars, categories::Categories,
        classes::Classes, hours::Hours, participation_views::ParticipationViews, reviews::Reviews,
        session_lists::SessionLists, sessions::Sessions, settings::ScheduleSettings, special_days::SpecialDays,
        waitlist::Waitlist,
    },
};
use std::{ops::Deref, sync::Arc};

macro_rules! state {
    ($($field:ident: $type:ty),+ $(,)?) => {
        /// The state of the whole API: one pointer, for a request copies it several times.
        #[derive(Clone)]
        pub struct AppState(Arc<Parts>);

        /// What the state is made of.
        pub struct Parts {
            $(pub $field: $type,)+
        }

        impl Deref for AppState {
            type Target = Parts;
            fn deref(&self) -> &Parts {
                &self.0
            }
        }

        $(impl FromRef<AppState> for $type {
            fn from_ref(state: &AppState) -> Self {
                state.$field.clone()
            }
        })+

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
    underway: Underway,
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
    hours: Arc<dyn Hours>,
    special_days: Arc<dyn SpecialDays>,
    schedule_settings: Arc<dyn ScheduleSettings>,
    categories: Arc<dyn Categories>,
    classes: Arc<dyn Classes>,
    reviews: Arc<dyn Reviews>,
    sessions: Arc<dyn Sessions>,
    session_lists: Arc<dyn SessionLists>,
    waitlist: Arc<dyn Waitlist>,
    attendance_marks: Arc<dyn AttendanceMarks>,
    participation_views: Arc<dyn ParticipationViews>,
    calendars: Arc<dyn Calendars>,
    qr_codes: Arc<dyn QrCodes>,
    check_ins: Arc<dyn CheckIns>,
    last_attendances: Arc<dyn LastAttendances>,
    achievements: Arc<dyn Achievements>,
    dashboards: Arc<dyn Dashboards>,
    statistics: Arc<dyn Statistics>,
    health: Arc<dyn Health>,
    goals: Arc<dyn Goals>,
    events: Arc<dyn Events>,
    event_lists: Arc<dyn EventLists>,
    workers: Arc<dyn Workers>,
    operators: Arc<dyn Operators>,
    event_participations: Arc<dyn EventParticipations>,
    event_paying: Arc<dyn EventPaying>,
    event_administration: Arc<dyn EventAdministration>,
    devices: Arc<dyn Devices>,
    announcements: Arc<dyn Announcements>,
    segments: Arc<dyn Segments>,
    inbox: Arc<dyn Inbox>,
    preferences: Arc<dyn Preferences>,
    notification_settings: Arc<dyn NotificationSettings>,
}

impl AppState {
    pub fn new(services: &Services, system: System) -> Self {
        let s = services.clone();
        Self(Arc::new(Parts {
            gate: s.gate,
            limits: s.limits,
            idempotency: s.idempotency,
            underway: s.core.underway,
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
            hours: s.hours,
            special_days: s.special_days,
            schedule_settings: s.schedule_settings,
            categories: s.categories,
            classes: s.classes,
            reviews: s.reviews,
            sessions: s.sessions,
            session_lists: s.session_lists,
            waitlist: s.waitlist,
            attendance_marks: s.attendance_marks,
            participation_views: s.participation_views,
            calendars: s.calendars,
            qr_codes: s.qr_codes,
            check_ins: s.check_ins,
            last_attendances: s.last_attendances,
            achievements: s.achievements,
            dashboards: s.dashboards,
            statistics: s.statistics,
            health: s.health,
            goals: s.goals,
            events: s.events,
            event_lists: s.event_lists,
            workers: s.workers,
            operators: s.operators,
            event_participations: s.event_participations,
            event_paying: s.event_paying,
            event_administration: s.event_administration,
            devices: s.devices,
            announcements: s.announcements,
            segments: s.segments,
            inbox: s.inbox,
            preferences: s.preferences,
            notification_settings: s.notification_settings,
        }))
    }
}
