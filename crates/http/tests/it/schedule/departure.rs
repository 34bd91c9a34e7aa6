//! Who goes gives their seats back, however they go.
use domain::{
    identity::{GymRole, gym},
    schedule::participation::ParticipationStatus as P,
};
use testkit::{app::App, both, schedule::in_minutes};

both! {
    async fn sch_79_idn_66_a_person_whom_the_platform_deletes_gives_their_seats_back_in_every_gym(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        let ana = app.world.user("ana").await;
        let mut sessions = Vec::new();
        for name in ["one", "two"] {
            let gym: gym::Model = app.world.gym(name).await;
            app.world.join(gym.id, ana.id, GymRole::Member).await;
            let trainer = app.world.person(&gym, &format!("{name}-tom"), GymRole::Trainer).await;
            let waiter = app.world.member(&gym, &format!("{name}-ben")).await;
            let class = app.world.class_with(&gym, |c| c.max_capacity = 1).await;
            let full = app.world.session(&class, &trainer, in_minutes(60)).await;
            app.world.booking(&full, ana.id, P::Registered).await;
            app.world.waiting(&full, waiter.id).await;
            let quiet = app.world.session(&class, &trainer, in_minutes(180)).await;
            app.world.booking(&quiet, ana.id, P::Registered).await;
            let over = app.world.session(&class, &trainer, in_minutes(-180)).await;
            app.world.booking(&over, ana.id, P::Attended).await;
            sessions.push((gym.id, [(full.id, 1), (quiet.id, 0), (over.id, 1)]));
        }
        app.delete(&format!("/api/v1/users/admin/users/{}", ana.id)).by(&root).send().await.expect(200);
        for (gym, taken) in sessions {
            for (session, seats) in taken {
                assert_eq!(app.world.session_now(gym, session).await.current_participants, seats, "{session}");
            }
        }
    }
}
