//! The rows that lists are asked about: more of everything than any page is long.
use super::{events::Events, notifications};
use crate::rows;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::{
    ClassId, GymId, OutboxId, SessionId, UserId,
    attendance::{
        achievement,
        goal::{self, GoalStatus},
        health_record,
        milestone::Milestone,
    },
    identity::{GymRole, PlatformRole, follow, relationship, user},
    kernel::outbox::Effect,
    notifications::notification,
    schedule::{
        cancellation::{self, CancellationActor},
        hours::DayOfWeek,
        lifecycle::Slot,
        opening_hours,
        participation::ParticipationStatus,
        session::{self, SessionStatus},
        settings, special_day,
    },
};
use repository::{
    Page, Repository, SeaRepo,
    attendance::achievements::{Achievements, SeaEarned},
    identity::relationship::SeaRelationships,
    kernel::{
        jobs::{Jobs, SeaJobs},
        outbox::{Outbox, SeaOutbox},
    },
    schedule::{
        SeaSpecialDays,
        hours::{Hours, SeaHours},
        participations::Asked,
    },
};
use std::ops::Range;
use testkit::{database::TestDb, schedule::in_minutes, world::World};

/// What the lists are asked about.
pub struct Of {
    pub gym: GymId,
    pub person: UserId,
    pub trainer: UserId,
    /// Of the person.
    pub code: String,
    pub class: ClassId,
    /// To come, with the person booked or waiting.
    pub sessions: Vec<SessionId>,
    /// Of the gym, beside the person and the trainer.
    people: Vec<user::Model>,
    pub events: Events,
    /// Written for the people.
    pub told: notification::Model,
}

/// As many of these as the page is long.
pub fn first<T>(rows: &[T], page: Page) -> &[T] {
    &rows[..rows.len().min(page.limit as usize)]
}

/// A day of a month to come.
pub fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2031, 1, day).unwrap()
}

impl Of {
    /// As many as the page is long, that no other page has.
    pub fn milestones(&self, page: Page) -> Vec<achievement::Create> {
        let page = u32::try_from(page.limit).unwrap();
        (0..page).map(|n| Milestone::Classes(1000 * page + n).earned(self.person, Utc::now())).collect()
    }

    /// As many of the people as the page is long.
    pub fn people(&self, page: Page) -> Vec<UserId> {
        first(&self.people, page).iter().map(|one| one.id).collect()
    }

    /// Their names at the identity provider.
    pub fn subjects(&self, page: Page) -> Vec<String> {
        first(&self.people, page).iter().filter_map(|one| one.auth0_id.clone()).collect()
    }

    /// The session that everybody has booked, and waits for.
    pub fn full(&self) -> SessionId {
        self.sessions[0]
    }

    pub fn soon(&self) -> Asked {
        Asked::Starting(Utc::now()..in_minutes(999))
    }

    /// A seat in each session for the person.
    pub fn seats(&self) -> Vec<(SessionId, UserId)> {
        self.sessions.iter().map(|session| (*session, self.person)).collect()
    }

    /// All of the sessions.
    pub fn window(&self) -> Range<DateTime<Utc>> {
        Utc::now()..in_minutes(9000)
    }

    pub fn span(&self) -> Slot {
        Slot { start: self.window().start, end: self.window().end }
    }

    /// A month ago, so that no other list shows them.
    pub fn new_sessions(&self) -> Vec<session::Create> {
        let new = |n: i64| session::Create {
            class_id: self.class,
            trainer_id: self.trainer,
            start_time: in_minutes(-40_000 - n),
            end_time: in_minutes(-39_000 - n),
            room: None,
            is_recurring: false,
            recurrence_pattern: None,
            series_id: None,
            status: SessionStatus::Completed,
            current_participants: 0,
            override_capacity: None,
            notes: None,
            created_by: None,
        };
        (0..12).map(new).collect()
    }
}

/// A gym of 30 people, each of whom belongs to others as well; the person and the trainer have 30 of everything.
pub async fn many(t: &TestDb) -> Of {
    let world = World::new(&t.db);
    rows::fill(&t.db, "other").await;
    let gym = world.gym("gym-0").await;
    let person = world.member(&gym, "person").await;
    let trainer = world.person(&gym, "trainer", GymRole::Trainer).await;
    let class = world.class(&gym).await;
    let (mut sessions, mut full) = (Vec::new(), None);
    for n in 0..30 {
        let session = world.session(&class, &trainer, in_minutes(60 + n)).await;
        world.booking(&session, person.id, ParticipationStatus::Registered).await;
        world.booking(&session, trainer.id, ParticipationStatus::Attended).await;
        world.waiting(&session, trainer.id).await;
        world.review(&session, person.id, 4).await;
        let category = world.category(&gym, &format!("kind {n}")).await;
        world.class_with(&gym, |c| c.category_id = Some(category.id)).await;
        sessions.push(session.id);
        if n == 0 {
            full = Some(session);
        }
        let over =
            world.session_with(&class, &trainer, in_minutes(-300 - n), |s| s.status = SessionStatus::Completed).await;
        world.booking(&over, trainer.id, ParticipationStatus::Registered).await;
    }
    let week = DayOfWeek::all().map(opening_hours::Create::usual).collect();
    SeaHours.add_missing(&t.db, gym.id, week).await.unwrap();
    for n in 1..=30 {
        let closed = special_day::Create {
            date: day(n),
            open_time: None,
            close_time: None,
            is_closed: true,
            description: None,
            created_by: None,
        };
        SeaSpecialDays::default().create(&t.db, gym.id, closed).await.unwrap();
    }
    let full = full.unwrap();
    let marks = settings::Create { auto_no_show: true, ..Default::default() };
    SeaRepo::<settings::Entity>::default().create(&t.db, gym.id, marks).await.unwrap();
    let mut people = Vec::new();
    for n in 1..30 {
        let theirs = world.gym_with(&format!("gym-{n}"), |g| g.logo_url = Some("http://x.test".into())).await;
        world.join(theirs.id, person.id, GymRole::Member).await;
        let picture = |u: &mut user::Create| {
            u.picture = Some("http://x.test".into());
            u.role = if n % 2 == 0 { PlatformRole::SuperAdmin } else { PlatformRole::Member };
        };
        let one = world.user_with(&format!("p{n}"), picture).await;
        world.review(&full, one.id, 5).await;
        world.join(gym.id, one.id, if n % 2 == 0 { GymRole::Admin } else { GymRole::Member }).await;
        let booked = world.booking(&full, one.id, ParticipationStatus::Registered).await;
        world.waiting(&full, one.id).await;
        let cancelled = cancellation::Create {
            session_id: full.id,
            member_id: one.id,
            participation_id: booked.id,
            cancelled_by: None,
            actor: CancellationActor::System,
            is_late: false,
            reason: None,
            cancelled_at: Utc::now(),
        };
        SeaRepo::<cancellation::Entity>::default().create(&t.db, gym.id, cancelled).await.unwrap();
        let relate = |trainer_id, member_id| relationship::Create {
            trainer_id,
            member_id,
            status: relationship::RelationshipStatus::Active,
            start_date: None,
            end_date: None,
            notes: None,
            created_by: None,
        };
        let relationships = SeaRelationships::default();
        relationships.create(&t.db, gym.id, relate(trainer.id, one.id)).await.unwrap();
        relationships.create(&t.db, gym.id, relate(one.id, person.id)).await.unwrap();
        let follow = follow::Create { follower_id: one.id, following_id: person.id, is_active: true };
        SeaRepo::<follow::Entity>::default().create(&t.db, gym.id, follow).await.unwrap();
        for kind in ["test.list", "test.dead"] {
            let aggregate = format!("{kind}:{n}");
            let effect = Effect { gym: None, kind, aggregate, dedupe_key: None, payload: serde_json::json!({}) };
            SeaOutbox.push(&t.db, effect).await.unwrap();
        }
        SeaJobs.register(&t.db, &format!("job-{n}"), Utc::now()).await.unwrap();
        people.push(one);
    }
    for row in SeaOutbox.claim(&t.db, &["test.dead"], 100, "w", TimeDelta::seconds(60)).await.unwrap() {
        let id: OutboxId = row.id;
        assert!(SeaOutbox.park(&t.db, id, "w", "no").await.unwrap());
    }
    use sea_orm::ConnectionTrait;
    let others = "UPDATE users SET qr_code = NULL WHERE email LIKE 'p%' AND email <> 'person@example.test'";
    t.pool().execute_unprepared(others).await.unwrap();
    let code = person.qr_code.unwrap();
    t.pool().execute_unprepared("UPDATE user_gyms SET last_app_access = updated_at").await.unwrap();
    measured(t, gym.id, person.id).await;
    let events = Events::make(&world, &gym, &trainer, person.id, &people).await;
    let told = notifications::tell(&t.db, gym.id, trainer.id, person.id, &people).await;
    Of { gym: gym.id, person: person.id, trainer: trainer.id, code, class: class.id, sessions, people, events, told }
}

/// Thirty achievements, goals and measurements of the person.
async fn measured(t: &TestDb, gym: GymId, person: UserId) {
    for n in 0..30 {
        let value = f64::from(n);
        let earned = Milestone::Classes(n).earned(person, Utc::now());
        SeaEarned.award(&t.db, gym, vec![earned]).await.unwrap();
        let wanted = goal::Create {
            user_id: person,
            goal_type: goal::GoalType::WeightLoss,
            title: "lighter".into(),
            description: None,
            target_value: value,
            current_value: 90.0,
            start_value: None,
            unit: "kg".into(),
            target_date: None,
            status: GoalStatus::Active,
            is_public: false,
            notifications_enabled: true,
        };
        SeaRepo::<goal::Entity>::default().create(&t.db, gym, wanted).await.unwrap();
        let record = health_record::Create {
            user_id: person,
            weight: Some(value),
            body_fat_percentage: None,
            muscle_mass: None,
            visceral_fat: None,
            bone_mass: None,
            water_percentage: None,
            recorded_at: Utc::now(),
            measurement_type: health_record::MeasurementType::Scale,
            notes: None,
        };
        SeaRepo::<health_record::Entity>::default().create(&t.db, gym, record).await.unwrap();
    }
}
