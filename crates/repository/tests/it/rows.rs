//! A row in every table.
pub mod events;
pub mod notifications;

use crate::catalogue;
use chrono::{NaiveTime, TimeDelta};
use domain::{
    GymId, UserId,
    attendance::{
        achievement::{self, AchievementType, Rarity},
        goal::{self, GoalStatus, GoalType},
        health_record::{self, MeasurementType},
        health_snapshot,
    },
    identity::{GymRole, follow, gym, relationship, user},
    kernel::{installation::Mark, outbox::Effect, time},
    schedule::{
        calendar_feed,
        cancellation::{self, CancellationActor},
        category, opening_hours,
        participation::ParticipationStatus,
        review, settings, special_day,
    },
};
use repository::{
    Db, Repository, SeaRepo,
    attendance::{SeaAchievements, SeaGoals, SeaHealthRecords, SeaHealthSnapshots},
    identity::relationship::SeaRelationships,
    kernel::{
        idempotency::{IdempotencyKeys, SeaIdempotencyKeys},
        installation::{Installations, SeaInstallations},
        jobs::{Jobs, SeaJobs},
        outbox::{Outbox, SeaOutbox},
    },
    schedule::{
        SeaCalendarFeeds, SeaCancellations, SeaCategories, SeaOpeningHours, SeaReviews, SeaScheduleSettings,
        SeaSpecialDays,
    },
};
use testkit::{schedule::in_minutes, world::World};

/// Fills every table. `name` tells this filling's rows from those of another.
pub async fn fill(db: &Db, name: &str) {
    let world = World::new(db);
    let gym = world.gym(&format!("{name}-gym")).await;
    let trainer = world.person(&gym, &format!("{name}-trainer"), GymRole::Trainer).await;
    let member = world.member(&gym, &format!("{name}-member")).await;
    let related = relationship::Create {
        trainer_id: trainer.id,
        member_id: member.id,
        status: relationship::RelationshipStatus::Active,
        start_date: Some(time::now()),
        end_date: None,
        notes: Some("ñ".into()),
        created_by: Some(trainer.id),
    };
    SeaRelationships::default().create(db, gym.id, related).await.expect("a relationship");
    let follow = follow::Create { follower_id: member.id, following_id: trainer.id, is_active: true };
    SeaRepo::<follow::Entity>::default().create(db, gym.id, follow).await.expect("a follower");
    let effect = Effect {
        gym: Some(gym.id),
        kind: "test.effect",
        aggregate: format!("gym:{}", gym.id),
        dedupe_key: Some(name.to_owned()),
        payload: serde_json::json!({ "gym": gym.id }),
    };
    SeaOutbox.push(db, effect).await.expect("an effect");
    SeaJobs.register(db, name, time::now()).await.expect("a job");
    SeaInstallations.offer(db, &Mark::random()).await.expect("a mark");
    schedule(db, &world, &gym, &trainer, member.id).await;
    attendance(db, gym.id, member.id).await;
    events::fill(db, &gym, &trainer, member.id, name).await;
    notifications::fill(db, gym.id, member.id, name).await;
    let key = SeaIdempotencyKeys.begin(db, "POST /gyms", name, "f", TimeDelta::seconds(60)).await;
    key.expect("an idempotency key");
}

async fn schedule(db: &Db, world: &World, gym: &gym::Model, trainer: &user::Model, member: UserId) {
    let gym_id = gym.id;
    let sunday = opening_hours::Create { day_of_week: 6, open_time: None, close_time: None, is_closed: true };
    SeaOpeningHours::default().create(db, gym_id, sunday).await.expect("a day of the week");
    let holiday = special_day::Create {
        date: time::now().date_naive(),
        open_time: Some(NaiveTime::MIN),
        close_time: NaiveTime::from_hms_opt(23, 59, 0),
        is_closed: false,
        description: Some("ñ".into()),
        created_by: Some(trainer.id),
    };
    SeaSpecialDays::default().create(db, gym_id, holiday).await.expect("a special day");
    SeaScheduleSettings::default().create(db, gym_id, settings::Create::default()).await.expect("settings");
    let category = category::Create {
        name: "Agua".into(),
        description: None,
        color: Some("#00f".into()),
        icon: None,
        is_active: true,
        created_by: Some(trainer.id),
    };
    let category = SeaCategories::default().create(db, gym_id, category).await.expect("a category");
    let class = world.class_with(gym, |c| c.category_id = Some(category.id)).await;
    let session = world.session(&class, trainer, in_minutes(60)).await;
    let booking = world.booking(&session, member, ParticipationStatus::Cancelled).await;
    world.waiting(&session, member).await;
    let cancellation = cancellation::Create {
        session_id: session.id,
        member_id: member,
        participation_id: booking.id,
        cancelled_by: None,
        actor: CancellationActor::System,
        is_late: false,
        reason: None,
        cancelled_at: time::now(),
    };
    SeaCancellations::default().create(db, gym_id, cancellation).await.expect("a cancellation");
    let review = review::Create { session_id: session.id, member_id: member, rating: 5, comment: None };
    SeaReviews::default().create(db, gym_id, review).await.expect("a review");
    let feed = calendar_feed::Create { member_id: Some(member), token_hash: format!("{gym_id}") };
    SeaCalendarFeeds::default().create(db, gym_id, feed).await.expect("a feed");
}

async fn attendance(db: &Db, gym: GymId, user_id: UserId) {
    let achievement = achievement::Create {
        user_id,
        achievement_type: AchievementType::AttendanceStreak,
        title: "3".into(),
        description: "3".into(),
        icon: "🔥".into(),
        value: 3.0,
        unit: Some("días".into()),
        rarity: Rarity::Common,
        earned_at: time::now(),
        is_milestone: true,
        points_awarded: 10,
        source_id: None,
    };
    SeaAchievements::default().create(db, gym, achievement).await.expect("an achievement");
    let goal = goal::Create {
        user_id,
        goal_type: GoalType::WeightLoss,
        title: "lighter".into(),
        description: None,
        target_value: 70.0,
        current_value: 75.5,
        start_value: Some(80.0),
        unit: "kg".into(),
        target_date: Some(time::now().date_naive()),
        status: GoalStatus::Active,
        is_public: false,
        notifications_enabled: true,
    };
    SeaGoals::default().create(db, gym, goal).await.expect("a goal");
    let record = health_record::Create {
        user_id,
        weight: Some(75.5),
        body_fat_percentage: Some(20.0),
        muscle_mass: None,
        visceral_fat: None,
        bone_mass: None,
        water_percentage: None,
        recorded_at: time::now(),
        measurement_type: MeasurementType::Scale,
        notes: None,
    };
    SeaHealthRecords::default().create(db, gym, record).await.expect("a measurement");
    let snapshot = health_snapshot::Create {
        user_id,
        snapshot_date: time::now().date_naive(),
        weight: Some(75.5),
        bmi: None,
        body_fat_percentage: None,
        muscle_mass: None,
        weekly_workouts: 1,
        current_streak: 1,
        classes_attended_week: 1,
        total_workout_minutes_week: 60,
        social_score: 0.0,
        chat_messages_week: 0,
    };
    SeaHealthSnapshots::default().create(db, gym, snapshot).await.expect("a snapshot");
}

/// # Panics
/// When a table has no row: a new table gets its row in [`fill`].
pub async fn assert_every_table_has_rows(db: &Db) {
    let pool = db.pool().expect("attached");
    for table in catalogue::tables(pool).await {
        assert!(catalogue::count(pool, &table).await > 0, "rows::fill puts no row into {table}");
    }
}
