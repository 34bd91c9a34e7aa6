//! What the statistics answer with. Field names are those of the reference; codes beside texts are additions.
use chrono::{DateTime, Utc};
use domain::{
    AchievementId, GoalId, UserId,
    attendance::{
        achievement::AchievementType,
        goal::GoalType,
        goal_progress::ProgressStatus,
        health::BmiCategory,
        period::PeriodType,
        recommendation::Recommendation,
        statistics::{AppUsage, TrendDirection},
    },
    kernel::locale::Locale,
};
use repository::attendance::statistics::EarnedInShort;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a member has earned, in short.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Achievement {
    pub id: AchievementId,
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    pub kind: AchievementType,
    pub name: String,
    pub description: String,
    pub earned_at: DateTime<Utc>,
    pub badge_icon: String,
}

impl From<EarnedInShort> for Achievement {
    fn from(row: EarnedInShort) -> Self {
        Self {
            id: row.id,
            kind: row.achievement_type,
            name: row.title,
            description: row.description,
            earned_at: row.earned_at,
            badge_icon: row.icon,
        }
    }
}

/// Classes of the period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FitnessMetrics {
    pub classes_attended: i64,
    pub classes_scheduled: i64,
    /// Percent.
    pub attendance_rate: f64,
    pub total_workout_hours: f64,
    /// Minutes.
    pub average_session_duration: f64,
    /// Days.
    pub streak_current: u32,
    /// Days, of the last 180.
    pub streak_longest: u32,
    pub favorite_class_types: Vec<String>,
    /// Of the gym's clock: `18:00-19:00`.
    pub peak_workout_times: Vec<String>,
    pub calories_burned_estimate: i64,
}

/// Events of the period; all 0 while nothing is known of events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EventsMetrics {
    pub events_attended: i64,
    pub events_registered: i64,
    pub events_created: i64,
    /// Percent.
    pub attendance_rate: f64,
    pub favorite_event_types: Vec<String>,
}

/// Chats of the period; all 0 while nothing is known of chats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SocialMetrics {
    pub chat_messages_sent: i64,
    pub chat_rooms_active: i64,
    /// 0 … 10.
    pub social_score: f64,
    pub trainer_interactions: i64,
}

/// How far a goal is reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GoalProgress {
    pub goal_id: GoalId,
    #[schema(value_type = String)]
    pub goal_type: GoalType,
    pub target_value: f64,
    pub current_value: f64,
    pub progress_percentage: f64,
    pub status: ProgressStatus,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HealthMetrics {
    /// Kilograms.
    pub current_weight: Option<f64>,
    /// Centimetres.
    pub current_height: Option<f64>,
    pub bmi: Option<f64>,
    pub bmi_category: Option<BmiCategory>,
    /// Kilograms, over the last 30 days.
    pub weight_change: Option<f64>,
    /// Of active goals.
    pub goals_progress: Vec<GoalProgress>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MembershipUtilization {
    pub plan_name: String,
    /// Percent.
    pub utilization_rate: f64,
    /// 0 … 10.
    pub value_score: f64,
    /// Null when the membership does not end.
    pub days_until_renewal: Option<i64>,
    /// In the language of the request.
    pub recommended_actions: Vec<String>,
    /// The same, by stable codes.
    pub recommended_action_codes: Vec<Recommendation>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = TrendAnalysis)]
pub struct Trends {
    pub attendance_trend: TrendDirection,
    pub workout_intensity_trend: TrendDirection,
    pub social_engagement_trend: TrendDirection,
}

/// Everything that is counted of a member.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ComprehensiveUserStats)]
pub struct ComprehensiveStats {
    pub user_id: UserId,
    pub period: PeriodType,
    pub period_start: DateTime<Utc>,
    pub period_end: DateTime<Utc>,
    pub fitness_metrics: FitnessMetrics,
    pub events_metrics: EventsMetrics,
    pub social_metrics: SocialMetrics,
    pub health_metrics: HealthMetrics,
    pub membership_utilization: MembershipUtilization,
    /// Null without a membership.
    pub app_usage: Option<AppUsage>,
    /// Earned in the period, the newest first, at most ten.
    pub achievements: Vec<Achievement>,
    pub trends: Trends,
    /// In the language of the request.
    pub recommendations: Vec<String>,
    /// The same, by stable codes.
    pub recommendation_codes: Vec<Recommendation>,
}

/// The advice, in a language.
pub(super) fn texts(codes: &[Recommendation], locale: Locale) -> Vec<String> {
    codes.iter().map(|code| code.text(locale).to_owned()).collect()
}

impl ComprehensiveStats {
    /// What is kept has codes alone; texts are put in for each caller.
    pub(super) fn in_language(mut self, locale: Locale) -> Self {
        self.recommendations = texts(&self.recommendation_codes, locale);
        let membership = &mut self.membership_utilization;
        membership.recommended_actions = texts(&membership.recommended_action_codes, locale);
        self
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct FitnessTrends {
    pub attendance_trend: TrendDirection,
    pub workout_intensity_trend: TrendDirection,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct FitnessStats {
    pub user_id: UserId,
    pub period: PeriodType,
    pub fitness_metrics: FitnessMetrics,
    pub trends: FitnessTrends,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SocialTrends {
    pub social_engagement_trend: TrendDirection,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct EventsSocial {
    pub events_attended: i64,
    pub favorite_event_types: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SocialStats {
    pub user_id: UserId,
    pub period: PeriodType,
    pub social_metrics: SocialMetrics,
    pub trends: SocialTrends,
    pub events_social: EventsSocial,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct HealthStats {
    pub user_id: UserId,
    pub health_metrics: HealthMetrics,
    pub membership_utilization: MembershipUtilization,
    /// Advice about health, weight, goals or nutrition, in the language of the request.
    pub health_recommendations: Vec<String>,
    /// The same, by stable codes.
    pub health_recommendation_codes: Vec<Recommendation>,
}

impl From<ComprehensiveStats> for FitnessStats {
    fn from(all: ComprehensiveStats) -> Self {
        let Trends { attendance_trend, workout_intensity_trend, .. } = all.trends;
        Self {
            user_id: all.user_id,
            period: all.period,
            fitness_metrics: all.fitness_metrics,
            trends: FitnessTrends { attendance_trend, workout_intensity_trend },
        }
    }
}

impl From<ComprehensiveStats> for SocialStats {
    fn from(all: ComprehensiveStats) -> Self {
        Self {
            user_id: all.user_id,
            period: all.period,
            social_metrics: all.social_metrics,
            trends: SocialTrends { social_engagement_trend: all.trends.social_engagement_trend },
            events_social: EventsSocial {
                events_attended: all.events_metrics.events_attended,
                favorite_event_types: all.events_metrics.favorite_event_types,
            },
        }
    }
}

impl HealthStats {
    pub(super) fn of(all: ComprehensiveStats, locale: Locale) -> Self {
        let codes: Vec<_> = all.recommendation_codes.iter().copied().filter(|r| r.is_about_health()).collect();
        let all = all.in_language(locale);
        Self {
            user_id: all.user_id,
            health_metrics: all.health_metrics,
            membership_utilization: all.membership_utilization,
            health_recommendations: texts(&codes, locale),
            health_recommendation_codes: codes,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = StatsRefreshed)]
pub struct Refreshed {
    pub message: &'static str,
    pub user_id: UserId,
    pub refreshed_at: DateTime<Utc>,
    /// Always true.
    pub cache_invalidated: bool,
}
