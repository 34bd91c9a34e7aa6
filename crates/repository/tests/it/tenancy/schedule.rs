use super::contract;
use chrono::{Days, NaiveDate, TimeDelta};
use domain::{
    UserId,
    kernel::time,
    schedule::{
        calendar_feed, cancellation, category, class, opening_hours, participation, review, session, settings,
        special_day, waitlist,
    },
};
use testkit::{both, schedule::in_minutes, world::World};

async fn people(world: &World) -> Vec<UserId> {
    let mut people = Vec::new();
    for n in 0..3 {
        people.push(world.user(&format!("p{n}")).await.id);
    }
    people
}

both! {
    async fn idn_118_hours_and_settings_of_another_gym_are_not_found(t: TestDb) {
        let world = World::new(&t.db);
        let (mine, other) = (world.gym("mine").await.id, world.gym("other").await.id);
        let closed = |n: u64| opening_hours::Create {
            day_of_week: i16::try_from(n).unwrap(),
            open_time: None,
            close_time: None,
            is_closed: true,
        };
        let untouched = opening_hours::Update::default;
        contract::<opening_hours::Entity>(&t.db, mine, other, 3, closed, untouched).await;
        let day = |n| special_day::Create {
            date: NaiveDate::from_ymd_opt(2026, 12, 24).unwrap() + Days::new(n),
            open_time: None,
            close_time: None,
            is_closed: true,
            description: None,
            created_by: None,
        };
        let described = || special_day::Update { description: Some(Some("x".into())), ..Default::default() };
        contract::<special_day::Entity>(&t.db, mine, other, 3, day, described).await;
        // a gym has one row of these
        let own = |_| settings::Create::default();
        let changed = || settings::Update { auto_no_show: Some(true), ..Default::default() };
        contract::<settings::Entity>(&t.db, mine, other, 1, own, changed).await;
        let people = people(&world).await;
        let feed = |n: u64| calendar_feed::Create { member_id: Some(people[n as usize]), token_hash: format!("{n}") };
        let renewed = || calendar_feed::Update { token_hash: Some("x".into()) };
        contract::<calendar_feed::Entity>(&t.db, mine, other, 3, feed, renewed).await;
    }

    async fn idn_118_classes_and_bookings_of_another_gym_are_not_found(t: TestDb) {
        let world = World::new(&t.db);
        let (gym, other) = (world.gym("mine").await, world.gym("other").await.id);
        let (mine, trainer, people) = (gym.id, world.user("tom").await, people(&world).await);
        let kind = |n| category::Create {
            name: format!("kind {n}"),
            description: None,
            color: None,
            icon: None,
            is_active: true,
            created_by: None,
        };
        let inactive = || category::Update { is_active: Some(false), ..Default::default() };
        contract::<category::Entity>(&t.db, mine, other, 3, kind, inactive).await;
        let template = |n| class::Create {
            name: format!("class {n}"),
            description: None,
            duration: 60,
            max_capacity: 20,
            difficulty_level: class::Difficulty::Beginner,
            category_id: None,
            category_enum: None,
            is_active: true,
            created_by: None,
        };
        let renamed = || class::Update { name: Some("x".into()), ..Default::default() };
        contract::<class::Entity>(&t.db, mine, other, 3, template, renamed).await;
        let class = world.class(&gym).await;
        let at = |n: u64| session::Create {
            class_id: class.id,
            trainer_id: trainer.id,
            start_time: in_minutes(60) + TimeDelta::days(n as i64),
            end_time: in_minutes(120) + TimeDelta::days(n as i64),
            room: None,
            is_recurring: false,
            recurrence_pattern: None,
            series_id: None,
            status: session::SessionStatus::Scheduled,
            current_participants: 0,
            override_capacity: None,
            notes: None,
            created_by: None,
        };
        let noted = || session::Update { notes: Some(Some("x".into())), ..Default::default() };
        contract::<session::Entity>(&t.db, mine, other, 3, at, noted).await;
        let session = world.session(&class, &trainer, in_minutes(60)).await;
        let booking = |n: u64| participation::Create {
            session_id: session.id,
            member_id: people[n as usize],
            status: participation::ParticipationStatus::Registered,
            registration_time: time::now(),
            attendance_time: None,
        };
        let over = || participation::Update { cancellation_reason: Some(Some("x".into())), ..Default::default() };
        contract::<participation::Entity>(&t.db, mine, other, 3, booking, over).await;
        let place = |n: u64| waitlist::Create {
            session_id: session.id,
            member_id: people[n as usize],
            status: waitlist::WaitlistStatus::Waiting,
            joined_at: time::now(),
        };
        contract::<waitlist::Entity>(&t.db, mine, other, 3, place, waitlist::Update::default).await;
        let opinion = |n: u64| review::Create {
            session_id: session.id,
            member_id: people[n as usize],
            rating: 4,
            comment: None,
        };
        let better = || review::Update { rating: Some(5), comment: None };
        contract::<review::Entity>(&t.db, mine, other, 3, opinion, better).await;
        let booked = world.booking(&session, people[0], participation::ParticipationStatus::Cancelled).await;
        let cancelled = |_| cancellation::Create {
            session_id: session.id,
            member_id: people[0],
            participation_id: booked.id,
            cancelled_by: None,
            actor: cancellation::CancellationActor::System,
            is_late: false,
            reason: None,
            cancelled_at: time::now(),
        };
        contract::<cancellation::Entity>(&t.db, mine, other, 3, cancelled, cancellation::Update::default).await;
    }
}
