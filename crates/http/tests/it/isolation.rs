//! The walls between gyms: every operation is called by everybody who may not, and nothing changes.
mod expectations;

use domain::{
    EventId, EventParticipationId, GymId,
    events::participation::EventParticipationStatus,
    identity::{GymRole, gym, user},
    schedule::{category, participation::ParticipationStatus, review, session},
};
use expectations::{Access, OPERATIONS, Operation, Row};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use testkit::{
    app::{Answer, App, Call},
    both,
    database::TestDb,
    schedule::in_minutes,
};

const METHODS: [&str; 6] = ["get", "post", "put", "patch", "delete", "options"];

/// A gym with one person of each role, one relationship, a category, and a session that its member has booked and
/// reviewed.
struct Tenant {
    gym: gym::Model,
    staff: [(GymRole, user::Model); 4],
    relationship: i64,
    session: session::Model,
    /// On a date that no other gym has one on.
    special_day: (i64, String),
    category: category::Model,
    review: review::Model,
    goal: i64,
    /// Of the paid event's one participant, the member; the event has the same number.
    participation: EventParticipationId,
    /// Its owner was told this.
    notification: String,
    /// By which it can be cancelled.
    correlation: String,
}

impl Tenant {
    async fn new(app: &App, name: &str) -> Self {
        let gym = app.world.gym(name).await;
        let person = async |role: GymRole| {
            let handle = format!("{name}-{}", role.as_str().to_lowercase());
            (role, app.world.person(&gym, &handle, role).await)
        };
        let staff = [
            person(GymRole::Member).await,
            person(GymRole::Trainer).await,
            person(GymRole::Admin).await,
            person(GymRole::Owner).await,
        ];
        let pair = json!({"trainer_id": staff[1].1.id, "member_id": staff[0].1.id, "status": "active"});
        let made = app.post("/api/v1/relationships/").by(&staff[3].1).at(gym.id).json(pair).send().await.expect(200);
        let class = app.world.class(&gym).await;
        let session = app.world.session(&class, &staff[1].1, in_minutes(120)).await;
        app.world.booking(&session, staff[0].1.id, ParticipationStatus::Registered).await;
        // written when they are first read
        app.get("/api/v1/schedule/gym-hours/regular").by(&staff[3].1).at(gym.id).send().await.expect(200);
        let date = format!("2031-{:02}-24", gym.id.0 % 12 + 1);
        let day = app.post("/api/v1/schedule/special-days").by(&staff[3].1).at(gym.id);
        let day = day.json(json!({"date": date, "is_closed": true})).send().await.expect(201);
        let special_day = (day["id"].as_i64().unwrap(), date);
        let category = app.world.category(&gym, "Aerial").await;
        let review = app.world.review(&session, staff[0].1.id, 4).await;
        let goal = json!({"goal_type": "strength", "title": "more", "target_value": 9, "unit": "kg"});
        // the owner's own: a goal of somebody else is not found either
        let goal = app.post("/api/v1/users/me/goals").by(&staff[3].1).at(gym.id).json(goal).send().await.expect(201);
        let event = app.world.event_with(&gym, &staff[1].1, 5, |e| testkit::events::paid(e, 1000)).await;
        let registered = EventParticipationStatus::Registered;
        let participation = app.world.takes_part(&event, staff[0].1.id, registered).await.id;
        // one path names either, by its method
        assert_eq!(event.id, EventId(participation.0));
        let told = json!({"user_ids": [staff[3].1.id.to_string()], "title": "t", "message": "m"});
        let told =
            app.post("/api/v1/notifications/send").by(&staff[3].1).at(gym.id).json(told).send().await.expect(200);
        let correlation = told["notification_id"].as_str().unwrap().to_owned();
        let list = app.get("/api/v1/notifications/").by(&staff[3].1).at(gym.id).send().await.expect(200);
        let notification = list[0]["id"].as_str().unwrap().to_owned();
        let id = |row: &Value| row["id"].as_i64().unwrap();
        Self {
            session,
            category,
            review,
            special_day,
            relationship: id(&made),
            goal: id(&goal),
            participation,
            notification,
            correlation,
            gym,
            staff,
        }
    }

    fn person(&self, role: GymRole) -> &user::Model {
        &self.staff.iter().find(|(r, _)| *r == role).unwrap().1
    }

    /// The text with this gym's ids in the places of its parameters.
    fn fill(&self, text: &str) -> String {
        let (member, trainer) = (self.person(GymRole::Member), self.person(GymRole::Trainer));
        let mut text = text.to_owned();
        for (name, value) in [
            ("gym_id", self.gym.id.to_string()),
            ("user_id", member.id.to_string()),
            ("member_id", member.id.to_string()),
            ("trainer_id", trainer.id.to_string()),
            ("relationship_id", self.relationship.to_string()),
            ("session_id", self.session.id.to_string()),
            ("goal_id", self.goal.to_string()),
            ("event_id", self.participation.to_string()),
            ("participation_id", self.participation.to_string()),
            ("id", self.participation.to_string()),
            ("notification_id", self.notification.clone()),
            ("correlation", self.correlation.clone()),
            ("class_id", self.session.class_id.to_string()),
            ("special_day_id", self.special_day.0.to_string()),
            ("letter_id", "1".into()),
            ("effect_id", "1".into()),
            ("date", self.special_day.1.clone()),
            ("day", "2".into()),
            ("category_id", self.category.id.to_string()),
            ("review_id", self.review.id.to_string()),
            ("category", "cardio".into()),
            ("difficulty", "beginner".into()),
            ("auth0_id", member.auth0_id.clone().unwrap().replace('|', "%7C")),
            ("subdomain", self.gym.subdomain.clone()),
            ("email", member.email.clone()),
            ("module_code", "chat".into()),
            ("file", "none.ics".into()),
            ("role", "TRAINER".into()),
        ] {
            text = text.replace(&format!("\"{{{name}}}\""), &value).replace(&format!("{{{name}}}"), &value);
        }
        assert!(!text.contains("{") || text.starts_with('{'), "a parameter without a value: {text}");
        text
    }
}

/// The operation with the ids of this gym.
fn call<'a>(app: &'a App, op: &Operation, ids: &Tenant) -> Call<'a> {
    let query = if op.query.is_empty() { String::new() } else { format!("?{}", ids.fill(op.query)) };
    let path = format!("{}{query}", ids.fill(op.path));
    let call = app.call(op.method.to_uppercase().parse().unwrap(), &path);
    match op.body {
        "" => call,
        body => call.json(serde_json::from_str(&ids.fill(body)).unwrap()),
    }
}

/// Collects what is wrong, so that one run shows every hole.
#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    fn expect(&mut self, op: &Operation, who: &str, answer: &Answer, want: (u16, &str)) {
        let (status, code) = answer.outcome();
        if (status, code.as_str()) != want {
            self.0.push(format!("{} {} {who}: {status} {code}, not {want:?}", op.method, op.path));
        }
    }
    fn none(self) {
        assert!(self.0.is_empty(), "{} findings:\n{}", self.0.len(), self.0.join("\n"));
    }
}

/// Everything in the database, but what counts how often an app is opened.
async fn dump(t: &TestDb) -> Vec<String> {
    let backend = if t.is_postgres() { DbBackend::Postgres } else { DbBackend::Sqlite };
    let rows = async |sql: String| {
        let rows = t.pool().query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
        rows.iter()
            .map(|row| row.try_get_by_index::<Option<String>>(0).unwrap().unwrap_or_default())
            .collect::<Vec<_>>()
    };
    let tables = match backend {
        DbBackend::Postgres => {
            "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"
        }
        _ => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1",
    };
    let mut all = Vec::new();
    for table in rows(tables.to_owned()).await {
        let columns = match backend {
            DbBackend::Postgres => format!(
                "SELECT column_name::text FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '{table}' ORDER BY 1"
            ),
            _ => format!("SELECT name FROM pragma_table_info('{table}') ORDER BY 1"),
        };
        let counters =
            ["last_app_access", "total_app_opens", "monthly_app_opens", "monthly_reset_date", "app_streak_days"];
        let columns = rows(columns).await;
        let kept = columns.iter().filter(|c| !counters.contains(&c.as_str()));
        let line: Vec<_> = kept.map(|c| format!("'{c}=' || COALESCE(CAST(\"{c}\" AS TEXT), '-')")).collect();
        let lines = rows(format!("SELECT {} FROM \"{table}\" ORDER BY 1", line.join(" || ' ' || "))).await;
        all.extend(lines.into_iter().map(|line| format!("{table}: {line}")));
    }
    all
}

/// Scopes that every way into the operation demands.
fn demands_scope(document: &Value, op: &Operation) -> bool {
    let security = document["paths"][op.path][op.method]["security"].as_array().cloned().unwrap_or_default();
    let demands = |way: &Value| way["bearer"].as_array().is_some_and(|scopes| !scopes.is_empty());
    !security.is_empty() && security.iter().all(demands)
}

fn lower_than(role: GymRole) -> impl Iterator<Item = GymRole> {
    let all = [GymRole::Member, GymRole::Trainer, GymRole::Admin, GymRole::Owner];
    all.into_iter().filter(move |r| !r.at_least(role))
}

#[tokio::test]
async fn every_operation_of_the_document_has_an_expectation_and_the_other_way_round() {
    let document = gymapi_http::document();
    let mut served = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in METHODS.iter().filter(|m| operations.get(**m).is_some()) {
            served.insert(format!("{method} {path}"));
        }
    }
    let expected: BTreeSet<_> = OPERATIONS.iter().map(|op| format!("{} {}", op.method, op.path)).collect();
    assert_eq!(expected.len(), OPERATIONS.len(), "an operation stands in the table twice");
    let without: Vec<_> = served.difference(&expected).collect();
    let gone: Vec<_> = expected.difference(&served).collect();
    assert!(without.is_empty() && gone.is_empty(), "without expectation: {without:#?}\nnot served: {gone:#?}");
}

#[tokio::test]
async fn the_document_says_who_needs_a_token() {
    let document = gymapi_http::document();
    for op in OPERATIONS {
        let security = document["paths"][op.path][op.method]["security"].as_array().cloned().unwrap_or_default();
        let needs = !security.is_empty() && security.iter().all(|way| way.get("bearer").is_some());
        let public = matches!(op.access, Access::Public | Access::Secret);
        assert_eq!(needs, !public, "{} {}", op.method, op.path);
    }
}

both! {
    async fn idn_24_idn_21_idn_33_nobody_gets_past_a_wall_and_nothing_changes(t: TestDb) {
        let app = App::with(t, |c| c.settings.worker_api_key = Some("a key".into())).await;
        app.world.user("free").await;
        let (here, there) = (Tenant::new(&app, "here").await, Tenant::new(&app, "there").await);
        let (owner, stranger) = (here.person(GymRole::Owner), there.person(GymRole::Owner));
        let mut found = Findings::default();
        let before = dump(t).await;
        assert!(before.iter().any(|line| line.starts_with("user_gyms:")) && before.len() > 20);

        for op in OPERATIONS {
            let send = async |call: Call<'_>| call.send().await;
            let anonymous = send(call(&app, op, &here).at(here.gym.id)).await;
            match op.access {
                Access::Public => {
                    if matches!(anonymous.status.as_u16(), 401 | 403) {
                        found.0.push(format!("{} {} is not public: {}", op.method, op.path, anonymous.status));
                    }
                    continue;
                }
                Access::Secret => {
                    let with_token = send(call(&app, op, &here).by(owner).at(here.gym.id)).await;
                    for answer in [&anonymous, &with_token] {
                        if !matches!(answer.status.as_u16(), 401 | 403 | 404 | 503) {
                            found.0.push(format!("{} {} without its secret: {}", op.method, op.path, answer.status));
                        }
                    }
                    continue;
                }
                _ => found.expect(op, "without a token", &anonymous, (401, "not_authenticated")),
            }
            let broken = send(call(&app, op, &here).bearer("a.b.c").at(here.gym.id)).await;
            found.expect(op, "with a broken token", &broken, (401, "invalid_token"));
            if demands_scope(&app.document, op) {
                let without = send(call(&app, op, &here).by_with(owner, &[]).at(here.gym.id)).await;
                found.expect(op, "without scopes", &without, (403, "missing_scope"));
            }
            // what is one's own is open to everybody; a foreign row is asked for below
            if op.access == Access::Authenticated && op.row == Row::Any {
                continue;
            }
            // another gym's owner, who has every scope, with the ids and the header of this gym
            let outside = send(call(&app, op, &here).by(stranger).at(here.gym.id)).await;
            match op.access {
                Access::Gym(_) | Access::GymOrDefault(_) | Access::GymPlatform => {
                    found.expect(op, "from another gym", &outside, (403, "not_a_member"));
                }
                Access::PathGym(_) => {
                    found.expect(op, "from another gym", &outside, (404, "gym_not_found"));
                    let own_header = send(call(&app, op, &here).by(stranger).at(there.gym.id)).await;
                    found.expect(op, "from another gym with its header", &own_header, (404, "gym_not_found"));
                }
                Access::Platform => {
                    found.expect(op, "from another gym", &outside, (403, "super_admin_only"));
                    let inside = send(call(&app, op, &here).by(owner).at(here.gym.id)).await;
                    found.expect(op, "as its owner", &inside, (403, "super_admin_only"));
                }
                Access::TokenAndSecret => {
                    if !matches!(outside.status.as_u16(), 403 | 404) {
                        found.0.push(format!("{} {} without its secret: {}", op.method, op.path, outside.status));
                    }
                }
                Access::Public | Access::Secret | Access::Authenticated => {}
            }
            match op.access {
                Access::Gym(role) | Access::GymOrDefault(role) | Access::PathGym(role) => {
                    for lower in lower_than(role) {
                        let answer = send(call(&app, op, &here).by(here.person(lower)).at(here.gym.id)).await;
                        found.expect(op, lower.as_str(), &answer, (403, "role_too_low"));
                    }
                    if op.method == "get" {
                        let answer = send(call(&app, op, &here).by(here.person(role)).at(here.gym.id)).await;
                        let mine = op.path.contains("/my-") && answer.status == 400 && answer.code() != "gym_header_required";
                        // what is one's own or an administrator's is asked for below by the owner
                        let personal = op.row == Row::OfGym && answer.code() == "role_too_low";
                        if !(answer.status == 200 || mine || personal) {
                            found.0.push(format!("get {} as {}: {:?}", op.path, role.as_str(), answer.outcome()));
                        }
                    }
                }
                Access::GymPlatform => {
                    let answer = send(call(&app, op, &here).by(owner).at(here.gym.id)).await;
                    found.expect(op, "as its owner", &answer, (403, "super_admin_only"));
                }
                _ => {}
            }
            if matches!(op.access, Access::Gym(_)) {
                let answer = send(call(&app, op, &here).by(owner)).await;
                found.expect(op, "without a gym", &answer, (400, "gym_header_required"));
            }
            if op.row == Row::OfGym {
                // this gym's owner in this gym, with the ids of the other one's rows
                let answer = send(call(&app, op, &there).by(owner).at(here.gym.id)).await;
                let code = answer.code();
                if answer.status != 404 || !code.ends_with("_not_found") && code != "user_not_in_gym" || code == "gym_not_found" {
                    found.0.push(format!("{} {} with a foreign row: {:?}", op.method, op.path, answer.outcome()));
                }
                if op.method == "get" {
                    let answer = send(call(&app, op, &here).by(owner).at(here.gym.id)).await;
                    if answer.status != 200 {
                        found.0.push(format!("get {} with an own row: {:?}", op.path, answer.outcome()));
                    }
                }
            }
        }

        let after = dump(t).await;
        let changed: Vec<_> = after.iter().filter(|l| !before.contains(l)).chain(before.iter().filter(|l| !after.contains(l))).collect();
        found.none();
        assert!(changed.is_empty(), "refused calls changed rows: {changed:#?}");
    }

    async fn idn_49_whoever_was_removed_gets_nowhere_from_the_next_request_on(t: TestDb) {
        let app = App::new(t).await;
        app.world.user("free").await;
        let here = Tenant::new(&app, "here").await;
        let owner = here.person(GymRole::Owner);
        let gone = [
            app.world.person(&here.gym, "gone-member", GymRole::Member).await,
            app.world.person(&here.gym, "gone-trainer", GymRole::Trainer).await,
            app.world.person(&here.gym, "gone-admin", GymRole::Admin).await,
        ];
        let workspace = async |who: &user::Model, gym: GymId| app.get("/api/v1/context/workspace").by(who).at(gym).send().await;
        for person in &gone {
            workspace(person, here.gym.id).await.expect(200);
            let removed = app.delete(&format!("/api/v1/gyms/users/{}", person.id)).by(owner).at(here.gym.id).send().await;
            removed.expect(200);
            assert_eq!(workspace(person, here.gym.id).await.outcome(), (403, "not_a_member".into()));
        }

        let mut found = Findings::default();
        let before = dump(t).await;
        for op in OPERATIONS {
            let want = match op.access {
                Access::Gym(_) | Access::GymOrDefault(_) | Access::GymPlatform => (403, "not_a_member"),
                Access::PathGym(_) => (404, "gym_not_found"),
                Access::Platform => (403, "super_admin_only"),
                _ => continue,
            };
            for person in &gone {
                let answer = call(&app, op, &here).by(person).at(here.gym.id).send().await;
                found.expect(op, "after removal", &answer, want);
            }
        }
        found.none();
        assert_eq!(dump(t).await, before, "refused calls changed rows");
    }
}
