use super::contract;
use chrono::{Days, NaiveDate};
use domain::{
    attendance::{achievement, goal, health_record, health_snapshot},
    kernel::time,
};
use testkit::{both, world::World};

both! {
    async fn idn_118_achievements_and_health_of_another_gym_are_not_found(t: TestDb) {
        let world = World::new(&t.db);
        let (mine, other) = (world.gym("mine").await.id, world.gym("other").await.id);
        let user = world.user("ana").await.id;
        let earned = |n| achievement::Create {
            user_id: user,
            achievement_type: achievement::AchievementType::ClassMilestone,
            title: "many".into(),
            description: "many".into(),
            icon: "x".into(),
            value: n as f64,
            unit: None,
            rarity: achievement::Rarity::Common,
            earned_at: time::now(),
            is_milestone: true,
            points_awarded: 10,
            source_id: None,
        };
        contract::<achievement::Entity>(&t.db, mine, other, 3, earned, achievement::Update::default).await;
        let wanted = |_| goal::Create {
            user_id: user,
            goal_type: goal::GoalType::Strength,
            title: "stronger".into(),
            description: None,
            target_value: 100.0,
            current_value: 50.0,
            start_value: None,
            unit: "kg".into(),
            target_date: None,
            status: goal::GoalStatus::Active,
            is_public: false,
            notifications_enabled: true,
        };
        let nearer = || goal::Update { current_value: Some(60.0), ..Default::default() };
        contract::<goal::Entity>(&t.db, mine, other, 3, wanted, nearer).await;
        let measured = |_| health_record::Create {
            user_id: user,
            weight: Some(70.5),
            body_fat_percentage: None,
            muscle_mass: None,
            visceral_fat: None,
            bone_mass: None,
            water_percentage: None,
            recorded_at: time::now(),
            measurement_type: health_record::MeasurementType::Scale,
            notes: None,
        };
        contract::<health_record::Entity>(&t.db, mine, other, 3, measured, health_record::Update::default).await;
        let day = |n| health_snapshot::Create {
            user_id: user,
            snapshot_date: NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + Days::new(n),
            weight: None,
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
        contract::<health_snapshot::Entity>(&t.db, mine, other, 3, day, health_snapshot::Update::default).await;
    }
}
