//! A list costs the same number of statements however long it is.
use crate::rows;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::{
    ClassId, GoalId, GymId, OutboxId, SessionId, UserId,
    attendance::{
        goal::{self, GoalStatus},
        health_record,
        milestone::Milestone,
    },
    identity::{GymRole, PlatformRole, follow, membership, relationship},
    kernel::outbox::Effect,
    schedule::{
        cancellation::{self, CancellationActor},
        class::{ClassCategory, Difficulty},
        hours::DayOfWeek,
        lifecycle::Slot,
        opening_hours,
        participation::ParticipationStatus,
        session::{self, SessionStatus},
        settings, special_day,
        waitlist::WaitlistStatus,
    },
};
use futures::future::BoxFuture;
use repository::{
    Conn, Page, Repository, Result, STATEMENTS, SeaRepo,
    attendance::{
        achievements::{Achievements, SeaEarned},
        attended_days::{AttendedDays, SeaAttendedDays},
        goals::{Goals, SeaGoals},
        health::{Health, SeaHealth},
        scans::{Scans, SeaScans, Wanted},
        snapshots::{SeaSnapshots, Snapshots},
        statistics::{SeaStatistics, Statistics},
    },
    identity::{
        gym::{GymFilter, Gyms, SeaGyms},
        membership::{MemberFilter, MembershipQueries, SeaMemberships},
        module::{Modules, SeaModules},
        relationship::{RelationshipQueries, SeaRelationships},
        user::{SeaUsers, UserFilter, Users},
    },
    kernel::{
        jobs::{Jobs, SeaJobs},
        outbox::{Outbox, SeaOutbox},
    },
    schedule::{
        SeaCategories, SeaClasses, SeaReviews, SeaSessions, SeaSpecialDays,
        calendar::{Calendars, SeaCalendars, Side},
        categories::CategoryQueries,
        classes::{ClassFilter, ClassQueries},
        hours::{Hours, SeaHours},
        participations::{Asked, Participations, SeaParticipationLists},
        reviews::ReviewQueries,
        seats::{SeaSeats, Seats},
        sessions::{SessionQueries, Which},
        upkeep::SessionUpkeep,
        waitlist::{SeaWaitlists, Waitlists},
    },
};
use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, atomic::AtomicU64},
};
use testkit::{both, database::TestDb, schedule::in_minutes, world::World};

/// What the lists are asked about.
struct Of {
    gym: GymId,
    person: UserId,
    trainer: UserId,
    /// Of the person.
    code: String,
    class: ClassId,
    /// To come, with the person booked or waiting.
    sessions: Vec<SessionId>,
}

type List = for<'a> fn(&'a Conn, &'a Of, Page) -> BoxFuture<'a, Result<usize>>;

macro_rules! lists {
    ($($name:literal: |$c:ident, $of:ident, $page:ident| $list:expr;)+) => {
        /// By the name of the method: how many rows a page of it has.
        const LISTS: &[(&str, List)] = &[$(
            ($name, |$c, $of, $page| Box::pin(async move { let _ = ($of, $page); Ok($list.await?.len()) })),
        )+];
    };
}

lists! {
    "list": |c, of, page| SeaRepo::<membership::Entity>::default().list(c, of.gym, page);
    "list": |c, of, page| SeaRepo::<relationship::Entity>::default().list(c, of.gym, page);
    "list": |c, of, page| SeaRepo::<follow::Entity>::default().list(c, of.gym, page);
    "list": |c, of, page| SeaGyms.list(c, &GymFilter { is_active: true, q: Some("g".into()), kind: None }, page);
    "list": |c, of, page| SeaUsers.list(c, page);
    "of_user": |c, of, page| SeaGyms.of_user(c, of.person, page);
    "ids_of_user": |c, of, page| SeaGyms.ids_of_user(c, of.person, page.limit);
    "logos_like": |c, of, page| SeaGyms.logos_like(c, "http");
    "subdomains_from": |c, of, page| SeaGyms.subdomains_from(c, "gym");
    "people": |c, of, page| SeaMemberships::default().people(c, of.gym, &MemberFilter::default(), page);
    "public_people": |c, of, page| SeaMemberships::default().public_people(c, of.gym, &MemberFilter::default(), page);
    "search": |c, of, page| SeaMemberships::default().search(c, of.gym, &UserFilter::default(), page);
    "search": |c, of, page| SeaUsers.search(c, &UserFilter::default(), page);
    "summaries": |c, of, page| SeaMemberships::default().summaries(c, of.gym, None, page);
    "staff": |c, of, page| SeaMemberships::default().staff(c, of.gym);
    "active_roles": |c, of, page| SeaMemberships::default().active_roles(c, of.person);
    "gyms_of": |c, of, page| SeaMemberships::default().gyms_of(c, of.person);
    "of_gym": |c, of, page| SeaModules.of_gym(c, of.gym);
    "newest": |c, of, page| SeaRelationships::default().newest(c, of.gym, None, page);
    "members_of": |c, of, page| SeaRelationships::default().members_of(c, of.gym, of.trainer, page);
    "trainers_of": |c, of, page| SeaRelationships::default().trainers_of(c, of.gym, of.person, page);
    "by_role": |c, of, page| SeaUsers.by_role(c, PlatformRole::Member, page);
    "active_super_admins": |c, of, page| SeaUsers.active_super_admins(c);
    "ids_after": |c, of, page| SeaUsers.ids_after(c, UserId(0), page.limit);
    "ids_without_qr_code": |c, of, page| SeaUsers.ids_without_qr_code(c, page.limit);
    "pictures_like": |c, of, page| SeaUsers.pictures_like(c, "http");
    "of_member": |c, of, page| SeaEarned.of_member(c, of.gym, of.person, page);
    "earned": |c, of, page| SeaStatistics.earned(c, of.gym, of.person, None, page.limit);
    "latest_visitors": |c, of, page| SeaStatistics.latest_visitors(c, in_minutes(-60), page.limit);
    "active_members": |c, of, page| SeaSnapshots.active_members(c, of.gym, in_minutes(-60), UserId(0), page.limit);
    "attended_by": |c, of, page| SeaSnapshots.attended_by(c, of.gym, &[of.person, of.trainer], in_minutes(-60));
    "records": |c, of, page| SeaHealth.records(c, of.gym, of.person, in_minutes(-60), page);
    "of_user": |c, of, page| SeaGoals.of_user(c, of.gym, of.person, GoalStatus::Active, page);
    "weigh": |c, of, page| SeaGoals.weigh(c, of.gym, of.person, 70.0);
    "complete": |c, of, page| SeaGoals.complete(c, of.gym, &(1..1000).map(GoalId).collect::<Vec<_>>(), Utc::now());
    "claim": |c, of, page| SeaOutbox.claim(c, &["test.list"], page.limit, "w", TimeDelta::seconds(60));
    "dead": |c, of, page| SeaOutbox.dead(c, page.limit);
    "all": |c, of, page| SeaJobs.all(c);
    "listed": |c, of, page| SeaSessions::default().listed(c, of.gym, &Which::Upcoming(Utc::now()), page);
    "of_trainer": |c, of, page| SeaSessions::default().of_trainer(c, of.gym, of.trainer, None, page);
    "own": |c, of, page| SeaSessions::default().own(c, of.gym, of.person, &of.sessions);
    "registered": |c, of, page| SeaSessions::default().registered(c, of.gym, &of.sessions);
    "taken": |c, of, page| SeaSessions::default().taken(c, of.gym, of.span(), of.trainer, true, None);
    "insert_all": |c, of, page| SeaSessions::default().insert_all(c, of.gym, of.new_sessions());
    "due": |c, of, page| SeaSessions::default().due(c, SessionStatus::Completed, in_minutes(9000), page.limit);
    "to_remind": |c, of, page| SeaSessions::default().to_remind(c, of.window(), page.limit);
    "take_reminders": |c, of, page| SeaSessions::default().take_reminders(c, of.gym, &of.sessions, of.window(), Utc::now());
    "hold_all": |c, of, page| SeaSeats.hold_all(c, of.gym, &of.sessions);
    "hold_of_class": |c, of, page| SeaSeats.hold_of_class(c, of.gym, of.class, Utc::now());
    "hold_starting_between": |c, of, page| SeaSeats.hold_starting_between(c, of.gym, Utc::now()..in_minutes(999));
    "hold_of_member": |c, of, page| SeaSeats.hold_of_member(c, of.gym, of.person, Utc::now());
    "state": |c, of, page| SeaSeats.state(c, of.gym, &of.sessions, Some(of.person));
    "queue": |c, of, page| SeaWaitlists.queue(c, of.gym, &of.sessions);
    "in_order": |c, of, page| SeaWaitlists.in_order(c, of.gym, of.full(), page);
    "of_member": |c, of, page| SeaWaitlists.of_member(c, of.gym, of.trainer, page);
    "neglected": |c, of, page| SeaWaitlists.neglected(c, SessionId(0), Utc::now(), page.limit);
    "upcoming": |c, of, page| SeaParticipationLists.upcoming(c, of.gym, of.person, Utc::now(), page);
    "history": |c, of, page| SeaParticipationLists.history(c, of.gym, of.person, (None, in_minutes(999)), page);
    "statuses": |c, of, page| SeaParticipationLists.statuses(c, of.gym, of.person, &of.soon(), page.limit);
    "entries": |c, of, page| SeaCalendars.entries(c, of.gym, None, Side::From(Utc::now()), page.limit);
    "entries": |c, of, page| SeaCalendars.entries(c, of.gym, Some(of.person), Side::From(Utc::now()), page.limit);
    "of_session": |c, of, page| SeaParticipationLists.of_session(c, of.gym, of.full(), None, page);
    "cancelled": |c, of, page| SeaParticipationLists.cancelled(c, of.gym, of.full(), page);
    "unmarked": |c, of, page| SeaParticipationLists.unmarked(c, SessionId(0), in_minutes(-999)..Utc::now(), page.limit);
    "leave": |c, of, page| SeaWaitlists.leave(c, of.gym, &of.sessions, None, WaitlistStatus::Cancelled, Utc::now());
    "cancel_booked": |c, of, page| SeaSeats.cancel_booked(c, of.gym, &of.sessions, None, "over", Utc::now());
    "miscounted": |c, of, page| SeaSessions::default().miscounted(c, Utc::now(), SessionId(0), page.limit);
    "seat": |c, of, page| SeaSeats.seat(c, of.gym, &of.seats(), ParticipationStatus::Registered, Utc::now());
    "week": |c, of, page| SeaHours.week(c, of.gym);
    "special_between": |c, of, page| SeaHours.special_between(c, of.gym, day(1), day(31));
    "closed_days": |c, of, page| SeaHours.closed_days(c, of.gym, day(1), day(31));
    "special_days": |c, of, page| SeaHours.special_days(c, of.gym, Some(day(1)), page);
    "advance": |c, of, page| SeaSessions::default().advance(c, &of.sessions, SessionStatus::Completed, in_minutes(9000));
    "miss": |c, of, page| SeaParticipationLists.miss(c, of.gym, &of.sessions);
    "attended": |c, of, page| SeaAttendedDays.attended(c, of.gym, of.trainer, None);
    "scan": |c, of, page| SeaScans.scan(c, of.gym, &of.code, Wanted::Starting(in_minutes(30)..=in_minutes(120)));
    "by_name": |c, of, page| SeaCategories::default().by_name(c, of.gym, true, page);
    "classes": |c, of, page| SeaClasses::default().classes(c, of.gym, &spin(), page);
    "sessions_since": |c, of, page| SeaClasses::default().sessions_since(c, of.gym, of.class, Utc::now(), page.limit);
    "of_member": |c, of, page| SeaReviews::default().of_member(c, of.gym, of.person, page);
    "of_session": |c, of, page| SeaReviews::default().of_session(c, of.gym, of.sessions[0], page);
    "remove_everywhere": |c, of, page| SeaMemberships::default().remove_everywhere(c, of.person);
}

/// A day of a month to come.
fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2031, 1, day).unwrap()
}

/// Every filter of a list of classes.
fn spin() -> ClassFilter {
    ClassFilter {
        active_only: true,
        category: Some(ClassCategory::Cardio),
        difficulty: Some(Difficulty::Beginner),
        text: Some("spin".into()),
    }
}

impl Of {
    /// The session that everybody has booked, and waits for.
    fn full(&self) -> SessionId {
        self.sessions[0]
    }

    fn soon(&self) -> Asked {
        Asked::Starting(Utc::now()..in_minutes(999))
    }

    /// A seat in each session for the person.
    fn seats(&self) -> Vec<(SessionId, UserId)> {
        self.sessions.iter().map(|session| (*session, self.person)).collect()
    }

    /// All of the sessions.
    fn window(&self) -> std::ops::Range<DateTime<Utc>> {
        Utc::now()..in_minutes(9000)
    }

    fn span(&self) -> Slot {
        Slot { start: self.window().start, end: self.window().end }
    }

    /// A month ago, so that no other list shows them.
    fn new_sessions(&self) -> Vec<session::Create> {
        let new = |n: i64| session::Create {
            class_id: self.class,
            trainer_id: self.trainer,
            start_time: in_minutes(-40_000 - n),
            end_time: in_minutes(-39_000 - n),
            room: None,
            is_recurring: false,
            recurrence_pattern: None,
            series_id: None,
            status: SessionStatus::Completed,
            current_participants: 0,
            override_capacity: None,
            notes: None,
            created_by: None,
        };
        (0..12).map(new).collect()
    }
}

/// Lists of events, chats and notifications that are not counted here yet.
const NOT_YET: &[&str] = &[
    "active",
    "add",
    "administrators",
    "audience",
    "end",
    "in_states",
    "lapsed",
    "members",
    "named",
    "of_event",
    "of_members",
    "open_of",
    "paid_events",
    "participants",
    "payments",
    "put",
    "readers",
    "rooms_over",
    "seat_unpaid",
    "staff_sends",
    "to_tell",
    "unseated",
    "withdraw",
    "write",
];

/// Methods of the source that return many rows.
fn lists_of_the_source() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                // what sends hot reads is no list itself
                if !path.ends_with("hot") {
                    folders.push(path);
                }
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            // a method of a trait that is public ends before its body
            for method in text.split("    async fn ").skip(1) {
                let signature = method.split(['{', ';']).next().unwrap_or_default();
                if signature.contains("Result<Vec<") {
                    found.extend(signature.split(['(', '<']).next().map(str::to_owned));
                }
            }
        }
    }
    found
}

#[test]
fn every_list_of_the_source_is_counted() {
    let counted = LISTS.iter().map(|(name, _)| name);
    let named: BTreeSet<_> = counted.chain(NOT_YET).map(|name| (*name).to_owned()).collect();
    assert_eq!(named, lists_of_the_source(), "name the list in `lists!`");
}

/// A gym of 30 people, each of whom belongs to others as well; the person and the trainer have 30 of everything.
async fn many(t: &TestDb) -> Of {
    let world = World::new(&t.db);
    rows::fill(&t.db, "other").await;
    let gym = world.gym("gym-0").await;
    let person = world.member(&gym, "person").await;
    let trainer = world.person(&gym, "trainer", GymRole::Trainer).await;
    let class = world.class(&gym).await;
    let (mut sessions, mut full) = (Vec::new(), None);
    for n in 0..30 {
        let session = world.session(&class, &trainer, in_minutes(60 + n)).await;
        world.booking(&session, person.id, ParticipationStatus::Registered).await;
        world.booking(&session, trainer.id, ParticipationStatus::Attended).await;
        world.waiting(&session, trainer.id).await;
        world.review(&session, person.id, 4).await;
        let category = world.category(&gym, &format!("kind {n}")).await;
        world.class_with(&gym, |c| c.category_id = Some(category.id)).await;
        sessions.push(session.id);
        if n == 0 {
            full = Some(session);
        }
        let over =
            world.session_with(&class, &trainer, in_minutes(-300 - n), |s| s.status = SessionStatus::Completed).await;
        world.booking(&over, trainer.id, ParticipationStatus::Registered).await;
    }
    let week = DayOfWeek::all().map(opening_hours::Create::usual).collect();
    SeaHours.add_missing(&t.db, gym.id, week).await.unwrap();
    for n in 1..=30 {
        let closed = special_day::Create {
            date: day(n),
            open_time: None,
            close_time: None,
            is_closed: true,
            description: None,
            created_by: None,
        };
        SeaSpecialDays::default().create(&t.db, gym.id, closed).await.unwrap();
    }
    let full = full.unwrap();
    let marks = settings::Create { auto_no_show: true, ..Default::default() };
    SeaRepo::<settings::Entity>::default().create(&t.db, gym.id, marks).await.unwrap();
    for n in 1..30 {
        let theirs = world.gym_with(&format!("gym-{n}"), |g| g.logo_url = Some("http://x.test".into())).await;
        world.join(theirs.id, person.id, GymRole::Member).await;
        let picture = |u: &mut domain::identity::user::Create| {
            u.picture = Some("http://x.test".into());
            u.role = if n % 2 == 0 { PlatformRole::SuperAdmin } else { PlatformRole::Member };
        };
        let one = world.user_with(&format!("p{n}"), picture).await;
        world.review(&full, one.id, 5).await;
        world.join(gym.id, one.id, if n % 2 == 0 { GymRole::Admin } else { GymRole::Member }).await;
        let booked = world.booking(&full, one.id, ParticipationStatus::Registered).await;
        world.waiting(&full, one.id).await;
        let cancelled = cancellation::Create {
            session_id: full.id,
            member_id: one.id,
            participation_id: booked.id,
            cancelled_by: None,
            actor: CancellationActor::System,
            is_late: false,
            reason: None,
            cancelled_at: Utc::now(),
        };
        SeaRepo::<cancellation::Entity>::default().create(&t.db, gym.id, cancelled).await.unwrap();
        let relate = |trainer_id, member_id| relationship::Create {
            trainer_id,
            member_id,
            status: relationship::RelationshipStatus::Active,
            start_date: None,
            end_date: None,
            notes: None,
            created_by: None,
        };
        let relationships = SeaRelationships::default();
        relationships.create(&t.db, gym.id, relate(trainer.id, one.id)).await.unwrap();
        relationships.create(&t.db, gym.id, relate(one.id, person.id)).await.unwrap();
        let follow = follow::Create { follower_id: one.id, following_id: person.id, is_active: true };
        SeaRepo::<follow::Entity>::default().create(&t.db, gym.id, follow).await.unwrap();
        for kind in ["test.list", "test.dead"] {
            let aggregate = format!("{kind}:{n}");
            let effect = Effect { gym: None, kind, aggregate, dedupe_key: None, payload: serde_json::json!({}) };
            SeaOutbox.push(&t.db, effect).await.unwrap();
        }
        SeaJobs.register(&t.db, &format!("job-{n}"), Utc::now()).await.unwrap();
    }
    for row in SeaOutbox.claim(&t.db, &["test.dead"], 100, "w", TimeDelta::seconds(60)).await.unwrap() {
        let id: OutboxId = row.id;
        assert!(SeaOutbox.park(&t.db, id, "w", "no").await.unwrap());
    }
    use sea_orm::ConnectionTrait;
    let others = "UPDATE users SET qr_code = NULL WHERE email LIKE 'p%' AND email <> 'person@example.test'";
    t.pool().execute_unprepared(others).await.unwrap();
    let code = person.qr_code.unwrap();
    t.pool().execute_unprepared("UPDATE user_gyms SET last_app_access = updated_at").await.unwrap();
    measured(t, gym.id, person.id).await;
    Of { gym: gym.id, person: person.id, trainer: trainer.id, code, class: class.id, sessions }
}

/// Thirty achievements, goals and measurements of the person.
async fn measured(t: &TestDb, gym: GymId, person: UserId) {
    for n in 0..30 {
        let value = f64::from(n);
        let earned = Milestone::Classes(n).earned(person, Utc::now());
        SeaEarned.award(&t.db, gym, vec![earned]).await.unwrap();
        let wanted = goal::Create {
            user_id: person,
            goal_type: goal::GoalType::WeightLoss,
            title: "lighter".into(),
            description: None,
            target_value: value,
            current_value: 90.0,
            start_value: None,
            unit: "kg".into(),
            target_date: None,
            status: GoalStatus::Active,
            is_public: false,
            notifications_enabled: true,
        };
        SeaRepo::<goal::Entity>::default().create(&t.db, gym, wanted).await.unwrap();
        let record = health_record::Create {
            user_id: person,
            weight: Some(value),
            body_fat_percentage: None,
            muscle_mass: None,
            visceral_fat: None,
            bone_mass: None,
            water_percentage: None,
            recorded_at: Utc::now(),
            measurement_type: health_record::MeasurementType::Scale,
            notes: None,
        };
        SeaRepo::<health_record::Entity>::default().create(&t.db, gym, record).await.unwrap();
    }
}

async fn counted(t: &TestDb, of: &Of, list: List, page: Page) -> (usize, u64) {
    let statements = Arc::new(AtomicU64::new(0));
    let rows = STATEMENTS.scope(statements.clone(), list(&t.db, of, page)).await.unwrap();
    (rows, statements.load(std::sync::atomic::Ordering::Relaxed))
}

both! {
    async fn a_list_is_one_statement_however_long_it_is(t: TestDb) {
        let of = many(t).await;
        for (name, list) in LISTS {
            let mut pages = Vec::new();
            for limit in [1, 5, 25] {
                pages.push(counted(t, &of, *list, Page { skip: 0, limit }).await);
            }
            let most = pages.iter().map(|(rows, _)| *rows).max().unwrap();
            let enough = if *name == "week" { 7 } else { 10 };
            assert!(most >= enough, "{name}: {pages:?}: too few rows to tell anything");
            assert!(pages.iter().all(|(_, statements)| *statements == 1), "{name}: rows and statements: {pages:?}");
        }
    }
}
