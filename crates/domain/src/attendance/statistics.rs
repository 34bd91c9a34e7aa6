//! What the figures of a member are made into (ATT-31 … ATT-48): shares, scores, trends and names.
use super::{health::one_decimal, period::Period};
use crate::{identity::membership, kernel::timezone::local_day};
use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Over how much of the past the average length of a class is taken (ATT-34), and days with messages are counted
/// (ATT-44).
pub const LATELY: TimeDelta = TimeDelta::days(30);
/// Minutes, where nothing was attended (ATT-34).
pub const DEFAULT_DURATION: f64 = 60.0;
/// Where nothing was attended (ATT-34).
pub const NO_CLASS: &str = "Ninguna";
/// Of a member whom no plan is known of (ATT-45).
pub const BASIC_PLAN: &str = "Basic";
/// Of somebody without a membership (ATT-45).
pub const NO_MEMBERSHIP: &str = "No Membership";
/// Kilocalories in a minute of any class (ATT-40).
const CALORIES: i64 = 8;
/// How many classes a month are the aim (ATT-31).
const MONTHLY_AIM: f64 = 12.0;

/// Where a figure goes, against the period before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrendDirection {
    Increasing,
    Decreasing,
    Stable,
}

/// More or less by a tenth is a trend; from nothing to something is one too (ATT-48).
pub fn trend(before: f64, now: f64) -> TrendDirection {
    if before <= 0.0 {
        return if now > 0.0 { TrendDirection::Increasing } else { TrendDirection::Stable };
    }
    // whole figures stay exact: 11 of 10 is no more than a tenth
    match (now - before) * 10.0 {
        change if change > before => TrendDirection::Increasing,
        change if change < -before => TrendDirection::Decreasing,
        _ => TrendDirection::Stable,
    }
}

/// Percent, 0 … 100, one decimal; 0 of nothing (ATT-40, ATT-41).
pub fn rate(part: i64, whole: i64) -> f64 {
    if whole <= 0 { 0.0 } else { one_decimal((100.0 * part as f64 / whole as f64).clamp(0.0, 100.0)) }
}

/// `sum / count`, one decimal; `None` of nothing.
pub fn average(sum: i64, count: i64) -> Option<f64> {
    (count > 0).then(|| one_decimal(sum as f64 / count as f64))
}

/// ATT-40.
pub fn hours(minutes: i64) -> f64 {
    one_decimal(minutes as f64 / 60.0)
}

/// ATT-40.
pub fn calories(minutes: i64) -> i64 {
    CALORIES * minutes
}

/// This week's classes, taken four times, against twelve a month (ATT-31).
pub fn monthly_goal_progress(weekly_workouts: i64) -> f64 {
    (weekly_workouts as f64 * 4.0 / MONTHLY_AIM * 100.0).min(100.0)
}

/// The names with the most, by number and then by name (ATT-40).
pub fn favourites(attended: &BTreeMap<String, i64>, most: usize) -> Vec<String> {
    let mut names: Vec<_> = attended.iter().filter(|(_, n)| **n > 0).collect();
    // the sort is stable, and the map in the order of the names
    names.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
    names.into_iter().take(most).map(|(name, _)| name.clone()).collect()
}

/// The two hours of the gym's clock at which most classes began, the earlier first among equals: `18:00-19:00`
/// (ATT-40). `starts`: how many began when.
pub fn peak_times(starts: impl IntoIterator<Item = (DateTime<Utc>, i64)>, zone: Tz) -> Vec<String> {
    let mut hours: BTreeMap<u32, i64> = BTreeMap::new();
    for (at, n) in starts {
        *hours.entry(at.with_timezone(&zone).hour()).or_default() += n;
    }
    let mut hours: Vec<_> = hours.into_iter().collect();
    hours.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    hours.into_iter().take(2).map(|(hour, _)| format!("{hour:02}:00-{:02}:00", (hour + 1) % 24)).collect()
}

/// What kinds of events the titles speak of, each once, at most three (ATT-41).
pub fn event_types(titles: &[String]) -> Vec<String> {
    let mut types: Vec<String> = Vec::new();
    for title in titles.iter().take(5) {
        let lower = title.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        let named = if says(&["workshop", "taller"]) {
            "Workshop".to_owned()
        } else if says(&["competition", "competencia"]) {
            "Competition".to_owned()
        } else if says(&["training", "entrenamiento"]) {
            "Training".to_owned()
        } else if says(&["social"]) {
            "Social".to_owned()
        } else if let Some(word) = lower.split_whitespace().next() {
            let mut letters = word.chars();
            letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
        } else {
            continue;
        };
        if !types.contains(&named) {
            types.push(named);
        }
    }
    types.truncate(3);
    types
}

/// 0 … 10, one decimal, of rooms, messages and days with one (ATT-44).
pub fn social_score(rooms: i64, messages: i64, active_days: i64) -> f64 {
    let part = |n: i64, each: f64, most: f64| (n.max(0) as f64 * each).min(most);
    one_decimal((part(rooms, 0.5, 4.0) + part(messages, 0.02, 3.0) + part(active_days, 0.5, 3.0)).min(10.0))
}

/// Percent of two classes a day, one decimal (ATT-45).
pub fn utilization_rate(attended: i64, period: Period) -> f64 {
    rate(attended, (2 * period.days()).max(1))
}

/// 0 … 10, one decimal (ATT-45).
pub fn value_score(rate: f64, attended: i64, has_plan: bool) -> f64 {
    let plan = if has_plan { 2.0 } else { 1.0 };
    one_decimal(((rate / 10.0).min(5.0) + (attended.max(0) as f64 * 0.1).min(3.0) + plan).min(10.0))
}

/// Days of the gym's calendar until a membership ends, or none when it does not (ATT-45).
pub fn days_until(ends: Option<DateTime<Utc>>, now: DateTime<Utc>, zone: &str) -> Option<i64> {
    Some((local_day(ends?, zone) - local_day(now, zone)).num_days().max(0))
}

/// Whether the membership's row is active and not expired (ATT-32).
pub fn is_active(row: Option<&membership::Model>, now: DateTime<Utc>) -> bool {
    row.is_some_and(|row| row.is_active && row.membership_expires_at.is_none_or(|ends| ends > now))
}

/// How the app is used (ATT-37).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = AppUsageMetrics)]
pub struct AppUsage {
    pub last_access: Option<DateTime<Utc>>,
    pub total_sessions: i64,
    pub sessions_this_month: i64,
    pub avg_sessions_per_week: f64,
    /// 0 when the last access was neither today nor yesterday.
    pub consecutive_days: i64,
    pub is_active_today: bool,
}

impl AppUsage {
    pub fn of(row: &membership::Model, now: DateTime<Utc>, zone: &str) -> Self {
        // months are counted as the counter's own are (IDN-30)
        let same_month = |at: DateTime<Utc>| (at.year(), at.month()) == (now.year(), now.month());
        let today = local_day(now, zone);
        let days_ago = row.last_app_access.map(|at| (today - local_day(at, zone)).num_days());
        let weeks = (now - row.created_at).num_weeks().max(1);
        Self {
            last_access: row.last_app_access,
            total_sessions: row.total_app_opens.into(),
            sessions_this_month: match row.monthly_reset_date {
                Some(at) if same_month(at) => row.monthly_app_opens.into(),
                _ => 0,
            },
            avg_sessions_per_week: one_decimal(f64::from(row.total_app_opens) / weeks as f64),
            consecutive_days: match days_ago {
                Some(..=1) => row.app_streak_days.into(),
                _ => 0,
            },
            is_active_today: days_ago.is_some_and(|days| days <= 0),
        }
    }
}

/// `Spinning - Hoy 18:30`, on the gym's clock (ATT-33).
pub fn next_class(name: &str, start: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> String {
    let (start, today) = (start.with_timezone(&zone), now.with_timezone(&zone).date_naive());
    let day = match (start.date_naive() - today).num_days() {
        0 => "Hoy".to_owned(),
        1 => "Mañana".to_owned(),
        _ => start.format("%d/%m").to_string(),
    };
    format!("{name} - {day} {}", start.format("%H:%M"))
}

#[cfg(test)]
#[path = "statistics_tests.rs"]
mod tests;
