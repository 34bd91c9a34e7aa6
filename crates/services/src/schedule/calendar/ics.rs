//! A calendar as iCalendar text (RFC 5545).
//!
//! Times are written in UTC, so that no program has to know the gym's zone or when its clocks change. An event keeps its
//! UID for ever, and its SEQUENCE grows with each change of the session or its class.
use chrono::{DateTime, TimeDelta, Utc};
use domain::{kernel::installation::Mark, schedule::session::SessionStatus};
use icalendar::{Calendar, Component, Event, EventLike, EventStatus, Property};
use repository::schedule::calendar::{Entry, Feed};

/// How often programs should look again.
const REFRESH: TimeDelta = TimeDelta::hours(1);

/// The start of 2020: what SEQUENCE counts from, in seconds, as it must fit 31 bits.
const SEQUENCE_FROM: i64 = 1_577_836_800;

/// What is written, in the order of the entries.
pub(super) fn write(feed: &Feed, entries: &[Entry], installation: &Mark) -> String {
    let name = plain(&feed.gym_name);
    let mut calendar = Calendar::empty();
    calendar
        .append_property(Property::new("VERSION", "2.0"))
        .append_property(Property::new("PRODID", "-//GymAPI//Schedule//EN"))
        .append_property(Property::new("CALSCALE", "GREGORIAN"))
        // the writer escapes texts of properties that it knows to be texts
        .append_property(Property::new("NAME", name.as_str()).add_parameter("VALUE", "TEXT").done())
        .append_property(Property::new("X-WR-CALNAME", name.as_str()))
        .append_property(Property::new("X-WR-TIMEZONE", feed.timezone.as_str()));
    calendar.ttl(&REFRESH);
    calendar.extend(entries.iter().map(|entry| event(feed, entry, installation)));
    calendar.to_string()
}

fn event(feed: &Feed, entry: &Entry, installation: &Mark) -> Event {
    let changed = entry.updated_at.max(entry.class_updated_at);
    let place = [entry.room.as_deref(), feed.address.as_deref().or(Some(&feed.gym_name))];
    let place: Vec<_> = place.into_iter().flatten().map(plain).filter(|part| !part.is_empty()).collect();
    let cancelled = entry.status == SessionStatus::Cancelled;
    let mut event = Event::new();
    event
        .uid(&uid(entry, installation))
        .sequence(sequence(changed))
        .timestamp(changed)
        .last_modified(changed)
        .starts(entry.start_time)
        .ends(entry.end_time)
        .summary(&plain(&entry.name))
        .location(&place.join(", "))
        .status(if cancelled { EventStatus::Cancelled } else { EventStatus::Confirmed })
        // what a gym offers takes nobody's time; what somebody booked does
        .add_property("TRANSP", if entry.participation_id.is_some() && !cancelled { "OPAQUE" } else { "TRANSPARENT" });
    if let Some(description) = entry.description.as_deref().map(plain).filter(|text| !text.is_empty()) {
        event.description(&description);
    }
    event.done()
}

/// One for the session, and another one for a member's seat in it: a program that shows both calendars keeps them apart.
fn uid(entry: &Entry, installation: &Mark) -> String {
    match entry.participation_id {
        Some(booking) => format!("booking-{booking}@{installation}.gymapi"),
        None => format!("session-{}@{installation}.gymapi", entry.session_id),
    }
}

fn sequence(changed: DateTime<Utc>) -> u32 {
    u32::try_from((changed.timestamp() - SEQUENCE_FROM).clamp(0, i32::MAX.into())).unwrap_or(0)
}

/// Text that stands in one property, whatever somebody typed: lines end as the format wants, and nothing else is a
/// control character.
fn plain(text: &str) -> String {
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    lines.trim().chars().filter(|c| *c == '\n' || !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_grows_with_time_and_fits_the_format() {
        let at = |text: &str| sequence(text.parse().unwrap());
        assert_eq!(at("2020-01-01T00:00:00Z"), 0);
        assert!(at("2026-03-02T18:00:00Z") < at("2026-03-02T18:00:01Z"));
        assert_eq!(at("1999-01-01T00:00:00Z"), 0);
        assert_eq!(at("2999-01-01T00:00:00Z"), i32::MAX as u32);
    }

    #[test]
    fn what_somebody_typed_stays_one_text() {
        assert_eq!(plain(" Spin\r\nBEGIN:VEVENT\rx\0y\u{7} "), "Spin\nBEGIN:VEVENT\nxy");
    }
}
