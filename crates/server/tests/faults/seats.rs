//! Seats, while the server that sells them is killed again and again.
use crate::harness::{Installation, Part, Server, database, until};
use gymapi::domain::{
    SessionId, UserId,
    identity::{GymRole, gym},
    schedule::{participation::ParticipationStatus, session},
};
use reqwest::Client;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};
use testkit::{
    database::TestDb,
    schedule::{broken, in_minutes},
    world::World,
};

const SEATS: i32 = 4;
const MEMBERS: usize = 12;
/// How many answers come before each kill.
const ANSWERS: usize = 150;
/// After so many answers every second member is content with what they have.
const ENOUGH: usize = 9;

/// What a member knows of their own booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Booked,
    Free,
    /// The last request was not answered.
    Unsure,
}

/// One member, who wants a seat, gives it back, wants it again.
struct Member {
    client: Client,
    base: String,
    token: String,
    gym: gym::Model,
    session: SessionId,
    /// So many answers are enough.
    enough: usize,
}

impl Member {
    /// The answer's status and code; `None` when none came.
    async fn act(&self, what: &str) -> Option<(u16, String)> {
        let url = format!("{}/api/v1/schedule/participation/{what}/{}", self.base, self.session);
        let request = self.client.post(url).bearer_auth(&self.token).header("x-gym-id", self.gym.id.to_string());
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        let body: Value = serde_json::from_slice(&answer.bytes().await.ok()?).ok()?;
        Some((status, body["code"].as_str().unwrap_or_default().to_owned()))
    }

    /// Until the server is gone, or it is enough: what is known then.
    async fn live(&self, answers: &AtomicUsize) -> Known {
        let mut known = Known::Unsure;
        for _ in 0..self.enough {
            let (what, after) = match known {
                Known::Booked => ("cancel-registration", Known::Free),
                Known::Free | Known::Unsure => ("register", Known::Booked),
            };
            let Some((status, code)) = self.act(what).await else { return Known::Unsure };
            answers.fetch_add(1, SeqCst);
            known = match (status, code.as_str()) {
                (200, _) => after,
                // booked before the last kill
                (400, "already_registered") => Known::Booked,
                (400, "session_full") => Known::Free,
                (503, _) => known,
                other => panic!("{what} was answered {other:?}"),
            };
        }
        known
    }
}

async fn people(world: &World, gym: &gym::Model) -> Vec<(UserId, String)> {
    let mut people = Vec::new();
    for n in 0..MEMBERS {
        let person = world.user_with(&format!("m{n}"), |u| u.auth0_id = None).await;
        world.join(gym.id, person.id, GymRole::Member).await;
        people.push((person.id, person.email));
    }
    people
}

/// Lets them all book and cancel, and kills the server in the middle of it.
async fn round(server: &mut Server, gym: &gym::Model, session: &session::Model, emails: &[String]) -> Vec<Known> {
    let answers = Arc::new(AtomicUsize::new(0));
    let mut running = Vec::new();
    for (n, email) in emails.iter().enumerate() {
        let member = Member {
            client: server.client.clone(),
            base: server.base.clone(),
            token: server.token(email).await,
            gym: gym.clone(),
            session: session.id,
            enough: if n % 2 == 0 { ENOUGH } else { usize::MAX },
        };
        let answers = answers.clone();
        running.push(tokio::spawn(async move { member.live(&answers).await }));
    }
    until("enough answers", async || (answers.load(SeqCst) >= ANSWERS).then_some(())).await;
    server.kill();
    let mut known = Vec::new();
    for one in running {
        known.push(one.await.unwrap());
    }
    known
}

async fn errors(db: &TestDb) -> Vec<String> {
    broken(&db.db).await.iter().map(ToString::to_string).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sch_61_sch_62_killed_among_bookings_every_seat_is_whole() {
    let Some(db) = database().await else { return };
    let world = World::new(&db.db);
    let gym = world.gym("box").await;
    let trainer = world.person(&gym, "tom", GymRole::Trainer).await;
    let class = world.class_with(&gym, |c| c.max_capacity = SEATS).await;
    let session = world.session(&class, &trainer, in_minutes(600)).await;
    let people = people(&world, &gym).await;
    let emails: Vec<String> = people.iter().map(|(_, email)| email.clone()).collect();
    let installation = Installation::over(&db.url).with("GYMAPI_DEMO", "false");

    for _ in 0..3 {
        let mut server = installation.start(Part::Both).await;
        let known = round(&mut server, &gym, &session, &emails).await;
        assert_eq!(errors(&db).await, Vec::<String>::new());
        let rows = world.participations(&session).await;
        let now: BTreeMap<UserId, ParticipationStatus> = rows.iter().map(|row| (row.member_id, row.status)).collect();
        let seated = rows.iter().filter(|row| row.status.takes_seat()).count();
        assert!(seated <= SEATS as usize, "{seated} on {SEATS} seats");
        assert!(known.iter().any(|known| *known != Known::Unsure), "nobody knows anything");
        for ((member, _), known) in people.iter().zip(known) {
            let booked = now.get(member) == Some(&ParticipationStatus::Registered);
            // what was answered is there
            match known {
                Known::Booked => assert!(booked, "{member} was told of a seat"),
                Known::Free => assert!(!booked, "{member} gave the seat back"),
                Known::Unsure => {}
            }
        }
    }
    db.close().await;
}
