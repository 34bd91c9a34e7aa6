//! What is asked, and by whom.
mod events;
mod schedule;

use super::{
    exchange,
    server::Issuer,
    world::{Gym, Person, World},
};
use domain::identity::role::HighestRole;
use std::net::SocketAddr;

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Server,
    Floor,
}

/// One row of the table.
pub struct Scenario {
    pub name: &'static str,
    pub side: Side,
    /// What the floor or the uncached row of the same kind is called.
    pub beside: Option<&'static str>,
    pub requests: Vec<String>,
    /// The statuses of the answers, in turn.
    pub expect: &'static [u16],
    /// Requests come in pairs, of which the second takes back what the first did; what the two are called.
    pub halves: Option<[&'static str; 2]>,
    /// No request repeats another, and nothing of earlier ones is kept: every answer is made anew.
    pub fresh: bool,
}

pub const LIST: &str = "list of 50";
pub const LIST_FLOOR: &str = "list of 50, floor";
pub const ROW: &str = "read of one row";
pub const ROW_FLOOR: &str = "read of one row, floor";
pub const PROFILE: &str = "own profile";
pub const PROFILE_FLOOR: &str = "own profile, floor";
pub const CACHED_LIST: &str = "cached list of 50";
pub const CACHED_READ: &str = "cached read of one";
pub const UNCHANGED: &str = "cached list, 304";

pub use events::{CACHED_EVENTS, EVENTS, JOINED, JOINING, OWN_EVENTS};
pub use schedule::{BOOKING, HOT_BOOKING, WEEK};

/// Requests of every gym, `each` for one gym.
fn over(gyms: &[Gym], each: impl Fn(&Gym) -> Vec<String>) -> Vec<String> {
    // neighbours in the list are of different gyms, so that connections do not walk in step through one
    let of_gyms: Vec<Vec<String>> = gyms.iter().map(each).collect();
    let longest = of_gyms.iter().map(Vec::len).max().unwrap_or_default();
    (0..longest).flat_map(|n| of_gyms.iter().filter_map(move |list| list.get(n).cloned())).collect()
}

/// Pairs of requests: `each` for a gym, what one of its members has to themselves, and that member.
fn pairs(gyms: &[Gym], theirs: fn(&Gym) -> &[i64], each: impl Fn(i64, i64, &Person) -> [String; 2]) -> Vec<String> {
    let mut pairs = Vec::new();
    for gym in gyms {
        pairs.extend(gym.members.iter().zip(theirs(gym)).flat_map(|(who, what)| each(gym.id, *what, who)));
    }
    pairs
}

impl Scenario {
    fn server(name: &'static str, beside: Option<&'static str>, requests: Vec<String>) -> Self {
        Self { name, side: Side::Server, beside, requests, expect: &[200], halves: None, fresh: false }
    }

    fn floor(name: &'static str, requests: Vec<String>) -> Self {
        Self { side: Side::Floor, ..Self::server(name, None, requests) }
    }
}

struct Asking<'a> {
    issuer: &'a Issuer,
}

impl Asking<'_> {
    fn get(&self, path: &str, email: &str, role: HighestRole, gym: Option<i64>) -> String {
        self.ask(exchange::get, path, email, role, gym)
    }

    fn post(&self, path: &str, email: &str, role: HighestRole, gym: Option<i64>) -> String {
        self.ask(exchange::post, path, email, role, gym)
    }

    fn post_json(&self, path: &str, body: &str, email: &str, role: HighestRole, gym: Option<i64>) -> String {
        self.ask(|path, headers| exchange::post_json(path, headers, body), path, email, role, gym)
    }

    fn delete(&self, path: &str, email: &str, role: HighestRole, gym: Option<i64>) -> String {
        self.ask(exchange::delete, path, email, role, gym)
    }

    fn ask(
        &self,
        method: impl Fn(&str, &[(&str, &str)]) -> String,
        path: &str,
        email: &str,
        role: HighestRole,
        gym: Option<i64>,
    ) -> String {
        let bearer = format!("Bearer {}", self.issuer.token(email, role.scopes()));
        let gym = gym.map(|gym| gym.to_string());
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(gym.as_deref().map(|gym| ("x-gym-id", gym)));
        method(path, &headers)
    }
}

/// The list that is never cached, at another length of page.
pub fn list(gyms: &[Gym], issuer: &Issuer, limit: u32) -> Vec<String> {
    let asking = Asking { issuer };
    let path = format!("/api/v1/relationships/?limit={limit}");
    over(gyms, |gym| {
        gym.admins.iter().map(|admin| asking.get(&path, &admin.email, HighestRole::Admin, Some(gym.id))).collect()
    })
}

/// The same at the length that is measured.
pub fn listing(gyms: &[Gym], issuer: &Issuer) -> Scenario {
    Scenario::server(LIST, Some(LIST_FLOOR), list(gyms, issuer, 50))
}

fn cached_list(gyms: &[Gym], issuer: &Issuer) -> Vec<String> {
    let asking = Asking { issuer };
    over(gyms, |gym| {
        let path = "/api/v1/users/p/gym-participants?limit=50";
        gym.members.iter().map(|m| asking.get(path, &m.email, HighestRole::Member, Some(gym.id))).collect()
    })
}

/// Everything that is measured, in the table's order.
pub fn all(world: &World, issuer: &Issuer) -> Vec<Scenario> {
    let gyms = &world.gyms;
    let (server, floor) = (Scenario::server, Scenario::floor);
    let asking = Asking { issuer };
    let row = |gym: &Gym| -> Vec<String> {
        let others = gym.members.iter().cycle().skip(1);
        let pairs = gym.members.iter().zip(others);
        let path = |id: i64| format!("/api/v1/users/p/gym-participants/{id}");
        pairs.map(|(m, other)| asking.get(&path(other.id), &m.email, HighestRole::Member, Some(gym.id))).collect()
    };
    let profile = |gym: &Gym| -> Vec<String> {
        let path = "/api/v1/users/profile";
        gym.members.iter().map(|m| asking.get(path, &m.email, HighestRole::Member, None)).collect()
    };
    let page = |gym: &Gym| vec![exchange::get(&format!("/api/v1/gyms/{}/details", gym.id), &[])];
    let bare = |path: String| exchange::get(&path, &[]);
    let mut all = vec![
        listing(gyms, issuer),
        floor(LIST_FLOOR, over(gyms, |gym| vec![bare(format!("/list/{}/50", gym.id))])),
        server(ROW, Some(ROW_FLOOR), over(gyms, row)),
        floor(
            ROW_FLOOR,
            over(gyms, |gym| gym.members.iter().map(|m| bare(format!("/row/{}/{}", gym.id, m.id))).collect()),
        ),
        server(PROFILE, Some(PROFILE_FLOOR), over(gyms, profile)),
        floor(
            PROFILE_FLOOR,
            over(gyms, |gym| gym.members.iter().map(|m| bare(format!("/profile/{}", m.id))).collect()),
        ),
        server(CACHED_LIST, Some(LIST), cached_list(gyms, issuer)),
        server(CACHED_READ, Some(ROW), over(gyms, page)),
    ];
    all.extend(schedule::all(world, &asking));
    all.extend(events::all(gyms, &asking));
    all
}

/// The cached list asked for by those who have it already: their requests name its tag.
///
/// # Errors
/// When an answer bears no tag.
pub async fn unchanged(gyms: &[Gym], issuer: &Issuer, server: SocketAddr) -> anyhow::Result<Scenario> {
    let mut connection = exchange::Connection::open(server).await?;
    let mut requests = Vec::new();
    for request in cached_list(gyms, issuer) {
        let answer = connection.exchange(request.as_bytes()).await?;
        let Some(tag) = answer.header("etag") else { anyhow::bail!("an answer {} without a tag", answer.status) };
        requests.push(request.replacen("\r\n\r\n", &format!("\r\nif-none-match: {tag}\r\n\r\n"), 1));
    }
    Ok(Scenario { expect: &[304], ..Scenario::server(UNCHANGED, Some(LIST), requests) })
}
