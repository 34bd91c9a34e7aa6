//! A gym whose clock stands still, and classes that were attended at chosen times.
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    UserId,
    identity::{GymRole, gym, user},
    schedule::{
        class,
        participation::{self, ParticipationStatus},
        session,
    },
};
use ports::FixedClock;
use sea_orm::ConnectionTrait;
use serde_json::Value;
use std::sync::Arc;
use testkit::{app::App, database::TestDb};

pub const SUMMARY: &str = "/api/v1/users/dashboard/summary";
pub const STATS: &str = "/api/v1/users/stats";

/// A Wednesday; at noon in Madrid.
pub const NOW: &str = "2030-03-13T11:00:00Z";

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub struct Cast {
    pub app: App,
    pub clock: FixedClock,
    pub gym: gym::Model,
    pub tom: user::Model,
    pub ana: user::Model,
    pub spin: class::Model,
}

impl Cast {
    /// A gym in Madrid with a trainer, a member and a class of an hour.
    pub async fn new(t: &TestDb) -> Self {
        Self::at(t, NOW, "Europe/Madrid").await
    }

    pub async fn at(t: &TestDb, now: &str, zone: &str) -> Self {
        let clock = FixedClock::new(at(now));
        let app = App::with(t, |c| c.core.clock = Arc::new(clock.clone())).await;
        let gym = app.world.gym_with("box", |g| g.timezone = zone.to_owned()).await;
        let tom = app.world.person(&gym, "tom", GymRole::Trainer).await;
        let ana = app.world.member(&gym, "ana").await;
        let spin = app.world.class(&gym).await;
        Self { app, clock, gym, tom, ana, spin }
    }

    /// A class of another name and length.
    pub async fn class(&self, name: &str, duration: i32) -> class::Model {
        let named = |c: &mut class::Create| {
            c.name = name.to_owned();
            c.duration = duration;
        };
        self.app.world.class_with(&self.gym, named).await
    }

    /// The member's part in a session of the class that starts then.
    pub async fn part(
        &self,
        class: &class::Model,
        member: UserId,
        start: DateTime<Utc>,
        status: ParticipationStatus,
        checked_in: Option<DateTime<Utc>>,
    ) -> session::Model {
        let session = self.app.world.session(class, &self.tom, start).await;
        let core = &self.app.services.core;
        let part = participation::Create {
            session_id: session.id,
            member_id: member,
            status,
            registration_time: start - TimeDelta::days(2),
            attendance_time: checked_in,
        };
        core.stores.participations.create(&core.db, class.gym_id, part).await.unwrap();
        session
    }

    /// Ana attended the class that began then, and was checked in at its start.
    pub async fn attended(&self, class: &class::Model, start: &str) {
        self.part(class, self.ana.id, at(start), ParticipationStatus::Attended, Some(at(start))).await;
    }

    pub async fn booked(&self, class: &class::Model, start: &str) -> session::Model {
        self.part(class, self.ana.id, at(start), ParticipationStatus::Registered, None).await
    }

    /// What Ana gets.
    pub async fn get(&self, path: &str) -> Value {
        self.app.get(path).by(&self.ana).at(self.gym.id).send().await.expect(200)
    }

    /// What Ana gets, when nothing was kept.
    pub async fn fresh(&self, path: &str) -> Value {
        self.forget().await;
        self.get(path).await
    }

    /// As if something about Ana had changed.
    pub async fn forget(&self) {
        let key = services::kernel::cache_key::CacheKey::MemberStats(self.ana.id, self.gym.id);
        self.app.services.core.committed(&[key]).await;
    }
}

/// Changes rows behind the services' back.
pub async fn sql(t: &TestDb, statement: &str) {
    t.pool().execute_unprepared(statement).await.unwrap();
}
