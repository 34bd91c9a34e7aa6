//! Classes, sessions and bookings in one line: `let spin = world.class(&gym).await;
//! let session = world.session(&spin, &trainer, in_minutes(90)).await;`
use crate::world::World;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    GymId, UserId,
    identity::{gym, user},
    kernel::time,
    schedule::{
        category,
        class::{self, Difficulty},
        participation::{self, ParticipationStatus},
        review,
        session::{self, SessionStatus},
        waitlist::{self, WaitlistStatus},
    },
};
use repository::{
    Db, Page, Repository, StoreError,
    schedule::{
        SeaCategories, SeaClasses, SeaParticipations, SeaReviews, SeaSessions, SeaWaitlist,
        invariants::{self, Broken},
        seats::{MockSeats, SeaSeats, Seats},
    },
};
use std::sync::Arc;

/// An instant so many minutes from now, or ago.
pub fn in_minutes(minutes: i64) -> DateTime<Utc> {
    time::now() + TimeDelta::minutes(minutes)
}

/// What does not hold of seats and queues.
pub async fn broken(db: &Db) -> Vec<Broken> {
    invariants::broken(db).await.expect("the rows can be asked")
}

/// Seats that somebody else is always at: they are asked exactly so many times who is a member, and each time it is
/// contention.
pub fn busy_seats(times: usize) -> Arc<dyn Seats> {
    let mut seats = MockSeats::new();
    seats
        .expect_hold_membership()
        .times(times)
        .returning(|_, _, _| Err(StoreError::Contention(sea_orm::DbErr::Custom("deadlock detected".into()))));
    Arc::new(seats)
}

impl World {
    /// An active category.
    pub async fn category(&self, gym: &gym::Model, name: &str) -> category::Model {
        let input = category::Create {
            name: name.to_owned(),
            description: None,
            color: None,
            icon: None,
            is_active: true,
            created_by: None,
        };
        SeaCategories::default().create(&self.db, gym.id, input).await.expect("a category")
    }

    /// A class with twenty seats and an hour's length.
    pub async fn class(&self, gym: &gym::Model) -> class::Model {
        self.class_with(gym, |_| {}).await
    }

    pub async fn class_with(&self, gym: &gym::Model, change: impl FnOnce(&mut class::Create)) -> class::Model {
        let mut input = class::Create {
            name: "Spinning".into(),
            description: None,
            duration: 60,
            max_capacity: 20,
            difficulty_level: Difficulty::Beginner,
            category_id: None,
            category_enum: Some(class::ClassCategory::Cardio),
            is_active: true,
            created_by: None,
        };
        change(&mut input);
        SeaClasses::default().create(&self.db, gym.id, input).await.expect("a class")
    }

    /// A session of an hour that starts at `start`.
    pub async fn session(&self, class: &class::Model, trainer: &user::Model, start: DateTime<Utc>) -> session::Model {
        self.session_with(class, trainer, start, |_| {}).await
    }

    pub async fn session_with(
        &self,
        class: &class::Model,
        trainer: &user::Model,
        start: DateTime<Utc>,
        change: impl FnOnce(&mut session::Create),
    ) -> session::Model {
        let mut input = session::Create {
            class_id: class.id,
            trainer_id: trainer.id,
            start_time: start,
            end_time: start + TimeDelta::minutes(class.duration.into()),
            room: None,
            is_recurring: false,
            recurrence_pattern: None,
            series_id: None,
            status: SessionStatus::Scheduled,
            current_participants: 0,
            override_capacity: None,
            notes: None,
            created_by: None,
        };
        change(&mut input);
        SeaSessions::default().create(&self.db, class.gym_id, input).await.expect("a session")
    }

    /// A booking in any state, with the session's counter as it should be.
    pub async fn booking(
        &self,
        session: &session::Model,
        member: UserId,
        status: ParticipationStatus,
    ) -> participation::Model {
        let now = time::now();
        let input = participation::Create {
            session_id: session.id,
            member_id: member,
            status,
            registration_time: now,
            attendance_time: (status == ParticipationStatus::Attended).then_some(now),
        };
        let row = SeaParticipations::default().create(&self.db, session.gym_id, input).await.expect("a booking");
        SeaSeats.recount(&self.db, session.gym_id, &[session.id]).await.expect("counted");
        row
    }

    /// A place in the queue.
    pub async fn waiting(&self, session: &session::Model, member: UserId) -> waitlist::Model {
        let input = waitlist::Create {
            session_id: session.id,
            member_id: member,
            status: WaitlistStatus::Waiting,
            joined_at: time::now(),
        };
        SeaWaitlist::default().create(&self.db, session.gym_id, input).await.expect("a place")
    }

    /// What a member says of a session, whether they were there or not.
    pub async fn review(&self, session: &session::Model, member: UserId, rating: i16) -> review::Model {
        let input = review::Create { session_id: session.id, member_id: member, rating, comment: None };
        SeaReviews::default().create(&self.db, session.gym_id, input).await.expect("a review")
    }

    /// Who takes part in a session, in whatever state, by id.
    pub async fn participations(&self, session: &session::Model) -> Vec<participation::Model> {
        let all = Page { skip: 0, limit: Page::MAX };
        let rows = SeaParticipations::default().list(&self.db, session.gym_id, all).await.expect("readable");
        rows.into_iter().filter(|row| row.session_id == session.id).collect()
    }

    /// The session as it is now.
    pub async fn session_now(&self, gym: GymId, session: domain::SessionId) -> session::Model {
        SeaSessions::default().get(&self.db, gym, session).await.expect("readable").expect("there")
    }
}
