use super::*;
use crate::{GymHoursId, GymId, SpecialDayId, kernel::time};
use serde_json::{Value, json};

fn at(text: &str) -> NaiveTime {
    text.parse::<ClockTime>().unwrap().0
}

fn open(from: &str, to: &str) -> DayHours {
    DayHours::Open { from: at(from), to: at(to) }
}

fn merged(stored: DayHours, sent: Value) -> Result<DayHours, String> {
    let patch: HoursPatch = serde_json::from_value(sent).unwrap();
    stored.merged(&patch).map_err(|invalid| invalid.0[0].loc.join("."))
}

#[test]
fn sch_23_times_come_with_and_without_seconds() {
    assert_eq!(at("09:30"), at("09:30:00"));
    assert_eq!(json!(at("07:05")), json!("07:05:00"));
    assert_eq!(at("23:59:59").to_string(), "23:59:59");
    for rubbish in ["", "9:30", "24:00", "09:60", "09:30:60", "09", "09:30:00.5", " 9:30", "09:30Z", "0930", "-9:30"] {
        assert!(rubbish.parse::<ClockTime>().is_err(), "{rubbish}");
    }
}

#[test]
fn sch_20_by_default_a_gym_is_closed_on_sundays_without_times() {
    let usual: Vec<_> = DayOfWeek::all().map(DayHours::usual).collect();
    assert_eq!(usual[6], DayHours::Closed);
    assert!(usual[..6].iter().all(|day| *day == open("09:00", "21:00")));
    assert_eq!((usual[6].open_time(), usual[6].close_time()), (None, None));
    let sunday = NaiveDate::from_ymd_opt(2026, 11, 29).unwrap();
    assert_eq!(DayOfWeek::of(sunday).number(), 6);
    assert!(DayOfWeek::try_from(7).is_err() && DayOfWeek::try_from(-1).is_err());
}

#[test]
fn sch_21_closed_has_no_times_and_open_both_in_order() {
    let (nine, ten) = (Some(at("09:00")), Some(at("10:00")));
    assert_eq!(DayHours::given(None, None, true), Ok(DayHours::Closed));
    assert_eq!(DayHours::given(nine, ten, false), Ok(open("09:00", "10:00")));
    assert_eq!(DayHours::given(Some(at("00:00")), Some(at("23:59")), false), Ok(open("00:00", "23:59")));
    for (from, to, closed) in [
        (nine, ten, true),
        (nine, None, true),
        (None, ten, true),
        (None, None, false),
        (nine, None, false),
        (None, ten, false),
        (nine, nine, false),
        (ten, nine, false),
    ] {
        assert!(DayHours::given(from, to, closed).is_err(), "{from:?} {to:?} {closed}");
    }
}

#[test]
fn sch_22_what_is_sent_is_laid_over_what_stands() {
    let day = open("09:00", "21:00");
    for (stored, sent, want) in [
        (day, json!({}), Ok(day)),
        (day, json!({"open_time": "08:00"}), Ok(open("08:00", "21:00"))),
        (day, json!({"close_time": "22:00:30"}), Ok(open("09:00", "22:00:30"))),
        (day, json!({"close_time": "09:00"}), Err("body.close_time")),
        (day, json!({"is_closed": true}), Ok(DayHours::Closed)),
        (day, json!({"is_closed": true, "open_time": null, "close_time": null}), Ok(DayHours::Closed)),
        (day, json!({"is_closed": true, "open_time": "09:00"}), Err("body.open_time")),
        (day, json!({"is_closed": true, "close_time": "21:00"}), Err("body.close_time")),
        (day, json!({"is_closed": null, "open_time": "10:00"}), Ok(open("10:00", "21:00"))),
        (day, json!({"open_time": null}), Err("body.open_time")),
        (day, json!({"open_time": null, "close_time": null}), Err("body.open_time")),
        (DayHours::Closed, json!({}), Ok(DayHours::Closed)),
        (DayHours::Closed, json!({"open_time": null}), Ok(DayHours::Closed)),
        (DayHours::Closed, json!({"open_time": "10:00", "close_time": "14:00"}), Ok(open("10:00", "14:00"))),
        (DayHours::Closed, json!({"open_time": "10:00"}), Err("body.close_time")),
        (DayHours::Closed, json!({"close_time": "10:00"}), Err("body.open_time")),
        (DayHours::Closed, json!({"is_closed": false}), Err("body.open_time")),
        (DayHours::Closed, json!({"is_closed": true}), Ok(DayHours::Closed)),
    ] {
        assert_eq!(merged(stored, sent.clone()), want.map_err(str::to_owned), "{stored:?} {sent}");
    }
}

#[test]
fn sch_24_a_special_day_replaces_the_week_entirely() {
    let (gym_id, now) = (GymId(1), time::now());
    let regular = opening_hours::Model {
        id: GymHoursId(3),
        gym_id,
        day_of_week: 2,
        open_time: Some(at("09:00")),
        close_time: Some(at("21:00")),
        is_closed: false,
        created_at: now,
        updated_at: now,
    };
    let special = special_day::Model {
        id: SpecialDayId(8),
        gym_id,
        date: NaiveDate::from_ymd_opt(2026, 12, 23).unwrap(),
        open_time: None,
        close_time: None,
        is_closed: true,
        description: None,
        created_by: None,
        created_at: now,
        updated_at: now,
    };
    let by_week = effective(&regular, None);
    assert_eq!((by_week.hours, by_week.source, by_week.source_id), (open("09:00", "21:00"), HoursSource::Regular, 3));
    let otherwise = effective(&regular, Some(&special));
    assert_eq!((otherwise.hours, otherwise.source, otherwise.source_id), (DayHours::Closed, HoursSource::Special, 8));
}
