//! A week of a gym as its members look at it, and seats.
use super::{Asking, Scenario, over, pairs};
use crate::bench::{
    exchange,
    world::{Gym, Person, World},
};
use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use chrono_tz::Europe::Madrid;
use domain::{identity::role::HighestRole, kernel::timezone};

pub const WEEK: &str = "week of 200 sessions";
pub const WEEK_FLOOR: &str = "week of 200 sessions, floor";
pub const CACHED_WEEK: &str = "cached week of 200 sessions";
pub const BOOKING: &str = "seat taken or given back";
pub const BOOKING_FLOOR: &str = "seat taken or given back, floor";
pub const HOT_BOOKING: &str = "the same of one session";

const SESSIONS: u32 = 200;
/// Requests of one gym that differ in nothing but their last day, after which there is no session: enough that none is
/// asked for again within one run.
const LAST_DAYS: u64 = 300;

/// The first days of what is asked: the Monday of this week, and what lies behind the last session.
fn days() -> (NaiveDate, NaiveDate) {
    let today = Utc::now().with_timezone(&Madrid).date_naive();
    let monday = today - Days::new(today.weekday().num_days_from_monday().into());
    (monday, monday + Days::new(60))
}

pub fn all(world: &World, asking: &Asking<'_>) -> Vec<Scenario> {
    let gyms = &world.gyms;
    let (monday, end) = days();
    let member = HighestRole::Member;
    let with_members =
        |gym: &Gym| -> Vec<(Person, u64)> { gym.members.iter().cycle().cloned().zip(0..LAST_DAYS).collect() };
    let week = |gym: &Gym, last: NaiveDate, who: &Person| {
        let path = format!("/api/v1/schedule/sessions/date-range?start_date={monday}&end_date={last}&limit={SESSIONS}");
        asking.get(&path, &who.email, member, Some(gym.id))
    };
    let weeks = |gym: &Gym| -> Vec<String> {
        with_members(gym).iter().map(|(who, n)| week(gym, end + Days::new(*n), who)).collect()
    };
    let floor_weeks = |gym: &Gym| -> Vec<String> {
        let instants = |last| {
            let within = timezone::days(monday, last, Madrid);
            [within.start, within.end].map(|at: DateTime<Utc>| at.timestamp())
        };
        let each = |(who, n): &(Person, u64)| {
            let [first, last] = instants(end + Days::new(*n));
            exchange::get(&format!("/week/{}/{}/{first}/{last}/{SESSIONS}", gym.id, who.id), &[])
        };
        with_members(gym).iter().map(each).collect()
    };
    let cached_week = |gym: &Gym| -> Vec<String> { gym.members.iter().map(|who| week(gym, end, who)).collect() };

    let pair = |gym: i64, session: i64, who: &Person| {
        let path = |what: &str| format!("/api/v1/schedule/participation/{what}/{session}");
        ["register", "cancel-registration"].map(|what| asking.post(&path(what), &who.email, member, Some(gym)))
    };
    let floor_pair = |gym: i64, session: i64, who: &Person| {
        ["book", "give-back"].map(|what| exchange::post(&format!("/{what}/{gym}/{session}/{}", who.id), &[]))
    };
    let hot = gyms.first().map(|gym| gym.id).unwrap_or_default();
    let hot = world.hot.people.iter().flat_map(|who| pair(hot, world.hot.session, who)).collect();

    let seats = |halves, scenario: Scenario| Scenario { halves: Some(halves), ..scenario };
    let (taken, hot_taken) = (["seat taken", "seat given back"], ["hot seat taken", "hot seat given back"]);
    let theirs: fn(&Gym) -> &[i64] = |gym| &gym.sessions;
    vec![
        Scenario { fresh: true, ..Scenario::server(WEEK, Some(WEEK_FLOOR), over(gyms, weeks)) },
        Scenario::floor(WEEK_FLOOR, over(gyms, floor_weeks)),
        Scenario::server(CACHED_WEEK, Some(WEEK), over(gyms, cached_week)),
        seats(taken, Scenario::server(BOOKING, Some(BOOKING_FLOOR), pairs(gyms, theirs, pair))),
        seats(taken, Scenario::floor(BOOKING_FLOOR, pairs(gyms, theirs, floor_pair))),
        seats(hot_taken, Scenario::server(HOT_BOOKING, Some(BOOKING), hot)),
    ]
}
