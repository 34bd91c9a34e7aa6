//! How far a goal is reached, and when it is (ATT-55 … ATT-58).
use super::goal::{self, GoalStatus, GoalType};
use crate::kernel::{
    patch,
    validation::{Invalid, check},
};
use chrono::NaiveDate;
use garde::Validate;
use serde::{Deserialize, Serialize};

/// Percentage points between a goal and its time within which it is on track (ATT-56).
const ON_TRACK: f64 = 10.0;
/// From how much on a goal without a date is on track.
const WITHOUT_DATE: f64 = 75.0;

/// How a goal stands against its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = GoalStatus)]
pub enum ProgressStatus {
    OnTrack,
    Behind,
    Ahead,
    Completed,
}

impl GoalType {
    /// Whether it is reached from above.
    pub fn goes_down(self) -> bool {
        matches!(self, Self::WeightLoss | Self::BodyFatLoss)
    }

    /// Whether each measurement of weight moves it (ATT-59).
    pub fn is_of_weight(self) -> bool {
        Self::OF_WEIGHT.contains(&self)
    }

    pub const OF_WEIGHT: [Self; 2] = [Self::WeightLoss, Self::WeightGain];
}

/// Whether this value is what was wanted (ATT-57).
pub fn is_reached(kind: GoalType, current: f64, target: f64) -> bool {
    if kind.goes_down() { current <= target } else { current >= target }
}

/// Percent of the way from the start to the target, 0 … 100 (ATT-55).
pub fn progress(kind: GoalType, start: Option<f64>, current: f64, target: f64) -> f64 {
    let Some(start) = start else { return 0.0 };
    let (done, needed) =
        if kind.goes_down() { (start - current, start - target) } else { (current - start, target - start) };
    if needed <= 0.0 { 100.0 } else { (100.0 * done / needed).clamp(0.0, 100.0) }
}

/// How much of the time from `created` to `target` is over, in percent; of none all of it.
fn elapsed(created: NaiveDate, target: NaiveDate, today: NaiveDate) -> f64 {
    let whole = (target - created).num_days();
    if whole <= 0 { 100.0 } else { (100.0 * (today - created).num_days() as f64 / whole as f64).clamp(0.0, 100.0) }
}

/// How a goal stands (ATT-56). Days are those of the gym's calendar.
pub fn status(progress: f64, created: NaiveDate, target_date: Option<NaiveDate>, today: NaiveDate) -> ProgressStatus {
    if progress >= 100.0 {
        return ProgressStatus::Completed;
    }
    let Some(target) = target_date else {
        return if progress >= WITHOUT_DATE { ProgressStatus::OnTrack } else { ProgressStatus::Behind };
    };
    match progress - elapsed(created, target, today) {
        lead if lead >= ON_TRACK => ProgressStatus::Ahead,
        lead if lead >= -ON_TRACK => ProgressStatus::OnTrack,
        _ => ProgressStatus::Behind,
    }
}

/// A goal as it is sent.
#[derive(Clone, Debug, PartialEq, Deserialize, Validate, utoipa::ToSchema)]
#[schema(as = GoalCreate, example = json!({
    "goal_type": "weight_loss", "title": "Before the summer", "target_value": 68, "unit": "kg",
    "target_date": "2027-06-01",
}))]
pub struct NewGoal {
    #[garde(skip)]
    pub goal_type: GoalType,
    #[garde(length(chars, min = 1, max = 255))]
    #[schema(min_length = 1, max_length = 255)]
    pub title: String,
    #[garde(inner(length(chars, max = 2000)))]
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub description: Option<String>,
    #[garde(range(min = 0.0, max = 1_000_000.0))]
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub target_value: f64,
    /// Of a goal of weight, the weight that was measured last counts instead.
    #[garde(inner(range(min = 0.0, max = 1_000_000.0)))]
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub current_value: Option<f64>,
    /// Likewise; the current value, where it is not said.
    #[garde(inner(range(min = 0.0, max = 1_000_000.0)))]
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub start_value: Option<f64>,
    #[garde(length(chars, min = 1, max = 50))]
    #[schema(min_length = 1, max_length = 50)]
    pub unit: String,
    /// Today or later.
    #[garde(skip)]
    #[serde(default)]
    pub target_date: Option<NaiveDate>,
    #[garde(skip)]
    #[serde(default)]
    pub is_public: bool,
    #[garde(skip)]
    #[serde(default = "on")]
    #[schema(default = true)]
    pub notifications_enabled: bool,
}

fn on() -> bool {
    true
}

fn not_over(date: Option<NaiveDate>, today: NaiveDate) -> Result<(), Invalid> {
    let last = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or(NaiveDate::MAX);
    match date {
        Some(date) if date < today => Err(Invalid::field("target_date", "is over")),
        Some(date) if date > last => Err(Invalid::field("target_date", "is too far away")),
        _ => Ok(()),
    }
}

impl NewGoal {
    /// # Errors
    /// The fields that break a rule.
    pub fn check(&self, today: NaiveDate) -> Result<(), Invalid> {
        check(self)?;
        not_over(self.target_date, today)
    }

    /// The row to make. `weight` is the one measured last (ATT-58).
    pub fn row(self, user: crate::UserId, weight: Option<f64>) -> goal::Create {
        let measured = weight.filter(|_| self.goal_type.is_of_weight());
        goal::Create {
            user_id: user,
            goal_type: self.goal_type,
            title: self.title,
            description: self.description,
            target_value: self.target_value,
            current_value: measured.or(self.current_value).or(self.start_value).unwrap_or_default(),
            start_value: measured.or(self.start_value).or(self.current_value),
            unit: self.unit,
            target_date: self.target_date,
            status: GoalStatus::Active,
            is_public: self.is_public,
            notifications_enabled: self.notifications_enabled,
        }
    }
}

/// The states that a goal is put into by hand. What is reached or over is seen by the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GoalStatusChange {
    Active,
    Paused,
    Cancelled,
}

impl From<GoalStatusChange> for GoalStatus {
    fn from(change: GoalStatusChange) -> Self {
        match change {
            GoalStatusChange::Active => Self::Active,
            GoalStatusChange::Paused => Self::Paused,
            GoalStatusChange::Cancelled => Self::Cancelled,
        }
    }
}

/// What changes of a goal: only fields that are present.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Validate, utoipa::ToSchema)]
#[schema(as = GoalUpdate)]
#[serde(default)]
pub struct GoalPatch {
    #[garde(inner(range(min = 0.0, max = 1_000_000.0)))]
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub current_value: Option<f64>,
    #[garde(skip)]
    pub status: Option<GoalStatusChange>,
    #[garde(inner(length(chars, min = 1, max = 255)))]
    #[schema(min_length = 1, max_length = 255)]
    pub title: Option<String>,
    /// Today or later; `null` takes it away.
    #[garde(skip)]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<NaiveDate>)]
    pub target_date: Option<Option<NaiveDate>>,
}

impl GoalPatch {
    /// # Errors
    /// The fields that break a rule.
    pub fn check(&self, today: NaiveDate) -> Result<(), Invalid> {
        check(self)?;
        not_over(self.target_date.flatten(), today)
    }

    /// The change of the row, without what follows from it.
    pub fn change(self) -> goal::Update {
        goal::Update {
            title: self.title,
            current_value: self.current_value,
            target_date: self.target_date,
            status: self.status.map(GoalStatus::from),
            completed_at: None,
        }
    }

    /// Whether an expired goal is taken up again without time to reach it.
    pub fn lacks_time(&self, row: &goal::Model, today: NaiveDate) -> bool {
        let date = self.target_date.unwrap_or(row.target_date);
        self.status == Some(GoalStatusChange::Active) && date.is_some_and(|date| date < today)
    }
}

#[cfg(test)]
#[path = "goal_progress_tests.rs"]
mod tests;
