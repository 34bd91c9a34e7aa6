//! Hot reads: what the lines answer is what the pool answers, whatever becomes of a line.
use crate::repository::{
    Conn, Db, Page, Repository,
    identity::{
        gym::{Gyms, SeaGyms},
        membership::{MembershipQueries, SeaMemberships},
        relationship::{RelationshipQueries, SeaRelationships},
        user::{SeaUsers, Users},
    },
    schedule::{
        SeaSessions,
        sessions::{SessionQueries, Which},
    },
};
use domain::{
    GymId, SessionId, UserId,
    identity::{
        GymRole, membership,
        relationship::{self, RelationshipStatus},
        user::{self, ProfilePatch},
    },
    schedule::{class::ClassCategory, participation::ParticipationStatus},
};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use std::{
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    time::Duration,
};
use testkit::{
    database::{Kind, TestDb},
    schedule::in_minutes,
    world::World,
};

/// A gym with everything that hot reads ask for, and who and what is asked about.
struct Scene {
    gym: GymId,
    other: GymId,
    ana: user::Model,
    sessions: Vec<SessionId>,
}

impl Scene {
    async fn set(db: &Db) -> Self {
        let world = World::new(db);
        let described = world.gym_with("mine", |gym| {
            gym.trainer_specialties = Some(vec!["rowing".into()]);
            gym.max_clients = Some(7);
        });
        let (gym, other) = (described.await, world.gym("other").await);
        let (ana, tom) = (world.member(&gym, "ana").await, world.person(&gym, "tom", GymRole::Trainer).await);
        let patch = ProfilePatch { bio: Some(Some("ñandú".into())), height: Some(Some(171.5)), ..Default::default() };
        let ana = SeaUsers.update_profile(db, ana.id, patch).await.unwrap().unwrap();
        for n in 0..5 {
            let member = world.member(&gym, &format!("m{n}")).await;
            let (status, notes) = match n % 2 {
                0 => (RelationshipStatus::Active, Some(format!("note {n}"))),
                _ => (RelationshipStatus::Pending, None),
            };
            let new = relationship::Create {
                trainer_id: tom.id,
                member_id: member.id,
                status,
                start_date: (n == 2).then(|| in_minutes(-60)),
                end_date: None,
                notes,
                created_by: (n == 0).then_some(tom.id),
            };
            SeaRelationships::default().create(db, gym.id, new).await.unwrap();
        }
        let kind = world.category(&gym, "Rowing").await;
        let own = world
            .class_with(&gym, |class| {
                class.category_id = Some(kind.id);
                class.category_enum = None;
            })
            .await;
        let named = world.class_with(&gym, |class| class.category_enum = Some(ClassCategory::Cardio)).await;
        let mut sessions = Vec::new();
        for (n, class) in [&own, &named, &own, &named].into_iter().enumerate() {
            let start = in_minutes(60 * i64::try_from(n).unwrap() - 30);
            sessions.push(world.session(class, &tom, start).await);
        }
        world.booking(&sessions[0], ana.id, ParticipationStatus::Attended).await;
        world.booking(&sessions[2], ana.id, ParticipationStatus::Registered).await;
        world.waiting(&sessions[1], ana.id).await;
        Self { gym: gym.id, other: other.id, ana, sessions: sessions.iter().map(|session| session.id).collect() }
    }

    /// Everything that is read hot, of both gyms, as text.
    async fn told(&self, conn: &Conn) -> Result<Vec<String>, crate::repository::StoreError> {
        let (people, sessions) = (SeaMemberships::default(), SeaSessions::default());
        let mut told = Vec::new();
        let (page, nobody) = (Page { skip: 1, limit: 3 }, UserId(1 << 40));
        let day = Which::Starting(in_minutes(-45)..in_minutes(100));
        for gym in [self.gym, self.other, GymId(1 << 40)] {
            told.push(format!("{:?}", SeaGyms.by_id(conn, gym).await?));
            told.push(format!("{:?}", SeaRelationships::default().newest(conn, gym, None, page).await?));
            for user in [self.ana.id, nobody] {
                told.push(format!("{:?}", people.of_user(conn, gym, user).await?));
                told.push(format!("{:?}", people.public_person(conn, gym, user).await?));
                told.push(format!("{:?}", sessions.own(conn, gym, user, &self.sessions).await?));
            }
            told.push(format!("{:?}", sessions.own(conn, gym, self.ana.id, &[]).await?));
            told.push(format!("{:?}", sessions.listed(conn, gym, &day, page).await?));
            told.push(format!("{:?}", sessions.listed(conn, gym, &day, Page::default()).await?));
            told.push(format!("{:?}", sessions.listed(conn, gym, &Which::Upcoming(in_minutes(0)), page).await?));
            for session in self.sessions.iter().take(2) {
                told.push(format!("{:?}", sessions.one(conn, gym, *session).await?));
            }
        }
        for user in [self.ana.id, nobody] {
            told.push(format!("{:?}", SeaUsers.by_id(conn, user).await?));
        }
        for subject in ["test|ana", "nobody", "' OR true --"] {
            told.push(format!("{:?}", SeaUsers.by_auth0_id(conn, subject).await?));
        }
        Ok(told)
    }
}

/// Asks until the lines are up.
async fn up(db: &Db) {
    while !db.lines_up().expect("lines") {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lines_answer_what_the_pool_answers() {
    let Some(t) = TestDb::open(Kind::Postgres, 8).await else { return };
    let scene = Scene::set(&t.db).await;
    up(&t.db).await;
    let by_pool = scene.told(&t.db.without_lines()).await.unwrap();
    let nothing = ["None", "[]"];
    let of_mine = by_pool.len() / 3;
    assert!(by_pool.iter().take(of_mine).filter(|told| !nothing.contains(&told.as_str())).count() > 8, "{by_pool:#?}");
    // with the pool closed, nothing but the lines can answer
    t.pool().clone().close().await.unwrap();
    assert!(scene.told(&t.db.without_lines()).await.is_err());
    let by_lines = scene.told(&t.db).await.expect("the lines need no pool");
    for (line, pool) in by_lines.iter().zip(&by_pool) {
        assert_eq!(line, pool);
    }
    assert_eq!(by_lines.len(), by_pool.len());
    t.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_of_another_gym_is_not_found_by_a_line() {
    let Some(t) = TestDb::open(Kind::Postgres, 8).await else { return };
    let scene = Scene::set(&t.db).await;
    up(&t.db).await;
    t.pool().clone().close().await.unwrap();
    let (people, sessions) = (SeaMemberships::default(), SeaSessions::default());
    assert!(people.of_user(&t.db, scene.gym, scene.ana.id).await.unwrap().is_some());
    assert!(people.of_user(&t.db, scene.other, scene.ana.id).await.unwrap().is_none());
    assert!(people.public_person(&t.db, scene.other, scene.ana.id).await.unwrap().is_none());
    assert_eq!(sessions.own(&t.db, scene.gym, scene.ana.id, &scene.sessions).await.unwrap().len(), 2);
    assert!(sessions.own(&t.db, scene.other, scene.ana.id, &scene.sessions).await.unwrap().is_empty());
    assert!(sessions.one(&t.db, scene.other, scene.sessions[0]).await.unwrap().is_none());
    t.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_reads_its_own_writes_and_nobody_else_does() {
    let Some(t) = TestDb::open(Kind::Postgres, 8).await else { return };
    let scene = Scene::set(&t.db).await;
    up(&t.db).await;
    let people = SeaMemberships::default();
    let row = people.of_user(&t.db, scene.gym, scene.ana.id).await.unwrap().unwrap();
    let tx = t.db.begin().await.unwrap();
    let patch = membership::Update { role: Some(GymRole::Trainer), ..Default::default() };
    people.update(&tx, scene.gym, row.id, patch).await.unwrap();
    assert_eq!(people.of_user(&tx, scene.gym, scene.ana.id).await.unwrap().unwrap().role, GymRole::Trainer);
    assert_eq!(people.of_user(&t.db, scene.gym, scene.ana.id).await.unwrap().unwrap().role, GymRole::Member);
    tx.commit().await.unwrap();
    assert_eq!(people.of_user(&t.db, scene.gym, scene.ana.id).await.unwrap().unwrap().role, GymRole::Trainer);
    t.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_that_are_cut_come_back_and_no_read_fails_meanwhile() {
    let Some(t) = TestDb::open(Kind::Postgres, 8).await else { return };
    let scene = Scene::set(&t.db).await;
    up(&t.db).await;
    let (stop, expected) = (AtomicBool::new(false), SeaUsers.by_id(&t.db, scene.ana.id).await.unwrap());
    let ask = async || {
        let mut answers = 0_u32;
        while !stop.load(SeqCst) {
            assert_eq!(SeaUsers.by_id(&t.db, scene.ana.id).await.unwrap(), expected);
            answers += 1;
        }
        answers
    };
    let cut = async || {
        for _ in 0..5 {
            // the pool's own idle connections stay, so that what is proved is that a cut line costs no answer
            let lines = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND application_name = 'gymapi lines'";
            let ended = t.pool().query_all_raw(Statement::from_string(DbBackend::Postgres, lines)).await.unwrap();
            assert_eq!(ended.len(), 2);
            while t.db.lines_up() == Some(true) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            up(&t.db).await;
        }
        stop.store(true, SeqCst);
    };
    let (answers, more, ()) = tokio::join!(ask(), ask(), cut());
    assert!(answers > 0 && more > 0);
    t.pool().clone().close().await.unwrap();
    assert_eq!(SeaUsers.by_id(&t.db, scene.ana.id).await.unwrap(), expected);
    t.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_changes_under_a_prepared_statement_costs_no_answer() {
    let Some(t) = TestDb::open(Kind::Postgres, 8).await else { return };
    let scene = Scene::set(&t.db).await;
    up(&t.db).await;
    let before = SeaUsers.by_id(&t.db, scene.ana.id).await.unwrap();
    t.pool().execute_unprepared("ALTER TABLE users ALTER COLUMN color TYPE varchar(99)").await.unwrap();
    for _ in 0..4 {
        assert_eq!(SeaUsers.by_id(&t.db, scene.ana.id).await.unwrap(), before);
    }
    t.close().await;
}
