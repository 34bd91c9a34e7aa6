//! A list costs the same number of statements however long it is.
mod events;
mod notifications;
mod world;

use self::world::{Of, day, first, many};
use crate::rows::notifications::push;
use chrono::{TimeDelta, Utc};
use domain::{
    ChatRoomId, EventId, EventParticipationId, GoalId, SessionId, UserId,
    attendance::goal::GoalStatus,
    events::participation::EventParticipationStatus,
    identity::{GymRole, PlatformRole, follow, membership, relationship},
    schedule::{
        class::{ClassCategory, Difficulty},
        participation::ParticipationStatus,
        session::SessionStatus,
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
    events::{
        SeaEvents,
        claims::{EventClaims, SeaEventClaims},
        events::{EventFilter, EventQueries},
        participations::{EventParticipations, SeaEventParticipations},
        refund_tasks::{self, RefundTasks, SeaRefundTasks},
        seats::{EventSeats, SeaEventSeats},
        upkeep::EventUpkeep,
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
    notifications::{
        addressed::{Addressed, SeaAddressed},
        dedupe::{Said, SeaSaid},
        devices::{Devices, SeaDevices},
        inbox::{Inbox, SeaInbox},
        preferences::{Preferences, SeaSaidPreferences},
        written::{HistoryFilter, SeaWritten, Written},
    },
    schedule::{
        SeaCategories, SeaClasses, SeaReviews, SeaSessions,
        calendar::{Calendars, SeaCalendars, Side},
        categories::CategoryQueries,
        classes::{ClassFilter, ClassQueries},
        hours::{Hours, SeaHours},
        participations::{Participations, SeaParticipationLists},
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
use testkit::{both, database::TestDb, schedule::in_minutes};

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
    "award": |c, of, page| SeaEarned.award(c, of.gym, of.milestones(page));
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
    "listed": |c, of, page| SeaEvents::default().listed(c, of.gym, &open_day(), page);
    "participants": |c, of, page| SeaEvents::default().participants(c, of.gym, of.events.full);
    "members": |c, of, page| SeaEvents::default().members(c, of.gym, of.events.full, &EventParticipationStatus::ACTIVE);
    "due": |c, of, page| SeaEvents::default().due(c, in_minutes(9000), None, page.limit);
    "rooms_over": |c, of, page| SeaEvents::default().rooms_over(c, in_minutes(9000), ChatRoomId(0), page.limit);
    "of_members": |c, of, page| SeaEventParticipations.of_members(c, of.gym, of.events.full, &of.people(page));
    "in_states": |c, of, page| SeaEventParticipations.in_states(c, of.gym, of.events.full, &EventParticipationStatus::ACTIVE);
    "of_event": |c, of, page| SeaEventParticipations.of_event(c, of.gym, of.events.full, None, page);
    "of_member": |c, of, page| SeaEventParticipations.of_member(c, of.gym, of.person, None, page);
    "payments": |c, of, page| SeaEventParticipations.payments(c, of.gym, of.events.unpaid, None, page);
    "paid_events": |c, of, page| SeaEventParticipations.paid_events(c, of.gym, true, page);
    "lapsed": |c, of, page| SeaEventClaims.lapsed(c, Utc::now(), EventParticipationId(0), page.limit);
    "unseated": |c, of, page| SeaEventClaims.unseated(c, in_minutes(9000), EventId(0), page.limit);
    "administrators": |c, of, page| SeaEventSeats.administrators(c, of.gym);
    "hold_of_member": |c, of, page| SeaEventSeats.hold_of_member(c, of.gym, of.person);
    "queue": |c, of, page| SeaEventSeats.queue(c, of.gym, of.events.awaited, page.limit);
    "put": |c, of, page| SeaEventSeats.put(c, of.gym, first(&of.events.seats, page).to_vec());
    "seat": |c, of, page| SeaEventSeats.seat(c, of.gym, &of.events.claims(page));
    "seat_unpaid": |c, of, page| SeaEventSeats.seat_unpaid(c, of.gym, &of.events.claims(page), in_minutes(30));
    "end": |c, of, page| SeaEventSeats.end(c, of.gym, &of.events.claims(page));
    "open_of": |c, of, page| SeaRefundTasks.open_of(c, of.gym, &of.events.claims(page));
    "withdraw": |c, of, page| SeaRefundTasks.withdraw(c, of.gym, &of.events.claims(page));
    "add": |c, of, page| SeaRefundTasks.add(c, of.gym, of.events.refunds(page));
    "claim": |c, of, page| SeaRefundTasks.claim(c, refund_tasks::Wanted::Due, Utc::now(), in_minutes(60), page.limit);
    "active": |c, of, page| SeaDevices.active(c, of.person, page.limit);
    "list": |c, of, page| SeaInbox.list(c, of.gym, of.person, true, page);
    "of_user": |c, of, page| SeaSaidPreferences.of_user(c, of.gym, of.person);
    "to_tell": |c, of, page| SeaAddressed.to_tell(c, &of.told, Some("announcement"));
    "all": |c, of, page| SeaAddressed.all(c, of.gym, of.told.id);
    "audience": |c, of, page| SeaAddressed.audience(c, of.gym, &[GymRole::Admin, GymRole::Member]);
    "named": |c, of, page| SeaAddressed.named(c, of.gym, &of.people(page), &[]);
    "named": |c, of, page| SeaAddressed.named(c, of.gym, &[], &of.subjects(page));
    "readers": |c, of, page| SeaAddressed.readers(c, &of.people(page));
    "history": |c, of, page| SeaWritten.history(c, of.gym, &HistoryFilter::default(), page);
    "staff_sends": |c, of, page| SeaWritten.staff_sends(c, of.gym, "staff:", in_minutes(-60));
    "write": |c, of, page| SeaWritten.write(c, of.gym, (0..page.limit).map(|_| push("announcement")).collect());
    "claim": |c, of, page| SeaSaid.claim(c, (0..page.limit).map(|n| format!("{n} of {}", page.limit)).collect());
    "remove_everywhere": |c, of, page| SeaMemberships::default().remove_everywhere(c, of.person);
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

/// Events with a free seat, by what they are called.
fn open_day() -> EventFilter {
    EventFilter { title_contains: Some("open".into()), only_available: true, ..Default::default() }
}

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
    let named: BTreeSet<_> = LISTS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(named, lists_of_the_source(), "name the list in `lists!`");
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
