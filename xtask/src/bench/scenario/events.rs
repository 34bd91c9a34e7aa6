//! Events of a gym as its members look at them, and places in them.
use super::{Asking, Scenario, over, pairs};
use crate::bench::{
    exchange,
    world::{Gym, LISTED, Person},
};
use chrono::{DateTime, SecondsFormat, Utc};
use domain::identity::role::HighestRole;

pub const EVENTS: &str = "list of 50 events";
pub const EVENTS_FLOOR: &str = "list of 50 events, floor";
pub const CACHED_EVENTS: &str = "cached list of 50 events";
pub const OWN_EVENTS: &str = "own part in 50 events";
pub const OWN_EVENTS_FLOOR: &str = "own part in 50 events, floor";
pub const JOINING: &str = "event joined or left";
pub const JOINING_FLOOR: &str = "event joined or left, floor";
pub const JOINED: &str = "event joined";
const LEFT: &str = "event left";

/// Requests of one gym that differ in nothing but the instant up to which events begin, after which there is none:
/// enough that none is asked for again within one run.
const LOOKS: i64 = 600;
/// The first of these instants: 2100, in seconds since 1970.
const LAST_START: i64 = 4_102_444_800;
/// Stands for the instant in a request that is made once for a member.
const UNTIL: &str = "UNTIL";

fn until(look: i64) -> String {
    let at = DateTime::<Utc>::from_timestamp(LAST_START + look, 0).unwrap_or_default();
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

pub fn all(gyms: &[Gym], asking: &Asking<'_>) -> Vec<Scenario> {
    let member = HighestRole::Member;
    let each_member = |gym: &Gym, path: &str| -> Vec<String> {
        gym.members.iter().map(|who| asking.get(path, &who.email, member, Some(gym.id))).collect()
    };
    let lists = |gym: &Gym| -> Vec<String> {
        let asked = each_member(gym, &format!("/api/v1/events/?limit={LISTED}&end_date={UNTIL}"));
        (0..LOOKS).zip(asked.iter().cycle()).map(|(look, asked)| asked.replacen(UNTIL, &until(look), 1)).collect()
    };
    let floor_lists = |gym: &Gym| -> Vec<String> {
        let path = |look: i64| format!("/events/{}/{}/{LISTED}", gym.id, LAST_START + look);
        (0..LOOKS).map(|look| exchange::get(&path(look), &[])).collect()
    };
    let cached_lists = |gym: &Gym| each_member(gym, &format!("/api/v1/events/?limit={LISTED}"));
    let own = |gym: &Gym| each_member(gym, &format!("/api/v1/events/participation/me?limit={LISTED}"));
    let floor_own = |gym: &Gym| -> Vec<String> {
        let path = |who: &Person| format!("/own-events/{}/{}/{LISTED}", gym.id, who.id);
        gym.members.iter().map(|who| exchange::get(&path(who), &[])).collect()
    };

    let pair = |gym: i64, event: i64, who: &Person| {
        let (path, body) = ("/api/v1/events/participation", format!("{{\"event_id\":{event}}}"));
        [
            asking.post_json(path, &body, &who.email, member, Some(gym)),
            asking.delete(&format!("{path}/{event}"), &who.email, member, Some(gym)),
        ]
    };
    let floor_pair = |gym: i64, event: i64, who: &Person| {
        ["join", "leave"].map(|what| exchange::post(&format!("/{what}/{gym}/{event}/{}", who.id), &[]))
    };
    let theirs: fn(&Gym) -> &[i64] = |gym| &gym.events;
    let places = |scenario: Scenario| Scenario { halves: Some([JOINED, LEFT]), expect: &[201, 204], ..scenario };
    vec![
        Scenario { fresh: true, ..Scenario::server(EVENTS, Some(EVENTS_FLOOR), over(gyms, lists)) },
        Scenario::floor(EVENTS_FLOOR, over(gyms, floor_lists)),
        Scenario::server(CACHED_EVENTS, Some(EVENTS), over(gyms, cached_lists)),
        Scenario::server(OWN_EVENTS, Some(OWN_EVENTS_FLOOR), over(gyms, own)),
        Scenario::floor(OWN_EVENTS_FLOOR, over(gyms, floor_own)),
        places(Scenario::server(JOINING, Some(JOINING_FLOOR), pairs(gyms, theirs, pair))),
        places(Scenario::floor(JOINING_FLOOR, pairs(gyms, theirs, floor_pair))),
    ]
}
