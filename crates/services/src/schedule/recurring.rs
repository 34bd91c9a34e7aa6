//! A class every week: its sessions are made together or not at all (SCH-47 … SCH-49).
use super::{
    placing::{ENDS_BEFORE_START, Placing, SESSION_TOO_LONG, instant},
    seating::stale,
    sessions::{NOT_SCHEDULED, NewSession},
    view::Session,
};
use crate::{Actor, Core, Error, Refusal, Result};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use domain::{
    kernel::validation::{Invalid, check},
    schedule::{
        lifecycle::LONGEST,
        recurrence::{RecurrenceRefusal, Weekly},
        session::{self, SessionStatus},
    },
};
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

pub const SERIES_IN_PAST: Refusal = Refusal::bad_request(
    "start_date_in_past",
    "The first day must not lie in the past.",
    "El primer día no puede estar en el pasado.",
);
pub const SERIES_ENDS_BEFORE_START: Refusal = Refusal::bad_request(
    "end_date_before_start_date",
    "The last day must not lie before the first.",
    "El último día no puede ser anterior al primero.",
);
pub const SERIES_TOO_LONG: Refusal =
    Refusal::bad_request("date_range_too_long", "At most 366 days at once.", "Como máximo 366 días a la vez.");

impl From<RecurrenceRefusal> for Error {
    fn from(refusal: RecurrenceRefusal) -> Self {
        match refusal {
            RecurrenceRefusal::BeginsInThePast => SERIES_IN_PAST,
            RecurrenceRefusal::EndsBeforeStart => SERIES_ENDS_BEFORE_START,
            RecurrenceRefusal::TooLong => SERIES_TOO_LONG,
        }
        .into()
    }
}

/// Sessions of every week.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[schema(as = RecurringSessionsCreate, example = json!({
    "base_session_data": {"class_id": 7, "trainer_id": 12, "start_time": "2026-03-02T18:30:00"},
    "start_date": "2026-03-02", "end_date": "2026-06-30", "days_of_week": [0, 2, 4],
}))]
pub struct NewSeries {
    /// What all of them have. Of its start only the hour and minute of the gym's clock count, and of its end how long
    /// after the start it is. Also taken under the name `base_session`.
    #[serde(alias = "base_session")]
    #[garde(dive)]
    pub base_session_data: NewSession,
    /// The gym's day on which the series begins.
    #[garde(skip)]
    pub start_date: NaiveDate,
    /// The last day, included.
    #[garde(skip)]
    pub end_date: NaiveDate,
    /// 0 is Monday, 6 Sunday; each at most once.
    #[garde(custom(days_of_a_week))]
    #[schema(min_items = 1, max_items = 7)]
    pub days_of_week: Vec<i32>,
}

fn days_of_a_week(days: &[i32], _: &()) -> garde::Result {
    let mut seen = std::collections::BTreeSet::new();
    if days.is_empty() {
        return Err(garde::Error::new("at least one day of the week"));
    }
    if days.iter().all(|day| (0..=6).contains(day) && seen.insert(*day)) {
        Ok(())
    } else {
        Err(garde::Error::new("distinct days from 0 (Monday) to 6 (Sunday)"))
    }
}

/// Years that every client and database knows.
pub(super) fn calendar_day(field: &str, day: NaiveDate) -> Result<(), Invalid> {
    use chrono::Datelike;
    match day.year() {
        1970..=9998 => Ok(()),
        _ => Err(Invalid::field(field, "a day from 1970 to 9998")),
    }
}

impl NewSeries {
    fn weekly(&self, zone: Tz, class_minutes: i32) -> Result<Weekly> {
        let base = &self.base_session_data;
        let start = instant(base.start_time, zone);
        let lasts = match base.end_time {
            Some(end) => instant(end, zone) - start,
            None => TimeDelta::minutes(class_minutes.into()),
        };
        if lasts <= TimeDelta::zero() {
            return Err(ENDS_BEFORE_START.into());
        }
        if lasts > LONGEST {
            return Err(SESSION_TOO_LONG.into());
        }
        let local = start.with_timezone(&zone);
        let at = NaiveTime::from_hms_opt(local.hour(), local.minute(), 0).unwrap_or_default();
        Ok(Weekly { from: self.start_date, to: self.end_date, days: self.days_of_week.clone(), at, lasts })
    }

    fn checked(&self) -> Result<()> {
        check(self)?;
        calendar_day("start_date", self.start_date)?;
        calendar_day("end_date", self.end_date)?;
        Ok(())
    }
}

impl Core {
    /// Makes the sessions of a series; `allow_overlap` was decided by who asks.
    pub(super) async fn create_series(
        &self,
        actor: &Actor,
        input: NewSeries,
        allow_overlap: bool,
        include_closed: bool,
    ) -> Result<Vec<Session>> {
        input.checked()?;
        let gym = actor.gym_id();
        let series = uuid::Uuid::new_v4().to_string();
        let (rows, zone) = self
            .db
            .run(async |tx| {
                let zone = self.hold_calendar(&tx, gym).await?;
                let base = &input.base_session_data;
                let class = self.hold_cast(&tx, gym, base.trainer_id, base.class_id).await?;
                if base.status.is_some_and(|status| status != SessionStatus::Scheduled) {
                    return Err(NOT_SCHEDULED.into());
                }
                let now = self.clock.now();
                let weekly = input.weekly(zone, class.duration)?;
                weekly.within_bounds(now.with_timezone(&zone).date_naive())?;
                let closed = match include_closed {
                    true => Vec::new(),
                    false => self.stores.hours.closed_days(&tx, gym, weekly.from, weekly.to).await?,
                };
                let slots = weekly.slots(zone, now, &closed);
                let new = session::Create {
                    is_recurring: true,
                    recurrence_pattern: Some(weekly.pattern()),
                    series_id: Some(series.clone()),
                    created_by: Some(actor.user_id()),
                    ..base.row()
                };
                if !allow_overlap {
                    let room = new.room.as_deref();
                    let placing = Placing { slots: &slots, trainer: new.trainer_id, room, except: None };
                    self.must_be_free(&tx, gym, zone, placing).await?;
                }
                let at = |(start_time, end_time): (DateTime<Utc>, DateTime<Utc>)| session::Create {
                    start_time,
                    end_time,
                    ..new.clone()
                };
                let new = slots.iter().map(|slot| at((slot.start, slot.end))).collect();
                let mut rows = self.stores.session_queries.insert_all(&tx, gym, new).await?;
                rows.sort_by_key(|row| (row.start_time, row.id));
                Ok::<_, Error>((rows, zone))
            })
            .await?;
        if !rows.is_empty() {
            self.committed(&stale(gym, [])).await;
        }
        Ok(rows.into_iter().map(|row| Session::of(row, zone)).collect())
    }
}
