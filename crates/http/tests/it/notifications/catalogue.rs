//! Kinds of this slice, as they arrive: those of events and payments by their own contexts' tests.
use super::cast::{app_now, cast};
use domain::notifications::kind::NoticeKind;
use serde_json::{Map, json};
use testkit::both;

both! {
    async fn ntf_14_every_kind_arrives_in_both_languages_under_its_name(t: TestDb) {
        let (app, _) = app_now(t).await;
        let c = cast(&app).await;
        let at = "2026-06-01T16:30:00Z";
        let params = json!({"name": "Spinning", "start": at, "room": "1", "reason": "Rain", "event": "Open day", "pay_before": at,
            "place": "Park", "refund_cents": 5, "currency": "EUR", "sender": "Ana", "text": "Hi", "survey": "s", "expires_at": at,
            "trial_end": at, "retry_at": at, "amount": 5, "period_end": at, "actor": "Tom", "meal": "m", "plan": "p", "day": 1,
            "achievement": "a", "days": 7, "classes": 10, "goal": "g"});
        for kind in NoticeKind::ALL.iter().filter(|kind| !kind.is_written()) {
            let mut notice = c.survey(vec![c.ana.id]);
            notice.kind = *kind;
            notice.variant = match kind {
                NoticeKind::WaitlistPromoted => Some("paid_event"),
                NoticeKind::EventRefunded => Some("no_seat"),
                NoticeKind::ChatMessage => Some("direct"),
                NoticeKind::ChallengeUpdate => Some("halfway"),
                NoticeKind::AchievementUnlocked => Some("goal"),
                _ => None,
            };
            notice.params = params.clone();
            notice.data = Map::from_iter([("type".to_owned(), json!("of the caller's own"))]);
            assert_eq!(app.services.core.stage_notice(notice).await.unwrap(), 1, "{kind:?}");
            app.deliver_effects().await;
            let message = app.pushes.of_type(kind.as_str()).remove(0);
            for text in [&message.headings.en, &message.headings.es, &message.contents.en, &message.contents.es] {
                assert!(!text.is_empty() && !text.contains("{{"), "{kind:?}: {text}");
            }
            assert!(message.headings.en.starts_with("Gym box: "), "NTF-13: {message:?}");
        }
    }
}
