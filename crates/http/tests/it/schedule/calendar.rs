//! Calendars, as another program reads them.
use calcard::{
    Entry, Parser,
    icalendar::{
        ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarProperty, ICalendarStatus, ICalendarValue,
    },
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    GymId,
    identity::{GymRole, gym, user},
    kernel::time,
    schedule::{class, participation::ParticipationStatus as P},
};
use ports::clock::FixedClock;
use sea_orm::ConnectionTrait;
use services::kernel::cache_key::CacheKey;
use std::{collections::BTreeMap, sync::Arc};
use testkit::{
    app::{Answer, App},
    both,
    database::TestDb,
    schedule::in_minutes,
};

const OWN: &str = "/api/v1/schedule/calendar-feeds/me";
const GYM: &str = "/api/v1/schedule/calendar-feeds/gym";

struct Cast {
    gym: gym::Model,
    tom: user::Model,
    ana: user::Model,
    boss: user::Model,
    spin: class::Model,
}

async fn cast(app: &App, name: &str) -> Cast {
    let gym = app.world.gym_with(name, |g| g.address = Some("Calle Mayor 1, Madrid".into())).await;
    let tom = app.world.person(&gym, &format!("tom-{name}"), GymRole::Trainer).await;
    let boss = app.world.person(&gym, &format!("boss-{name}"), GymRole::Admin).await;
    let ana = app.world.member(&gym, &format!("ana-{name}")).await;
    let spin = app.world.class(&gym).await;
    Cast { gym, tom, ana, boss, spin }
}

/// The path of a new address.
async fn address(app: &App, by: &user::Model, gym: GymId, of: &str) -> String {
    let url = app.post(of).by(by).at(gym).send().await.expect(201)["url"].as_str().unwrap().to_owned();
    let path = url.strip_prefix("http://127.0.0.1:8000").unwrap();
    assert!(path.starts_with("/api/v1/schedule/calendar/") && path.ends_with(".ics") && path.len() > 64 + 20);
    path.to_owned()
}

async fn read(app: &App, path: &str) -> Answer {
    app.get(path).send().await
}

/// An event, as far as these tests look.
#[derive(Debug, PartialEq)]
struct Event {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    summary: String,
    description: Option<String>,
    location: String,
    status: ICalendarStatus,
    sequence: i64,
}

fn text(component: &ICalendarComponent, name: &ICalendarProperty) -> Option<String> {
    match component.property(name)?.values.first()? {
        ICalendarValue::Text(text) => Some(text.clone()),
        other => panic!("{name:?} is no text: {other:?}"),
    }
}

fn instant(component: &ICalendarComponent, name: &ICalendarProperty) -> DateTime<Utc> {
    match component.property(name).unwrap().values.first().unwrap() {
        ICalendarValue::PartialDateTime(at) => {
            assert!(at.tz_hour == Some(0) && at.tz_minute == Some(0), "in UTC: {at:?}");
            let date = chrono::NaiveDate::from_ymd_opt(
                at.year.unwrap().into(),
                at.month.unwrap().into(),
                at.day.unwrap().into(),
            );
            let time = date.unwrap().and_hms_opt(
                at.hour.unwrap().into(),
                at.minute.unwrap().into(),
                at.second.unwrap().into(),
            );
            time.unwrap().and_utc()
        }
        other => panic!("{name:?} is no time: {other:?}"),
    }
}

/// The events by their UIDs, of a file in which another parser finds nothing to complain of.
fn events(answer: &Answer) -> BTreeMap<String, Event> {
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "text/calendar; charset=utf-8"));
    let file = std::str::from_utf8(&answer.body).unwrap();
    assert!(file.split("\r\n").all(|line| line.len() <= 75 && !line.contains(['\r', '\n'])), "{file}");
    let mut parser = Parser::new(file);
    let Entry::ICalendar(calendar) = parser.entry() else { panic!("no calendar: {file}") };
    assert!(matches!(parser.entry(), Entry::Eof), "one calendar: {file}");
    let of = |component: &ICalendarComponent| {
        use ICalendarProperty as N;
        let status = match component.property(&N::Status).unwrap().values.first().unwrap() {
            ICalendarValue::Status(status) => status.clone(),
            other => panic!("{other:?}"),
        };
        let sequence = match component.property(&N::Sequence).unwrap().values.first().unwrap() {
            ICalendarValue::Integer(n) => *n,
            other => panic!("{other:?}"),
        };
        assert!(component.property(&N::Dtstamp).is_some());
        let event = Event {
            start: instant(component, &N::Dtstart),
            end: instant(component, &N::Dtend),
            summary: text(component, &N::Summary).unwrap(),
            description: text(component, &N::Description),
            location: text(component, &N::Location).unwrap(),
            status,
            sequence,
        };
        (text(component, &N::Uid).unwrap(), event)
    };
    let ICalendar { components } = calendar;
    let found: Vec<_> =
        components.iter().filter(|c| c.component_type == ICalendarComponentType::VEvent).map(of).collect();
    assert_eq!(components.len(), found.len() + 1, "a calendar and its events, nothing else");
    let count = found.len();
    let by_uid: BTreeMap<_, _> = found.into_iter().collect();
    assert_eq!(by_uid.len(), count, "each event has a UID of its own");
    by_uid
}

async fn sql(t: &TestDb, app: &App, gym: GymId, sql: &str) {
    t.pool().execute_unprepared(sql).await.unwrap();
    app.services.core.committed(&[CacheKey::Sessions(gym)]).await;
}

fn whole_seconds(at: DateTime<Utc>) -> DateTime<Utc> {
    chrono::SubsecRound::trunc_subsecs(at, 0)
}

both! {
    async fn a_members_calendar_has_their_bookings_and_a_timetable_everything(t: TestDb) {
        let app = App::new(t).await;
        let (c, there) = (cast(&app, "box").await, cast(&app, "there").await);
        let room = |s: &mut domain::schedule::session::Create| s.room = Some("Sala 1".into());
        let booked = app.world.session_with(&c.spin, &c.tom, in_minutes(60), room).await;
        app.world.booking(&booked, c.ana.id, P::Registered).await;
        let been = app.world.session(&c.spin, &c.tom, in_minutes(-600)).await;
        app.world.booking(&been, c.ana.id, P::Attended).await;
        let given_up = app.world.session(&c.spin, &c.tom, in_minutes(90)).await;
        app.world.booking(&given_up, c.ana.id, P::Cancelled).await;
        app.world.session(&c.spin, &c.tom, in_minutes(120)).await;
        let foreign = app.world.session(&there.spin, &there.tom, in_minutes(60)).await;
        app.world.join(there.gym.id, c.ana.id, GymRole::Member).await;
        app.world.booking(&foreign, c.ana.id, P::Registered).await;

        let own = events(&read(&app, &address(&app, &c.ana, c.gym.id, OWN).await).await);
        assert_eq!(own.len(), 2, "{own:#?}");
        let first = own.values().find(|e| e.start == whole_seconds(booked.start_time)).unwrap();
        assert_eq!((first.end - first.start, first.summary.as_str()), (TimeDelta::hours(1), "Spinning"));
        assert_eq!(first.location, "Sala 1, Calle Mayor 1, Madrid");
        assert_eq!((&first.status, &first.description), (&ICalendarStatus::Confirmed, &None));
        let all = events(&read(&app, &address(&app, &c.boss, c.gym.id, GYM).await).await);
        assert_eq!(all.len(), 4);
        assert!(all.keys().all(|uid| !own.contains_key(uid)), "a program may show both");
        // and a member in two gyms has two calendars
        let in_other = events(&read(&app, &address(&app, &c.ana, there.gym.id, OWN).await).await);
        assert_eq!(in_other.len(), 1);
    }

    async fn what_the_gym_cancels_says_so_and_keeps_its_uid(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, "box").await;
        let session = app.world.session(&c.spin, &c.tom, in_minutes(60)).await;
        let row = app.world.booking(&session, c.ana.id, P::Registered).await;
        let (own, all) = (address(&app, &c.ana, c.gym.id, OWN).await, address(&app, &c.boss, c.gym.id, GYM).await);
        let before = [events(&read(&app, &own).await), events(&read(&app, &all).await)];
        let later = (time::now() + TimeDelta::seconds(5)).format("%Y-%m-%dT%H:%M:%S%.6f+00:00");
        sql(t, &app, c.gym.id, &format!("UPDATE class_session SET status = 'cancelled', updated_at = '{later}'")).await;
        sql(t, &app, c.gym.id, &format!("UPDATE class_participation SET status = 'cancelled' WHERE id = {}", row.id)).await;
        let after = [events(&read(&app, &own).await), events(&read(&app, &all).await)];
        for (before, after) in before.iter().zip(&after) {
            let ((old_uid, old), (uid, new)) = (before.iter().next().unwrap(), after.iter().next().unwrap());
            assert_eq!((before.len(), after.len(), uid), (1, 1, old_uid));
            assert_eq!((&old.status, &new.status), (&ICalendarStatus::Confirmed, &ICalendarStatus::Cancelled));
            assert!(new.sequence > old.sequence && new.sequence < i64::from(i32::MAX), "{old:?} {new:?}");
        }
    }

    async fn an_address_is_unguessable_replaced_and_revoked(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, "box").await;
        let first = address(&app, &c.ana, c.gym.id, OWN).await;
        let timetable = address(&app, &c.boss, c.gym.id, GYM).await;
        events(&read(&app, &first).await);
        let second = address(&app, &c.ana, c.gym.id, OWN).await;
        assert_ne!(first, second);
        let gone = (404, "calendar_not_found".to_owned());
        assert_eq!(read(&app, &first).await.outcome(), gone);
        events(&read(&app, &second).await);
        for guess in ["0".repeat(64), "x".into(), String::from("%00"), "%27%20OR%201=1".into(), format!("{}0", "a".repeat(64))] {
            assert_eq!(read(&app, &format!("/api/v1/schedule/calendar/{guess}.ics")).await.outcome(), gone, "{guess}");
        }
        assert_eq!(read(&app, second.trim_end_matches(".ics")).await.outcome(), gone);
        // what is kept opens nothing
        let query = "SELECT token_hash FROM calendar_feeds ORDER BY id".to_owned();
        let backend = if t.is_postgres() { sea_orm::DbBackend::Postgres } else { sea_orm::DbBackend::Sqlite };
        let rows = t.pool().query_all_raw(sea_orm::Statement::from_string(backend, query)).await.unwrap();
        assert_eq!(rows.len(), 2);
        for row in rows {
            let kept: String = row.try_get_by_index(0).unwrap();
            assert!(!second.contains(&kept) && !timetable.contains(&kept));
            assert_eq!(read(&app, &format!("/api/v1/schedule/calendar/{kept}.ics")).await.outcome(), gone);
        }
        for _ in 0..2 {
            app.delete(OWN).by(&c.ana).at(c.gym.id).send().await.expect(204);
        }
        assert_eq!(read(&app, &second).await.outcome(), gone);
        events(&read(&app, &timetable).await);
        assert_eq!(app.delete(GYM).by(&c.tom).at(c.gym.id).send().await.outcome(), (403, "role_too_low".into()));
        app.delete(GYM).by(&c.boss).at(c.gym.id).send().await.expect(204);
        assert_eq!(read(&app, &timetable).await.outcome(), gone);
        let root = app.world.super_admin("root").await;
        assert_eq!(app.post(OWN).by(&root).at(c.gym.id).send().await.outcome(), (403, "not_a_member".into()));
    }

    async fn who_leaves_the_gym_leaves_no_open_calendar(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, "box").await;
        let path = address(&app, &c.ana, c.gym.id, OWN).await;
        events(&read(&app, &path).await);
        app.delete(&format!("/api/v1/gyms/users/{}", c.ana.id)).by(&c.ana).at(c.gym.id).send().await.expect(200);
        assert_eq!(read(&app, &path).await.status, 404);
        app.world.join(c.gym.id, c.ana.id, GymRole::Member).await;
        assert_eq!(read(&app, &path).await.status, 404, "not even when they come back");
        let timetable = address(&app, &c.boss, c.gym.id, GYM).await;
        events(&read(&app, &timetable).await);
        t.pool().execute_unprepared("UPDATE gyms SET is_active = false").await.unwrap();
        assert_eq!(read(&app, &timetable).await.status, 404, "a gym that is closed shows nothing");
    }

    async fn a_calendar_that_has_not_changed_is_not_sent_again(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, "box").await;
        app.world.session(&c.spin, &c.tom, in_minutes(60)).await;
        let path = address(&app, &c.boss, c.gym.id, GYM).await;
        let first = read(&app, &path).await;
        let tag = first.header("etag").to_owned();
        assert!(!tag.is_empty());
        let same = app.get(&path).header("if-none-match", &tag).send().await;
        assert_eq!((same.status.as_u16(), same.body.len()), (304, 0));
        assert_eq!(same.header("x-database-statements"), "1", "the token alone is looked up");
        app.world.session(&c.spin, &c.tom, in_minutes(90)).await;
        app.services.core.committed(&[CacheKey::Sessions(c.gym.id)]).await;
        let changed = app.get(&path).header("if-none-match", &tag).send().await;
        assert_eq!(events(&changed).len(), 2);
        assert!(!changed.header("x-request-path").contains(path.rsplit('/').next().unwrap()), "an address is a secret");
    }

    async fn times_are_right_over_a_change_of_the_clock(t: TestDb) {
        let now: DateTime<Utc> = "2026-03-27T12:00:00Z".parse().unwrap();
        let clock = FixedClock::new(now);
        let app = App::with(t, |c| c.core.clock = Arc::new(clock.clone())).await;
        let c = cast(&app, "box").await;
        let starts = ["2026-03-28T17:00:00Z", "2026-03-29T16:00:00Z", "2026-10-24T16:00:00Z", "2026-10-25T17:00:00Z"];
        let starts = starts.map(|text| text.parse::<DateTime<Utc>>().unwrap());
        for start in starts {
            app.world.session(&c.spin, &c.tom, start).await; // 18:00 in Madrid each
        }
        let path = address(&app, &c.boss, c.gym.id, GYM).await;
        let mut shown: Vec<_> = events(&read(&app, &path).await).into_values().map(|e| e.start).collect();
        shown.sort();
        assert_eq!(shown, starts[..2], "October is more than 180 days ahead");
        clock.advance(TimeDelta::days(40));
        app.services.core.committed(&[CacheKey::Sessions(c.gym.id)]).await;
        let mut shown: Vec<_> = events(&read(&app, &path).await).into_values().map(|e| e.start).collect();
        shown.sort();
        assert_eq!(shown, starts);
        clock.advance(TimeDelta::days(30));
        app.services.core.committed(&[CacheKey::Sessions(c.gym.id)]).await;
        assert_eq!(events(&read(&app, &path).await).len(), 2, "March is more than 60 days ago");
    }

    async fn what_people_typed_stays_text(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym_with("box", |g| g.name = "Iron, Sons; \"Co\" \\ ñ\nX-EVIL:1".into()).await;
        let boss = app.world.person(&gym, "boss", GymRole::Admin).await;
        let nasty = "Pilates, suave; con calma\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:evil ñandú 🧘 ".repeat(6);
        let name = "Yoga: the \\n class, part; 2 🧘";
        let class = app.world.class_with(&gym, |c| {
            c.name = name.into();
            c.description = Some(nasty.clone());
        })
        .await;
        app.world.session(&class, &boss, in_minutes(60)).await;
        let answer = read(&app, &address(&app, &boss, gym.id, GYM).await).await;
        let file = String::from_utf8(answer.body.to_vec()).unwrap();
        let begun = file.split("\r\n").filter(|line| *line == "BEGIN:VEVENT").count();
        assert!(!file.contains("\r\nX-EVIL") && begun == 1, "{file}");
        let found = events(&answer);
        let event = found.values().next().unwrap();
        assert_eq!((found.len(), event.summary.as_str()), (1, name));
        assert_eq!(event.description.as_deref(), Some(nasty.replace("\r\n", "\n").trim()));
        assert_eq!(event.status, ICalendarStatus::Confirmed);
    }

    async fn of_many_who_renew_at_once_the_last_is_open(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app, "box").await;
        let made = futures::future::join_all((0..8).map(|_| address(&app, &c.ana, c.gym.id, OWN))).await;
        let mut open = 0;
        for path in &made {
            open += usize::from(read(&app, path).await.status == 200);
        }
        assert_eq!(open, 1);
    }
}
