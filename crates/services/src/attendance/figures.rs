//! Computes a member's statistics, with the same few statements however much there is to count, and keeps them
//! (ATT-37 … ATT-51).
use super::{
    outside::{EventCounts, Outside, SocialCounts},
    view::{
        Achievement, ComprehensiveStats, EventsMetrics, FitnessMetrics, GoalProgress, HealthMetrics,
        MembershipUtilization, SocialMetrics, Trends,
    },
};
use crate::{
    Core, Result,
    identity::{modules::Modules, profile::USER_NOT_FOUND},
    kernel::cache_key::CacheKey,
};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::{
    UserId,
    attendance::{
        goal::{self, GoalStatus},
        goal_progress,
        health::{self, Body},
        period::{Period, PeriodType},
        recommendation::{self, Seen},
        statistics::{self, AppUsage, LATELY, trend},
        streak,
    },
    identity::{gym, membership, user},
    kernel::timezone::{local_day, or_utc},
};
use repository::{
    Page,
    attendance::statistics::{Totals, Window},
};
use std::sync::Arc;

/// The module whose inactivity lets bookings count as attended (ATT-39).
const ATTENDANCE: &str = "attendance";
/// Achievements of the period that are shown (ATT-49).
const ACHIEVEMENTS: u64 = 10;

/// Makes statistics of anybody in any gym. It asks nobody who may see them.
#[derive(Clone)]
pub(crate) struct Figures {
    core: Core,
    modules: Arc<dyn Modules>,
    outside: Outside,
}

/// Whose statistics of what are made.
struct Of<'a> {
    gym: &'a gym::Model,
    user: UserId,
    now: DateTime<Utc>,
    zone: Tz,
    period: Period,
    /// ATT-39.
    assumed: bool,
}

impl Figures {
    pub fn new(core: &Core, modules: Arc<dyn Modules>, outside: Outside) -> Self {
        Self { core: core.clone(), modules, outside }
    }

    /// Those that are kept, or new ones, which are then kept for as long as the period says (ATT-50). Texts are not in
    /// yet.
    pub async fn of(
        &self,
        gym: &gym::Model,
        user: UserId,
        period: PeriodType,
        with_goals: bool,
    ) -> Result<ComprehensiveStats> {
        let assumed = self.modules.status(gym.id, ATTENDANCE).await? != Some(true);
        let counted = if assumed { "assumed" } else { "recorded" };
        let key = format!("comprehensive_stats:{}:{with_goals}:{counted}", period.as_str());
        let load = || self.compute(gym, user, period, with_goals, assumed);
        self.core.cache.get_or_load(&CacheKey::MemberStats(user, gym.id).ns(), &key, period.kept(), load).await
    }

    async fn compute(
        &self,
        gym: &gym::Model,
        user: UserId,
        kind: PeriodType,
        with_goals: bool,
        assumed: bool,
    ) -> Result<ComprehensiveStats> {
        let (core, now, zone) = (&self.core, self.core.clock.now(), or_utc(&gym.timezone));
        let of = Of { gym, user, now, zone, period: kind.until(now, zone), assumed };
        let (person, membership) = self.person(&of).await?;
        let (totals, fitness) = self.fitness(&of).await?;
        let events = self.outside.events.of(gym.id, user, of.period).await?;
        let social = self.outside.social_of(gym.id, user, of.period, now - LATELY).await?;
        let plan = self.outside.plans.plan_name(gym.id, user).await?;
        let earned = core.stores.statistics.earned(&core.db, gym.id, user, Some(of.period), ACHIEVEMENTS).await?;

        let trends = trends(&totals, social.unwrap_or_default());
        let (events_metrics, social_metrics) = (events.as_ref().map(of_events), social.map(of_social));
        let advice = recommendation::general(Seen {
            attendance_rate: fitness.attendance_rate,
            favourite_classes: fitness.favorite_class_types.len(),
            social_score: social_metrics.as_ref().map(|social| social.social_score),
            event_rate: events_metrics.as_ref().map(|events| events.attendance_rate),
        });
        Ok(ComprehensiveStats {
            user_id: user,
            period: kind,
            period_start: of.period.start,
            period_end: of.period.end,
            fitness_metrics: fitness,
            events_metrics: events_metrics.unwrap_or_else(|| of_events(&EventCounts::default())),
            social_metrics: social_metrics.unwrap_or_else(|| of_social(SocialCounts::default())),
            health_metrics: self.health(&of, &person, with_goals).await?,
            membership_utilization: utilization(&of, membership.as_ref(), &totals, plan),
            app_usage: membership.as_ref().map(|row| AppUsage::of(row, now, &gym.timezone)),
            achievements: earned.into_iter().map(Achievement::from).collect(),
            trends,
            recommendations: Vec::new(),
            recommendation_codes: advice,
        })
    }

    /// The platform's administrators need no membership.
    async fn person(&self, of: &Of<'_>) -> Result<(user::Model, Option<membership::Model>)> {
        let (core, stores) = (&self.core, &self.core.stores);
        if let Some((person, membership)) = stores.people.person(&core.db, of.gym.id, of.user).await? {
            return Ok((person, Some(membership)));
        }
        Ok((stores.users.by_id(&core.db, of.user).await?.ok_or(USER_NOT_FOUND)?, None))
    }

    /// ATT-28, ATT-29, ATT-39, ATT-40.
    async fn fitness(&self, of: &Of<'_>) -> Result<(Totals, FitnessMetrics)> {
        let (core, gym) = (&self.core, of.gym.id);
        let (counts, attended_days) = (&core.stores.statistics, &core.stores.attended_days);
        let window = Window { user: of.user, period: of.period, assumed_by: of.assumed.then_some(of.now) };
        let totals = counts.totals(&core.db, gym, window).await?;
        let by_class = counts.by_class(&core.db, gym, of.user, Some(window)).await?;
        let starts = counts.starts(&core.db, gym, window).await?;
        let attended = attended_days.attended(&core.db, gym, of.user, None).await?;
        let days = streak::days(attended, &of.gym.timezone);
        let today = local_day(of.now, &of.gym.timezone);
        let fitness = FitnessMetrics {
            classes_attended: totals.attended,
            classes_scheduled: totals.scheduled,
            attendance_rate: statistics::rate(totals.attended, totals.scheduled),
            total_workout_hours: statistics::hours(totals.minutes()),
            average_session_duration: statistics::average(totals.minutes(), totals.attended).unwrap_or(0.0),
            streak_current: streak::current(&days, today),
            streak_longest: streak::longest_before(&days, today),
            favorite_class_types: statistics::favourites(&by_class, 3),
            peak_workout_times: statistics::peak_times(starts, of.zone),
            calories_burned_estimate: statistics::calories(totals.minutes()),
        };
        Ok((totals, fitness))
    }

    /// ATT-52 … ATT-56.
    async fn health(&self, of: &Of<'_>, person: &user::Model, with_goals: bool) -> Result<HealthMetrics> {
        let (core, gym) = (&self.core, of.gym.id);
        let weights = core.stores.measured.weights(&core.db, gym, of.user, of.now - health::CHANGE_OVER).await?;
        let goals = if with_goals {
            let page = Page::default();
            core.stores.wanted.of_user(&core.db, gym, of.user, GoalStatus::Active, page).await?
        } else {
            Vec::new()
        };
        let body = Body::of(weights.latest.or(person.weight), person.height);
        Ok(HealthMetrics {
            current_weight: body.weight,
            current_height: body.height,
            bmi: body.bmi,
            bmi_category: body.bmi_category,
            weight_change: health::weight_change(weights.first, weights.latest, weights.records),
            goals_progress: goals.iter().map(|goal| of_goal(goal, of.now, &of.gym.timezone)).collect(),
        })
    }
}

/// ATT-41.
fn of_events(counts: &EventCounts) -> EventsMetrics {
    EventsMetrics {
        events_attended: counts.attended,
        events_registered: counts.registered,
        events_created: counts.created,
        attendance_rate: statistics::rate(counts.attended, counts.registered),
        favorite_event_types: statistics::event_types(&counts.titles),
    }
}

/// ATT-42 … ATT-44.
fn of_social(counts: SocialCounts) -> SocialMetrics {
    SocialMetrics {
        chat_messages_sent: counts.messages,
        chat_rooms_active: counts.rooms,
        social_score: statistics::social_score(counts.rooms, counts.messages, counts.active_days),
        trainer_interactions: counts.rooms_with_staff,
    }
}

/// ATT-48.
fn trends(totals: &Totals, social: SocialCounts) -> Trends {
    let intensity = |minutes, attended| statistics::average(minutes, attended).unwrap_or(0.0);
    let before = intensity(totals.minutes_before(), totals.attended_before);
    Trends {
        attendance_trend: trend(totals.attended_before as f64, totals.attended as f64),
        workout_intensity_trend: trend(before, intensity(totals.minutes(), totals.attended)),
        social_engagement_trend: trend(social.messages_before as f64, social.messages as f64),
    }
}

/// ATT-45, ATT-46.
fn utilization(
    of: &Of<'_>,
    membership: Option<&membership::Model>,
    totals: &Totals,
    plan: Option<String>,
) -> MembershipUtilization {
    let Some(membership) = membership else {
        return MembershipUtilization {
            plan_name: statistics::NO_MEMBERSHIP.to_owned(),
            utilization_rate: 0.0,
            value_score: 0.0,
            days_until_renewal: None,
            recommended_actions: Vec::new(),
            recommended_action_codes: Vec::new(),
        };
    };
    let rate = statistics::utilization_rate(totals.attended, of.period);
    let score = statistics::value_score(rate, totals.attended, plan.is_some());
    let plan_name = plan.unwrap_or_else(|| statistics::BASIC_PLAN.to_owned());
    let basic = plan_name == statistics::BASIC_PLAN;
    MembershipUtilization {
        plan_name,
        utilization_rate: rate,
        value_score: score,
        days_until_renewal: statistics::days_until(membership.membership_expires_at, of.now, &of.gym.timezone),
        recommended_actions: Vec::new(),
        recommended_action_codes: recommendation::of_membership(rate, totals.attended, basic),
    }
}

/// ATT-55, ATT-56.
pub(super) fn of_goal(goal: &goal::Model, now: DateTime<Utc>, zone: &str) -> GoalProgress {
    let percent = goal_progress::progress(goal.goal_type, goal.start_value, goal.current_value, goal.target_value);
    let (created, today) = (local_day(goal.created_at, zone), local_day(now, zone));
    GoalProgress {
        goal_id: goal.id,
        goal_type: goal.goal_type,
        target_value: goal.target_value,
        current_value: goal.current_value,
        progress_percentage: percent,
        status: goal_progress::status(percent, created, goal.target_date, today),
    }
}
