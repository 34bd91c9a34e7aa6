//! The few figures that a member sees first (ATT-31 … ATT-36), and whether what makes them is well.
use super::{outside::Outside, view::Achievement};
use crate::{Actor, Caller, Core, Result, kernel::cache_key::CacheKey};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    UserId,
    attendance::{
        period::PeriodType,
        statistics::{self, DEFAULT_DURATION, LATELY, NO_CLASS},
        streak,
    },
    identity::GymRole,
    kernel::{
        job,
        timezone::{local_day, or_utc},
    },
};
use ports::{
    Ns,
    cache::{Bytes, encode},
};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// How long a summary is kept (ATT-36).
pub const SUMMARY_KEPT: Duration = Duration::from_secs(900);
/// A job that nobody has taken for so long after its time is not going to be: no worker runs.
const OVERDUE: TimeDelta = TimeDelta::minutes(15);

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DashboardSummary {
    pub user_id: UserId,
    /// Days.
    pub current_streak: u32,
    pub weekly_workouts: i64,
    /// Percent.
    pub monthly_goal_progress: f64,
    /// `Spinning - Hoy 18:30`, on the gym's clock.
    pub next_class: Option<String>,
    pub recent_achievement: Option<Achievement>,
    /// `active` or `inactive`
    pub membership_status: &'static str,
    pub last_attendance_date: Option<DateTime<Utc>>,
    pub has_attended_first_class: bool,
    pub quick_stats: QuickStats,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct QuickStats {
    /// `Ninguna` while nothing was attended.
    pub favorite_class: String,
    /// Minutes.
    pub avg_duration: f64,
    /// 0 … 10.
    pub social_score: f64,
}

/// Whether the dashboard can be served well.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({
    "status": "healthy", "timestamp": "2026-11-24T12:00:00Z",
    "services": {"redis": {"status": "healthy"}, "scheduler": {"status": "running", "active_jobs": 8}},
    "metrics": {
        "cache": {"dashboard_summary_ttl": 900, "comprehensive_stats_ttl": {"week": 1800, "month": 3600, "quarter": 7200, "year": 14400}},
        "performance": {
            "target_dashboard_response": "< 50ms", "target_comprehensive_stats": "< 200ms", "target_cache_hit_ratio": "> 70%",
        },
    },
}))]
pub struct DashboardHealth {
    /// `healthy`; `degraded` without the cache or the scheduler; `unhealthy` without the database.
    pub status: &'static str,
    pub timestamp: DateTime<Utc>,
    pub services: DashboardServices,
    pub metrics: DashboardMetrics,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DashboardServices {
    pub redis: CacheHealth,
    pub scheduler: SchedulerHealth,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CacheHealth {
    /// `healthy` or `unhealthy`
    pub status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SchedulerHealth {
    /// `running`; `stalled` when a job is overdue and nobody takes it; `stopped` when there are none; `unknown` without
    /// the database.
    pub status: &'static str,
    pub active_jobs: usize,
    /// How each job ended last; for SUPER_ADMIN only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jobs: Option<Vec<JobHealth>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct JobHealth {
    pub name: String,
    pub next_run_at: DateTime<Utc>,
    pub last_finished_at: Option<DateTime<Utc>>,
    pub last_outcome: Option<String>,
}

impl From<job::Model> for JobHealth {
    fn from(row: job::Model) -> Self {
        Self {
            name: row.name,
            next_run_at: row.next_run_at,
            last_finished_at: row.last_finished_at,
            last_outcome: row.last_outcome,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DashboardMetrics {
    pub cache: CacheMetrics,
    pub performance: PerformanceTargets,
}

/// How long what is computed is kept, in seconds.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CacheMetrics {
    pub dashboard_summary_ttl: u64,
    pub comprehensive_stats_ttl: PeriodTtl,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PeriodTtl {
    pub week: u64,
    pub month: u64,
    pub quarter: u64,
    pub year: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PerformanceTargets {
    pub target_dashboard_response: &'static str,
    pub target_comprehensive_stats: &'static str,
    pub target_cache_hit_ratio: &'static str,
}

impl DashboardMetrics {
    fn known() -> Self {
        let kept = |period: PeriodType| period.kept().as_secs();
        Self {
            cache: CacheMetrics {
                dashboard_summary_ttl: SUMMARY_KEPT.as_secs(),
                comprehensive_stats_ttl: PeriodTtl {
                    week: kept(PeriodType::Week),
                    month: kept(PeriodType::Month),
                    quarter: kept(PeriodType::Quarter),
                    year: kept(PeriodType::Year),
                },
            },
            performance: PerformanceTargets {
                target_dashboard_response: "< 50ms",
                target_comprehensive_stats: "< 200ms",
                target_cache_hit_ratio: "> 70%",
            },
        }
    }
}

#[async_trait]
pub trait Dashboards: Send + Sync {
    /// The caller's `DashboardSummary`, as the JSON that is sent. Member guard.
    async fn summary(&self, actor: &Actor) -> Result<Bytes>;
    /// For anybody; how jobs ended is told to SUPER_ADMIN alone.
    async fn health(&self, caller: Option<&Caller>) -> DashboardHealth;
}

pub struct DashboardService {
    core: Core,
    outside: Outside,
}

impl DashboardService {
    pub fn new(core: &Core, outside: Outside) -> Self {
        Self { core: core.clone(), outside }
    }

    async fn compute(&self, actor: &Actor, now: DateTime<Utc>) -> Result<DashboardSummary> {
        let (core, gym, user) = (&self.core, actor.gym(), actor.user_id());
        let (db, counts) = (&core.db, &core.stores.statistics);
        let zone = or_utc(&gym.timezone);
        let today = local_day(now, &gym.timezone);

        let attended = core.stores.attended_days.attended(db, gym.id, user, None).await?;
        let week = streak::week_of(today);
        let weekly_workouts =
            attended.iter().filter(|at| week.contains(&local_day(**at, &gym.timezone))).count() as i64;
        let days = streak::days(attended, &gym.timezone);
        let recent = counts.recent(db, gym.id, user, now - LATELY).await?;
        let by_class = counts.by_class(db, gym.id, user, None).await?;
        let next = counts.next_class(db, gym.id, user, now).await?;
        let earned = counts.earned(db, gym.id, user, None, 1).await?;
        let membership = core.stores.people.of_user(db, gym.id, user).await?;
        let month = PeriodType::Month.until(now, zone);
        let social = self.outside.social_of(gym.id, user, month, now - LATELY).await?.unwrap_or_default();

        Ok(DashboardSummary {
            user_id: user,
            current_streak: streak::current(&days, today),
            weekly_workouts,
            monthly_goal_progress: statistics::monthly_goal_progress(weekly_workouts),
            next_class: next.map(|next| statistics::next_class(&next.name, next.start_time, now, zone)),
            recent_achievement: earned.into_iter().next().map(Achievement::from),
            membership_status: if statistics::is_active(membership.as_ref(), now) { "active" } else { "inactive" },
            last_attendance_date: recent.last,
            has_attended_first_class: recent.last.is_some(),
            quick_stats: QuickStats {
                favorite_class: statistics::favourites(&by_class, 1).pop().unwrap_or_else(|| NO_CLASS.to_owned()),
                avg_duration: statistics::average(recent.minutes(), recent.attended).unwrap_or(DEFAULT_DURATION),
                social_score: statistics::social_score(social.rooms, social.messages, social.active_days),
            },
        })
    }

    /// Whether the store answers, without looking for a key of anybody's.
    async fn cache_answers(&self) -> bool {
        self.core.cache.look_up(&[(&Ns::new("dashboard_health", "probe"), "")]).await.is_some()
    }
}

fn scheduler(jobs: &[job::Model], now: DateTime<Utc>) -> &'static str {
    let overdue = |job: &job::Model| {
        let held = job.leased_until.is_some_and(|until| until > now);
        !held && job.next_run_at + OVERDUE < now
    };
    match jobs {
        [] => "stopped",
        jobs if jobs.iter().any(overdue) => "stalled",
        _ => "running",
    }
}

#[async_trait]
impl Dashboards for DashboardService {
    async fn summary(&self, actor: &Actor) -> Result<Bytes> {
        actor.must_be(GymRole::Member)?;
        let now = self.core.clock.now();
        let ns = CacheKey::MemberStats(actor.user_id(), actor.gym_id()).ns();
        // what is of yesterday says `Hoy` of another day
        let key = format!("dashboard_summary:{}", local_day(now, &actor.gym().timezone));
        let load = async || Ok(encode(&self.compute(actor, now).await?));
        self.core.cache.bytes_or_load(&ns, &key, SUMMARY_KEPT, load).await
    }

    async fn health(&self, caller: Option<&Caller>) -> DashboardHealth {
        let now = self.core.clock.now();
        let cached = self.cache_answers().await;
        let jobs = self.core.stores.jobs.all(&self.core.db).await;
        let (works, jobs) = match jobs {
            Ok(jobs) => (scheduler(&jobs, now), jobs),
            Err(error) => {
                tracing::warn!(%error, "the dashboard's health is asked, and the database does not answer");
                ("unknown", Vec::new())
            }
        };
        let status = match (works, cached) {
            ("unknown", _) => "unhealthy",
            ("running", true) => "healthy",
            _ => "degraded",
        };
        let shown = caller.is_some_and(Caller::is_super_admin);
        DashboardHealth {
            status,
            timestamp: now,
            services: DashboardServices {
                redis: CacheHealth { status: if cached { "healthy" } else { "unhealthy" } },
                scheduler: SchedulerHealth {
                    status: works,
                    active_jobs: jobs.len(),
                    jobs: shown.then(|| jobs.into_iter().map(JobHealth::from).collect()),
                },
            },
            metrics: DashboardMetrics::known(),
        }
    }
}
