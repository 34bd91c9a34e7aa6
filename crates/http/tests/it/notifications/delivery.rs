//! What becomes of a notification on its way.
#![allow(clippy::disallowed_methods, reason = "rows are looked at as they are, whoever's they are")]
use super::cast::{app_now, cast, deliver_now, rows, states};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    identity::membership,
    kernel::outbox,
    notifications::{device, kind::NoticeKind, notification::NotificationStatus as S},
};
use ports::push::{NullPush, PushError};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use services::notifications::notify::Dedupe;
use std::{sync::Arc, time::Duration};
use testkit::{app::App, both, database::TestDb};

fn away(retry_after: Option<Duration>) -> PushError {
    PushError::Unavailable { reason: "down".into(), retry_after }
}

/// The one effect that delivers.
async fn effect(t: &TestDb) -> outbox::Model {
    let of_kind = outbox::Entity::find().filter(outbox::Column::Kind.eq("notification.deliver"));
    of_kind.one(t.pool()).await.unwrap().unwrap()
}

both! {
    async fn ntf_6_ntf_8_who_is_signed_out_everywhere_is_left_out_and_who_has_no_device_is_not(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        c.register(&app, &c.ana, "a").await.expect(200);
        c.register(&app, &c.boss, "b").await.expect(200);
        app.services.core.stage_notice(c.survey(vec![c.ana.id, c.ben.id, c.boss.id])).await.unwrap();
        // while it is queued
        app.delete("/api/v1/notifications/devices").by(&c.boss).at(c.gym.id).send().await.expect(200);
        app.deliver_effects().await;
        assert_eq!(app.pushes.told("new_survey"), [c.ana.id, c.ben.id]);
    }

    async fn ntf_10_members_are_those_of_the_time_of_delivery_and_personal_notices_need_none(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        let core = &app.services.core;
        core.stage_notice(c.survey(vec![c.ana.id, c.ben.id])).await.unwrap();
        let mut bill = c.survey(vec![c.ana.id, c.ben.id]);
        bill.kind = NoticeKind::PaymentOverdue;
        core.stage_notice(bill).await.unwrap();
        let row = core.stores.people.of_user(&core.db, c.gym.id, c.ana.id).await.unwrap().unwrap();
        let ended = membership::Update { is_active: Some(false), ..Default::default() };
        core.stores.memberships.update(&core.db, c.gym.id, row.id, ended).await.unwrap();
        t.pool().execute_unprepared(&format!("UPDATE users SET is_active = false WHERE id = {}", c.ben.id)).await.unwrap();
        app.deliver_effects().await;
        assert!(app.pushes.told("new_survey").is_empty());
        assert_eq!(app.pushes.told("payment_overdue"), [c.ana.id]);
        let rows = rows(t).await;
        assert_eq!((rows[0].status, rows[0].error.as_deref()), (S::Skipped, Some("nobody_to_tell")));
        assert_eq!(rows[1].status, S::Sent);
    }

    async fn ntf_23_what_was_said_is_not_said_again(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        let core = &app.services.core;
        let mut whole = c.survey(vec![c.ana.id, c.ana.id]);
        whole.dedupe = Dedupe::Whole("survey-published:1".into());
        assert_eq!(core.stage_notice(whole.clone()).await.unwrap(), 1, "NTF-11");
        whole.recipients = vec![c.ben.id];
        assert_eq!(core.stage_notice(whole).await.unwrap(), 0, "the earlier message stands");
        let mut each = c.survey(vec![c.ana.id]);
        each.dedupe = Dedupe::PerPerson("survey-for".into());
        assert_eq!(core.stage_notice(each.clone()).await.unwrap(), 1);
        each.recipients = vec![c.ana.id, c.ben.id];
        assert_eq!(core.stage_notice(each.clone()).await.unwrap(), 1, "those who were told are taken off");
        let at_once = futures::future::join_all((0..4).map(|_| {
            let mut notice = c.survey(vec![c.boss.id]);
            notice.dedupe = Dedupe::Whole("survey-published:2".into());
            core.stage_notice(notice)
        })).await;
        assert_eq!(at_once.into_iter().map(Result::unwrap).sum::<usize>(), 1);
        app.deliver_effects().await;
        assert_eq!(app.pushes.told("new_survey"), [c.boss.id, c.ana.id, c.ana.id, c.ben.id]);
    }

    async fn ntf_24_ntf_88_two_dispatchers_send_nothing_twice_and_a_dead_ones_row_comes_back(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        for _ in 0..30 {
            app.services.core.stage_notice(c.survey(vec![c.ana.id])).await.unwrap();
        }
        // one that a worker took and never ended
        let first = rows(t).await[0].id;
        let taken = format!("UPDATE notifications SET status = 'SENDING' WHERE id = {first}");
        let leased = "UPDATE outbox SET status = 'running', lease = 'dead', leased_until = '2020-01-01T00:00:00+00:00', \
            attempts = 1 WHERE id = (SELECT MIN(id) FROM outbox)";
        for sql in [taken.as_str(), leased] {
            t.pool().execute_unprepared(sql).await.unwrap();
        }
        let drain = async |relay: services::kernel::relay::Relay| while relay.run_once().await.unwrap() > 0 {};
        futures::join!(drain(app.services.relay()), drain(app.services.relay()));
        app.deliver_effects().await;
        let keys: std::collections::BTreeSet<_> = app.pushes.sent().into_iter().map(|m| m.key).collect();
        assert_eq!((app.pushes.sent().len(), keys.len()), (30, 30));
        assert!(states(t).await.into_iter().all(|s| s == S::Sent));
    }

    async fn ntf_26_ntf_27_the_outcome_is_what_the_service_answers_and_devices_that_were_reached_are_used(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        let core = &app.services.core;
        for who in [&c.ana, &c.ben] {
            c.register(&app, who, &who.email).await.expect(200);
        }
        core.stage_notice(c.survey(vec![c.ana.id, c.ben.id])).await.unwrap();
        app.deliver_effects().await;
        app.pushes.forget(c.ben.id);
        core.stage_notice(c.survey(vec![c.ana.id, c.ben.id])).await.unwrap();
        t.pool().execute_unprepared("UPDATE device_tokens SET last_used = NULL").await.unwrap();
        app.deliver_effects().await;
        core.stage_notice(c.survey(vec![c.ben.id])).await.unwrap();
        app.deliver_effects().await;
        let rows = rows(t).await;
        let outcome: Vec<_> = rows.iter().map(|r| (r.status, r.accepted_count, r.provider_id.is_some(), r.error.as_deref())).collect();
        assert_eq!(outcome, [
            (S::Sent, Some(2), true, None),
            (S::Partial, Some(1), true, None),
            (S::Skipped, None, false, Some("nobody_subscribed")),
        ]);
        assert!(rows[0].sent_at.is_some());
        let used: Vec<_> = device::Entity::find().all(t.pool()).await.unwrap().into_iter()
            .filter(|d| d.last_used.is_some()).map(|d| d.user_id).collect();
        assert_eq!(used, [c.ana.id], "NTF-27: of those who were reached, the last time");
    }

    async fn ntf_28_without_a_push_service_rows_say_so(t: TestDb) {
        let app = App::with(t, |c| c.ports.push = Arc::new(NullPush)).await;
        let c = cast(&app).await;
        app.services.core.stage_notice(c.survey(vec![c.ana.id])).await.unwrap();
        app.deliver_effects().await;
        let row = rows(t).await.remove(0);
        assert_eq!((row.status, row.error.as_deref()), (S::Skipped, Some("push_disabled")));
    }

    async fn ntf_31_pushes_of_one_room_take_each_others_place(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        let mut message = c.survey(vec![c.ana.id]);
        message.kind = NoticeKind::ChatMention;
        message.params = serde_json::json!({"sender": "Tom", "room": "Gym", "text": "Hi"});
        message.data.insert("chat_room_id".into(), "12".into());
        app.services.core.stage_notice(message).await.unwrap();
        app.deliver_effects().await;
        assert_eq!(app.pushes.sent()[0].collapse_id.as_deref(), Some("chat-12"));
    }

    async fn ntf_32_what_is_away_is_asked_six_times_with_the_same_key_and_then_it_failed(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        let core = &app.services.core;
        core.stage_notice(c.survey(vec![c.ana.id])).await.unwrap();
        for attempt in 1..=6 {
            app.pushes.fail(away(None));
            deliver_now(&app, t).await;
            let expected = if attempt < 6 { S::Pending } else { S::Failed };
            assert_eq!(states(t).await, [expected], "{attempt}");
        }
        assert!(app.pushes.sent().is_empty());
        assert_eq!(core.stores.outbox.backlog(&core.db).await.unwrap(), (0, 1), "for an operator");
        // who replays it
        core.stores.outbox.replay_all(&core.db).await.unwrap();
        app.deliver_effects().await;
        assert_eq!(states(t).await, [S::Sent]);
        assert_eq!(app.pushes.sent()[0].key, rows(t).await[0].uuid, "NTF-25: the key is the row's own");
    }

    async fn ntf_32_the_next_attempt_is_after_a_delay_and_not_before_the_service_says(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        let now = app.services.core.clock.now();
        app.services.core.stage_notice(c.survey(vec![c.ana.id])).await.unwrap();
        for (retry_after, least, most) in [(None, 8, 12), (None, 48, 72), (Some(Duration::from_secs(900)), 900, 900)] {
            app.pushes.fail(away(retry_after));
            deliver_now(&app, t).await;
            let wait = (effect(t).await.next_attempt_at - now).num_seconds();
            assert!((least..=most).contains(&wait), "{wait}");
        }
    }

    async fn ntf_33_a_refusal_is_final_at_once(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        let core = &app.services.core;
        for error in [PushError::Refused("no such app".into()), PushError::Unauthorised("401".into())] {
            core.stage_notice(c.survey(vec![c.ana.id])).await.unwrap();
            app.pushes.fail(error);
            app.deliver_effects().await;
        }
        let rows = rows(t).await;
        let failed: Vec<_> = rows.iter().map(|r| (r.status, r.error.as_deref())).collect();
        assert_eq!(failed, [(S::Failed, Some("no such app")), (S::Failed, Some("401"))]);
        assert_eq!(core.stores.outbox.backlog(&core.db).await.unwrap(), (0, 2));
    }

    async fn ntf_34_what_is_of_no_use_any_more_is_skipped(t: TestDb) {
        let (app, clock) = app_now(t).await;
        let c = cast(&app).await;
        let core = &app.services.core;
        let notice = |kind: NoticeKind, until: Option<DateTime<Utc>>| {
            let mut notice = c.survey(vec![c.ana.id]);
            notice.kind = kind;
            notice.params = serde_json::json!({"sender": "Tom", "room": "Gym", "text": "Hi", "survey": "s"});
            notice.until = until;
            notice
        };
        core.stage_notice(notice(NoticeKind::ChatMention, None)).await.unwrap();
        core.stage_notice(notice(NoticeKind::NewSurvey, None)).await.unwrap();
        core.stage_notice(notice(NoticeKind::NewSurvey, Some(core.clock.now() + TimeDelta::minutes(5)))).await.unwrap();
        clock.advance(TimeDelta::minutes(11));
        app.deliver_effects().await;
        let ends: Vec<_> = rows(t).await.into_iter().map(|r| (r.status, r.error)).collect();
        let expired = (S::Skipped, Some("expired".to_owned()));
        assert_eq!(ends, [expired.clone(), (S::Sent, None), expired]);
    }

    async fn ntf_39_a_channel_that_fails_stops_no_other(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        let core = &app.services.core;
        core.stage_notice(c.survey(vec![c.ana.id])).await.unwrap();
        core.stage_mail(c.cancelled_event(vec![(c.ana.id, 0)])).await.unwrap();
        app.pushes.fail(PushError::Refused("no".into()));
        app.deliver_effects().await;
        assert_eq!(states(t).await, [S::Failed, S::Sent], "NTF-79");
        assert_eq!(app.mails.sent().len(), 1);
    }

    async fn ntf_30_what_is_withdrawn_before_its_delivery_is_not_delivered(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        let core = &app.services.core;
        core.stage_notice(c.survey(vec![c.ana.id])).await.unwrap();
        assert_eq!(core.stage_withdrawal(c.gym.id, "survey").await.unwrap(), 1);
        assert_eq!(core.stage_withdrawal(c.gym.id, "survey").await.unwrap(), 0);
        app.deliver_effects().await;
        assert!(app.pushes.sent().is_empty());
        assert_eq!(states(t).await, [S::Cancelled]);
    }

    async fn ntf_14_ntf_39_a_text_that_cannot_be_written_takes_nothing_with_it(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        let mut notice = c.survey(vec![c.ana.id]);
        notice.params = serde_json::json!({});
        assert_eq!(app.services.core.stage_notice(notice).await.unwrap(), 0);
        assert!(rows(t).await.is_empty());
    }
}
