//! Whatever many members do at once, in whatever order, what must hold of seats and queues holds (SCH-61, SCH-62,
//! SCH-72, SCH-83).
//!
//! Choices follow from a seed, which a failure prints: `GYMAPI_TEST_SEED=…` makes the same choices again. Which of them
//! wins a race is the database's choice, so a failure may need several runs to come back.
use super::cast::*;
use domain::{
    UserId,
    identity::{GymRole, gym, user},
    schedule::{
        class,
        participation::ParticipationStatus as P,
        session::{self, SessionStatus},
        waitlist::WaitlistStatus,
    },
};
use futures::future::join_all;
use std::collections::BTreeMap;
use testkit::{app::App, both, database::TestDb, schedule::in_minutes};

/// SplitMix64.
struct Choices(u64);

impl Choices {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % below as u64).unwrap()
    }
}

/// Numbers of members and sessions.
#[derive(Clone, Copy, Debug)]
enum Action {
    Book(usize, usize),
    BookFor(usize, usize),
    Cancel(usize, usize),
    CancelFor(usize, usize),
    Wait(usize, usize),
    WaitNoMore(usize, usize),
    Attend(usize, usize),
    Miss(usize, usize),
    LeaveGym(usize),
    Seats(usize, Option<i32>),
    ClassSeats(i32),
    CancelSession(usize),
    Look(usize),
}

const MEMBERS: usize = 14;
const ACTIONS: usize = 60;
const ROUNDS: usize = 5;

struct Stage {
    app: App,
    gym: gym::Model,
    boss: user::Model,
    tom: user::Model,
    members: Vec<user::Model>,
    spin: class::Model,
    /// The last has begun, the others begin within half an hour.
    sessions: Vec<session::Model>,
    /// How often somebody was given a seat of a session by a booking.
    booked: BTreeMap<(i64, i64), usize>,
}

impl Stage {
    async fn set(t: &TestDb) -> Self {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let tom = app.world.person(&gym, "tom", GymRole::Trainer).await;
        let spin = app.world.class_with(&gym, |c| c.max_capacity = 3).await;
        let mut members = Vec::new();
        for n in 0..MEMBERS {
            members.push(app.world.member(&gym, &format!("m{n}")).await);
        }
        let mut stage = Self { app, gym, boss, tom, members, spin, sessions: Vec::new(), booked: BTreeMap::new() };
        for own in [None, None, Some(2)] {
            let session = stage.to_come(own).await;
            stage.sessions.push(session);
        }
        let begun = stage.app.world.session_with(&stage.spin, &stage.tom, in_minutes(-5), |s| {
            s.status = SessionStatus::InProgress;
            s.override_capacity = Some(6);
        });
        let begun = begun.await;
        for member in &stage.members[..6] {
            stage.app.world.booking(&begun, member.id, P::Registered).await;
            stage.booked.insert((begun.id.0, member.id.0), 1);
        }
        stage.sessions.push(begun);
        stage
    }

    async fn to_come(&self, own: Option<i32>) -> session::Model {
        self.app.world.session_with(&self.spin, &self.tom, in_minutes(25), |s| s.override_capacity = own).await
    }

    fn choose(&self, choices: &mut Choices, seats_change: bool) -> Action {
        let (m, s) = (choices.next(MEMBERS), choices.next(self.sessions.len()));
        match choices.next(40) {
            0..10 => Action::Book(m, s),
            10..12 => Action::BookFor(m, s),
            12..19 => Action::Cancel(m, s),
            19..21 => Action::CancelFor(m, s),
            21..28 => Action::Wait(m, s),
            28..30 => Action::WaitNoMore(m, s),
            30..33 => Action::Attend(m, s),
            33..35 => Action::Miss(m, self.sessions.len() - 1),
            35 => Action::LeaveGym(m),
            36 if seats_change => Action::Seats(s, [None, Some(1), Some(2), Some(5)][choices.next(4)]),
            37 if seats_change => Action::ClassSeats(1 + i32::try_from(choices.next(5)).unwrap()),
            38 if choices.next(8) == 0 => Action::CancelSession(choices.next(3)),
            _ => Action::Look(m),
        }
    }

    /// Does it; says whether somebody was given a seat, and whose call it was.
    async fn perform(&self, action: Action) -> Option<(i64, i64)> {
        let (app, tom) = (&self.app, &self.tom);
        let of = |m: usize, s: usize| (&self.members[m], &self.sessions[s]);
        let key = |m: usize, s: usize| (self.sessions[s].id.0, self.members[m].id.0);
        let (answer, seat) = match action {
            Action::Book(m, s) => (book(app, of(m, s).0, of(m, s).1).await, Some(key(m, s))),
            Action::BookFor(m, s) => {
                let path = format!("register/{}/{}", self.sessions[s].id, self.members[m].id);
                (act(app, tom, self.gym.id, &path).await, Some(key(m, s)))
            }
            Action::Cancel(m, s) => (cancel(app, of(m, s).0, of(m, s).1).await, None),
            Action::CancelFor(m, s) => {
                let path = format!("cancel-registration/{}/{}", self.sessions[s].id, self.members[m].id);
                (act(app, tom, self.gym.id, &path).await, None)
            }
            Action::Wait(m, s) => (wait(app, of(m, s).0, of(m, s).1).await, None),
            Action::WaitNoMore(m, s) => (wait_no_more(app, of(m, s).0, of(m, s).1).await, None),
            Action::Attend(m, s) => (mark(app, tom, "attendance", of(m, s).1, self.members[m].id).await, None),
            Action::Miss(m, s) => (mark(app, tom, "mark-no-show", of(m, s).1, self.members[m].id).await, None),
            Action::LeaveGym(m) => {
                let who = &self.members[m];
                (app.delete(&format!("/api/v1/gyms/users/{}", who.id)).by(who).at(self.gym.id).send().await, None)
            }
            Action::Look(m) => {
                (app.get(&format!("{PART}/my-classes")).by(&self.members[m]).at(self.gym.id).send().await, None)
            }
            Action::Seats(s, seats) => {
                app.services.core.stage_seats(self.gym.id, self.sessions[s].id, seats).await.unwrap();
                return None;
            }
            Action::ClassSeats(seats) => {
                app.services.core.stage_class_seats(self.gym.id, self.spin.id, seats).await.unwrap();
                return None;
            }
            Action::CancelSession(s) => {
                app.services.core.stage_cancellation(self.gym.id, self.sessions[s].id).await.unwrap();
                return None;
            }
        };
        match answer.status.as_u16() {
            200 | 201 | 204 => seat.filter(|_| answer.status == 200),
            400 | 403 | 404 => None,
            503 if !answer.header("retry-after").is_empty() => None,
            _ => panic!("{action:?}: {:?}", answer.outcome()),
        }
    }

    /// The most seats that each session may have taken after these actions: those that are taken, or those that there
    /// were at some time.
    async fn limits(&self, actions: &[Action]) -> Vec<i32> {
        let core = &self.app.services.core;
        let class = core.stores.classes.get(&core.db, self.gym.id, self.spin.id).await.unwrap().unwrap();
        let of_class = |a: &Action| if let Action::ClassSeats(seats) = a { Some(*seats) } else { None };
        let of_class = actions.iter().filter_map(of_class).chain([class.max_capacity]).max().unwrap();
        let mut limits = Vec::new();
        for (n, session) in self.sessions.iter().enumerate() {
            let row = self.app.world.session_now(self.gym.id, session.id).await;
            let own = actions.iter().filter_map(|a| match a {
                Action::Seats(s, seats) if *s == n => Some(seats.unwrap_or(of_class)),
                _ => None,
            });
            let own = own.chain([row.override_capacity.unwrap_or(of_class)]).max().unwrap();
            limits.push(own.max(row.current_participants));
        }
        limits
    }

    async fn round(&mut self, t: &TestDb, choices: &mut Choices, seats_change: bool) {
        let actions: Vec<_> = (0..ACTIONS).map(|_| self.choose(choices, seats_change)).collect();
        let limits = self.limits(&actions).await;
        let seated = join_all(actions.iter().map(|action| self.perform(*action))).await;
        for seat in seated.into_iter().flatten() {
            *self.booked.entry(seat).or_default() += 1;
        }
        for (session, limit) in self.sessions.iter().zip(limits) {
            let taken = seats_taken(&self.app, session).await;
            assert!(taken <= limit, "session {} has {taken} of {limit} seats taken: {actions:?}", session.id);
        }
        let wrong: Vec<_> = broken(t).await.into_iter().filter(|line| line.starts_with("error")).collect();
        assert!(wrong.is_empty(), "{wrong:#?}\nafter {actions:?}");
        self.accounts(t).await;
        self.order().await;
        self.set_again().await;
    }

    /// Every seat that was given is held or was given back, once, and whoever was promoted was told so, once.
    async fn accounts(&self, t: &TestDb) {
        let mut given = self.booked.clone();
        let mut promoted = Vec::new();
        for row in queues(&self.app, self.gym.id).await {
            if row.status == WaitlistStatus::Promoted {
                *given.entry((row.session_id.0, row.member_id.0)).or_default() += 1;
                promoted.push((row.session_id.0, row.member_id.0));
            }
        }
        let mut told = told(t, "waitlist_promoted").await;
        promoted.sort_unstable();
        told.sort_unstable();
        assert_eq!(told, promoted, "who was told, and who was promoted");
        let core = &self.app.services.core;
        let page = services::Page { skip: 0, limit: 10_000 };
        let mut back: BTreeMap<(i64, i64), usize> = BTreeMap::new();
        for row in core.stores.cancellations.list(&core.db, self.gym.id, page).await.unwrap() {
            *back.entry((row.session_id.0, row.member_id.0)).or_default() += 1;
        }
        for row in bookings(&self.app, self.gym.id).await {
            if row.status != P::Cancelled {
                *back.entry((row.session_id.0, row.member_id.0)).or_default() += 1;
            }
        }
        assert_eq!(given, back, "seats that were given, and those that are held or were given back");
    }

    /// Nobody was promoted while somebody stood before them.
    async fn order(&self) {
        let mut rows = queues(&self.app, self.gym.id).await;
        rows.sort_by_key(|row| (row.session_id, row.joined_at, row.id));
        for (n, row) in rows.iter().enumerate().filter(|(_, row)| row.status == WaitlistStatus::Promoted) {
            let before = rows[..n].iter().filter(|earlier| earlier.session_id == row.session_id);
            for earlier in before {
                let gone = earlier.resolved_at.is_some_and(|at| Some(at) <= row.resolved_at);
                assert!(gone, "{row:?} was promoted before {earlier:?}");
            }
        }
    }

    /// Who left comes back, and what was cancelled is held anew.
    async fn set_again(&mut self) {
        let core = &self.app.services.core;
        for member in &self.members {
            let there: Option<UserId> =
                core.stores.people.of_user(&core.db, self.gym.id, member.id).await.unwrap().map(|m| m.user_id);
            if there.is_none() {
                let path = format!("/api/v1/gyms/users/{}", member.id);
                self.app.post(&path).by(&self.boss).at(self.gym.id).send().await.expect(201);
            }
        }
        for n in 0..3 {
            let now = self.app.world.session_now(self.gym.id, self.sessions[n].id).await;
            if now.status == SessionStatus::Cancelled {
                self.sessions[n] = self.to_come(None).await;
            }
        }
    }
}

async fn play(t: &TestDb, seed: u64) {
    eprintln!("GYMAPI_TEST_SEED={seed} makes the same choices again");
    let mut stage = Stage::set(t).await;
    let mut choices = Choices(seed);
    for round in 0..ROUNDS {
        stage.round(t, &mut choices, round % 2 == 1).await;
    }
}

both! {
    async fn sch_61_sch_62_sch_72_sch_83_whatever_happens_at_once_seats_and_queues_are_right(t: TestDb) {
        let seed = std::env::var("GYMAPI_TEST_SEED").ok().map(|seed| seed.parse().unwrap());
        play(t, seed.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0)).await;
    }

    async fn sch_61_sch_62_sch_72_sch_83_and_so_they_are_with_choices_that_were_made_before(t: TestDb) {
        play(t, 20_261_124).await;
    }
}
