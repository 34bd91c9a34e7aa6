//! What the statistics make of events, chats and plans, as other contexts will tell them.
use super::cast::{Cast, NOW, at};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    GymId, UserId,
    attendance::{
        period::{Period, PeriodType},
        statistics::TrendDirection,
    },
    identity::GymRole,
    kernel::locale::Locale,
};
use serde_json::json;
use services::{
    Actor, Result,
    attendance::{
        dashboard::{DashboardService, Dashboards},
        outside::{EventCounts, EventFigures, Outside, PlanFigures, SocialCounts, SocialFigures},
        statistics::{Statistics, StatisticsService},
        view::EventsMetrics,
    },
};
use std::{collections::HashMap, sync::Arc};
use testkit::both;

/// Tells of Ana's month alone.
struct Known {
    gym: GymId,
    user: UserId,
}

impl Known {
    fn is(&self, gym: GymId, user: UserId, period: Period) -> bool {
        let month = Period { start: at("2030-02-28T23:00:00Z"), end: at(NOW) };
        (gym, user, period) == (self.gym, self.user, month)
    }
}

#[async_trait]
impl EventFigures for Known {
    async fn of(&self, gym: GymId, user: UserId, period: Period) -> Result<Option<EventCounts>> {
        let counts = EventCounts {
            // more attended than registered: a rate stays one
            attended: 3,
            registered: 2,
            created: 1,
            titles: vec![
                "Taller de fuerza".into(),
                String::new(),
                "Maratón".into(),
                "Competencia".into(),
                "Social".into(),
            ],
        };
        Ok(Some(if self.is(gym, user, period) { counts } else { EventCounts::default() }))
    }
}

#[async_trait]
impl SocialFigures for Known {
    async fn of(
        &self,
        gym: GymId,
        users: &[UserId],
        period: Period,
        active_since: DateTime<Utc>,
    ) -> Result<Option<HashMap<UserId, SocialCounts>>> {
        assert_eq!(active_since, at(NOW) - TimeDelta::days(30));
        let counts = SocialCounts { rooms: 4, messages: 100, messages_before: 50, active_days: 2, rooms_with_staff: 3 };
        let theirs = users.iter().filter(|user| self.is(gym, **user, period)).map(|user| (*user, counts));
        Ok(Some(theirs.collect()))
    }
}

#[async_trait]
impl PlanFigures for Known {
    async fn plan_name(&self, gym: GymId, user: UserId) -> Result<Option<String>> {
        Ok(((gym, user) == (self.gym, self.user)).then(|| "Premium".to_owned()))
    }
}

fn known(c: &Cast) -> Outside {
    let known = Arc::new(Known { gym: c.gym.id, user: c.ana.id });
    Outside { events: known.clone(), social: known.clone(), plans: known }
}

both! {
    /// Edge case 19.
    async fn att_41_att_42_att_43_att_44_att_45_what_others_know_is_shown(t: TestDb) {
        let c = Cast::new(t).await;
        let core = &c.app.services.core;
        let statistics = StatisticsService::new(core, c.app.services.modules.clone(), known(&c));
        let ana = Actor::for_test(&c.ana, &c.gym, Some(GymRole::Member));
        let all = statistics.comprehensive(&ana, PeriodType::Month, true, Locale::En).await.unwrap();
        assert_eq!(all.events_metrics, EventsMetrics {
            events_attended: 3,
            events_registered: 2,
            events_created: 1,
            attendance_rate: 100.0,
            favorite_event_types: vec!["Workshop".into(), "Maratón".into(), "Competition".into()],
        });
        let social = &all.social_metrics;
        assert_eq!((social.chat_rooms_active, social.chat_messages_sent, social.trainer_interactions), (4, 100, 3));
        assert_eq!(social.social_score, 5.0); // 2 + 2 + 1
        assert_eq!(all.trends.social_engagement_trend, TrendDirection::Increasing);
        let membership = &all.membership_utilization;
        assert_eq!((membership.plan_name.as_str(), membership.value_score), ("Premium", 2.0));
        assert_eq!(membership.recommended_actions.len(), 3, "an upgrade is not among them");
        // the score and the events are well: nothing is advised about them
        assert_eq!(serde_json::to_value(&all.recommendation_codes).unwrap(), json!(["schedule_in_advance", "try_new_class_type"]));
        let modular = statistics.social(&ana, PeriodType::Month).await.unwrap();
        assert_eq!((modular.events_social.events_attended, modular.social_metrics.chat_rooms_active), (3, 4));

        let tom = Actor::for_test(&c.tom, &c.gym, Some(GymRole::Trainer));
        let theirs = statistics.comprehensive(&tom, PeriodType::Month, true, Locale::En).await.unwrap();
        let codes = serde_json::to_value(&theirs.recommendation_codes).unwrap();
        assert_eq!(codes, json!(["schedule_in_advance", "try_new_class_type", "join_chats", "attend_events"]));
        assert_eq!(theirs.membership_utilization.plan_name, "Basic");
        // a plan that is not asked about stays away from whoever has none
        let health = statistics.health(&tom, true, Locale::En).await.unwrap();
        assert_eq!(serde_json::to_value(&health.health_recommendation_codes).unwrap(), json!(["attend_events"]));
    }

    async fn att_34_att_44_the_dashboard_shows_the_months_social_score(t: TestDb) {
        let c = Cast::new(t).await;
        let dashboards = DashboardService::new(&c.app.services.core, known(&c));
        let summary = dashboards.summary(&Actor::for_test(&c.ana, &c.gym, Some(GymRole::Member))).await.unwrap();
        let summary: serde_json::Value = serde_json::from_slice(&summary).unwrap();
        assert_eq!(summary["quick_stats"]["social_score"], 5.0);
    }

    async fn att_42_while_nobody_tells_all_is_nothing(t: TestDb) {
        let c = Cast::new(t).await;
        let social = c.get("/api/v1/users/stats/social").await;
        assert_eq!(social, json!({
            "user_id": c.ana.id, "period": "month",
            "social_metrics": {"chat_messages_sent": 0, "chat_rooms_active": 0, "social_score": 0.0, "trainer_interactions": 0},
            "trends": {"social_engagement_trend": "stable"},
            "events_social": {"events_attended": 0, "favorite_event_types": []},
        }));
        let all = c.get("/api/v1/users/stats/comprehensive").await;
        assert_eq!(all["events_metrics"], json!({"events_attended": 0, "events_registered": 0, "events_created": 0,
            "attendance_rate": 0.0, "favorite_event_types": []}));
    }
}
