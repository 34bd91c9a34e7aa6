use super::{
    Size, Summary, advance_sequences, days_ago,
    events::{self, Calendar},
    first_free, insert, names, pick,
    timetable::{self, Next, Timetable, Venue},
};
use chrono::{DateTime, Utc};
use domain::{
    GymId, ModuleId, RelationshipId, UserId,
    events::event,
    identity::{
        GymRole, PlatformRole, follow, gym, gym_module, membership, module,
        relationship::{self, RelationshipStatus},
        subdomain, user,
    },
    kernel::{time, timezone},
    schedule::{category, class, session},
};
use fastrand::Rng;
use repository::{Db, Result};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    EntityTrait, IntoActiveModel,
};

/// Rows to write, gym by gym.
pub(super) struct Plan<'a> {
    db: &'a Db,
    size: Size,
    rng: Rng,
    now: DateTime<Utc>,
    next_user: i64,
    next_gym: i64,
    next_relationship: i64,
    next_of_schedule: Next,
    next_event: i64,
    modules: Vec<module::Model>,
}

/// The rows of some gyms.
#[derive(Default)]
struct Rows {
    users: Vec<user::ActiveModel>,
    gyms: Vec<gym::ActiveModel>,
    memberships: Vec<membership::ActiveModel>,
    modules: Vec<gym_module::ActiveModel>,
    relationships: Vec<relationship::ActiveModel>,
    follows: Vec<follow::ActiveModel>,
    timetable: timetable::Rows,
    events: events::Rows,
}

impl Rows {
    fn count(&self) -> u64 {
        let parts = [
            self.users.len(),
            self.gyms.len(),
            self.memberships.len(),
            self.modules.len(),
            self.relationships.len(),
            self.follows.len(),
        ];
        parts.iter().sum::<usize>() as u64 + self.timetable.count() + self.events.count()
    }
}

const GYMS_AT_ONCE: u32 = 20;

/// Classes that one trainer alone gives in a week, at most.
const PERSONAL_WEEK: u32 = 21;

/// Those whose rows have ids of a sequence.
const TABLES: [&str; 14] = [
    "users",
    "gyms",
    "user_gyms",
    "trainer_member_relationships",
    "user_follows",
    "gym_hours",
    "class_category_custom",
    "class",
    "class_session",
    "class_participation",
    "class_waitlist_entry",
    "class_reviews",
    "events",
    "event_participations",
];

impl<'a> Plan<'a> {
    pub(super) async fn new(db: &'a Db, size: Size) -> Result<Self> {
        #[allow(clippy::disallowed_methods)] // the platform's catalogue
        let modules = module::Entity::find().all(&db.executor()?).await?;
        Ok(Self {
            db,
            size,
            rng: Rng::with_seed(size.seed),
            now: time::now(),
            next_user: first_free::<user::Entity>(db, user::Column::Id).await?,
            next_gym: first_free::<gym::Entity>(db, gym::Column::Id).await?,
            next_relationship: first_free::<relationship::Entity>(db, relationship::Column::Id).await?,
            next_of_schedule: Next {
                category: first_free::<category::Entity>(db, category::Column::Id).await?,
                class: first_free::<class::Entity>(db, class::Column::Id).await?,
                session: first_free::<session::Entity>(db, session::Column::Id).await?,
            },
            next_event: first_free::<event::Entity>(db, event::Column::Id).await?,
            modules,
        })
    }

    /// About how many rows there will be.
    fn expected(&self) -> u64 {
        let per_gym = |members: u32| u64::from(members + self.size.trainers + self.size.admins + 1) * 2;
        let small = u64::from(self.size.gyms / 3);
        let large = u64::from(self.size.gyms) - small;
        let timetable = |sessions: u32| {
            let weeks = u64::from(2 * self.size.weeks + 1);
            14 + weeks * u64::from(sessions) * (1 + u64::from(self.size.bookings.unsigned_abs()))
        };
        large * (per_gym(self.size.members) + 14 + u64::from(self.size.members) + timetable(self.size.sessions_a_week))
            + small * (per_gym(self.size.members / 10) + 14 + timetable(self.size.sessions_a_week.min(PERSONAL_WEEK)))
    }

    pub(super) async fn write(mut self, progress: &(impl Fn(u64, u64) + Sync)) -> Result<Summary> {
        let expected = self.expected();
        let mut summary = Summary { gyms: 0, people: 0, rows: 0, cast: Vec::new() };
        let mut begun = 0;
        while begun < self.size.gyms {
            let until = (begun + GYMS_AT_ONCE).min(self.size.gyms);
            let mut rows = Rows::default();
            for index in begun..until {
                self.gym(index, &mut rows, &mut summary);
            }
            begun = until;
            summary.gyms += rows.gyms.len() as u64;
            summary.people += rows.users.len() as u64;
            summary.rows += rows.count();
            insert(self.db, rows.users).await?;
            insert(self.db, rows.gyms).await?;
            insert(self.db, rows.memberships).await?;
            insert(self.db, rows.modules).await?;
            insert(self.db, rows.relationships).await?;
            insert(self.db, rows.follows).await?;
            let timetable::Rows { hours, categories, classes, sessions, bookings, places, reviews } = rows.timetable;
            insert(self.db, hours).await?;
            insert(self.db, categories).await?;
            insert(self.db, classes).await?;
            insert(self.db, sessions).await?;
            insert(self.db, bookings).await?;
            insert(self.db, places).await?;
            insert(self.db, reviews).await?;
            insert(self.db, rows.events.events).await?;
            insert(self.db, rows.events.participations).await?;
            progress(summary.rows, expected.max(summary.rows));
        }
        advance_sequences(self.db, &TABLES).await?;
        Ok(summary)
    }

    fn gym(&mut self, index: u32, rows: &mut Rows, summary: &mut Summary) {
        let first_gym = index == 0;
        let personal = index % 3 == 2;
        let id = GymId(self.next_gym);
        self.next_gym += 1;
        let opened = days_ago(self.now, 400 + self.rng.u64(0..400));
        let base = pick(&names::GYMS, index as usize);
        let name = if personal {
            gym::personal_trainer_name(pick(&names::FIRST, index as usize), pick(&names::LAST, index as usize))
        } else {
            base.to_owned()
        };
        rows.gyms.push(gym::ActiveModel {
            id: Set(id),
            subdomain: Set(subdomain::candidate(&subdomain::from_name(&name), u32::try_from(id.0).unwrap_or(index))),
            name: Set(name),
            kind: Set(if personal { gym::GymType::PersonalTrainer } else { gym::GymType::Gym }),
            logo_url: Set(None),
            address: Set(Some(format!("Calle Mayor {}", 1 + index % 200))),
            phone: Set(Some(format!("+3491{:07}", index))),
            email: Set(Some(format!("hola{}@demo.gym", id))),
            description: Set(Some("Entrena con nosotros.".to_owned())),
            timezone: Set(pick(&names::ZONES, index as usize).to_owned()),
            is_active: Set(true),
            trainer_specialties: Set(personal.then(|| gym::Specialties(vec!["Fitness General".into()]))),
            trainer_certifications: Set(None),
            max_clients: Set(personal.then_some(30)),
            created_at: Set(opened),
            updated_at: Set(opened),
        });
        self.modules(id, personal, opened, rows);

        let (members, trainers, admins) = match personal {
            true => ((self.size.members / 10).max(3), 0, 0),
            false => (self.size.members, self.size.trainers, self.size.admins),
        };
        if first_gym {
            let boss = self.person(id, "root", PlatformRole::SuperAdmin, opened, rows);
            summary.cast.push(("SUPER_ADMIN", boss.1));
        }
        let mut cast = |role: &'static str, email: String| {
            if first_gym && !summary.cast.iter().any(|(r, _)| *r == role) {
                summary.cast.push((role, email));
            }
        };
        let owner = self.person(id, "owner", PlatformRole::Admin, opened, rows);
        self.join(id, owner.0, GymRole::Owner, opened, rows);
        cast("OWNER", owner.1);
        for n in 1..=admins {
            let (user, email) = self.person(id, &format!("admin{n}"), PlatformRole::Member, opened, rows);
            self.join(id, user, GymRole::Admin, opened, rows);
            cast("ADMIN", email);
        }
        let mut staff = vec![owner.0];
        for n in 1..=trainers {
            let (user, email) = self.person(id, &format!("trainer{n}"), PlatformRole::Member, opened, rows);
            self.join(id, user, GymRole::Trainer, opened, rows);
            staff.push(user);
            cast("TRAINER", email);
        }
        let trainers: Vec<UserId> = if staff.len() > 1 { staff.split_off(1) } else { staff };
        let (mut previous, mut people) = (None, Vec::new());
        for n in 1..=members {
            let joined = days_ago(self.now, self.rng.u64(0..400));
            let (user, email) = self.person(id, &format!("member{n}"), PlatformRole::Member, joined, rows);
            self.join(id, user, GymRole::Member, joined, rows);
            people.push(user);
            cast("MEMBER", email);
            self.relationship(id, pick(&trainers, n as usize), user, joined, rows);
            if let Some(other) = previous.replace(user) {
                rows.follows.push(follow::ActiveModel {
                    id: NotSet,
                    gym_id: Set(id),
                    follower_id: Set(user),
                    following_id: Set(other),
                    is_active: Set(true),
                    created_at: Set(joined),
                    updated_at: Set(joined),
                });
            }
        }
        let zone = timezone::or_utc(pick(&names::ZONES, index as usize));
        let venue = Venue { gym: id, zone, trainers: &trainers, members: &people };
        self.timetable(&venue, personal, rows);
        Calendar { now: self.now, next: &mut self.next_event, rows: &mut rows.events }.fill(&venue);
    }

    fn timetable(&mut self, venue: &Venue<'_>, personal: bool, rows: &mut Rows) {
        let most = if personal { PERSONAL_WEEK } else { u32::MAX };
        let size = Size { sessions_a_week: self.size.sessions_a_week.min(most), ..self.size };
        let (now, next, rng) = (self.now, &mut self.next_of_schedule, &mut self.rng);
        Timetable { size, now, next, rng, rows: &mut rows.timetable }.fill(venue);
    }

    fn person(
        &mut self,
        gym: GymId,
        handle: &str,
        role: PlatformRole,
        at: DateTime<Utc>,
        rows: &mut Rows,
    ) -> (UserId, String) {
        let id = UserId(self.next_user);
        self.next_user += 1;
        // the first gym's people are easy to type, everybody else's address is unique by number
        let email = if gym.0 == 1 { format!("{handle}@demo.gym") } else { format!("{handle}.{gym}@demo.gym") };
        let (first, last) = (self.rng.usize(..), self.rng.usize(..));
        rows.users.push(user::ActiveModel {
            id: Set(id),
            email: Set(email.clone()),
            first_name: Set(Some(pick(&names::FIRST, first).to_owned())),
            last_name: Set(Some(pick(&names::LAST, last).to_owned())),
            is_active: Set(true),
            is_superuser: Set(role == PlatformRole::SuperAdmin),
            role: Set(role),
            auth0_id: Set(Some(format!("dev|{email}"))),
            picture: Set(None),
            locale: Set(Some("es".to_owned())),
            auth0_metadata: Set(None),
            phone_number: Set(Some(format!("+346{:08}", id.0 % 100_000_000))),
            birth_date: Set(None),
            height: Set(Some(tenths(150.0 + self.rng.f64() * 45.0))),
            weight: Set(Some(tenths(50.0 + self.rng.f64() * 50.0))),
            bio: Set(Some(pick(&names::BIOS, first).to_owned())),
            goals: Set(None),
            health_conditions: Set(None),
            color: Set(Some(format!("#{:06X}", self.rng.u32(0..0x0100_0000)))),
            qr_code: Set(Some(format!("U{id}_{:016x}", self.rng.u64(..)))),
            created_at: Set(at),
            updated_at: Set(Some(at)),
        });
        (id, email)
    }

    fn join(&mut self, gym: GymId, user: UserId, role: GymRole, at: DateTime<Utc>, rows: &mut Rows) {
        let kind =
            if role == GymRole::Owner { membership::MembershipType::Owner } else { membership::MembershipType::Free };
        let create = membership::Create { user_id: user, role, membership_type: kind };
        rows.memberships.push(membership::ActiveModel {
            gym_id: Set(gym),
            created_at: Set(at),
            updated_at: Set(at),
            ..create.into_active_model()
        });
    }

    fn modules(&self, gym: GymId, personal: bool, at: DateTime<Utc>, rows: &mut Rows) {
        let kind = if personal { gym::GymType::PersonalTrainer } else { gym::GymType::Gym };
        for (code, active) in module::initial(kind) {
            let Some(found) = self.modules.iter().find(|m| m.code == *code) else { continue };
            let module: ModuleId = found.id;
            rows.modules.push(gym_module::ActiveModel {
                gym_id: Set(gym),
                module_id: Set(module),
                active: Set(*active),
                activated_at: Set(active.then_some(at)),
                deactivated_at: Set(None),
            });
        }
    }

    fn relationship(&mut self, gym: GymId, trainer: UserId, member: UserId, at: DateTime<Utc>, rows: &mut Rows) {
        if trainer == member || self.rng.u8(0..4) == 0 {
            return;
        }
        let id = RelationshipId(self.next_relationship);
        self.next_relationship += 1;
        rows.relationships.push(relationship::ActiveModel {
            id: Set(id),
            gym_id: Set(gym),
            trainer_id: Set(trainer),
            member_id: Set(member),
            status: Set(RelationshipStatus::Active),
            start_date: Set(Some(at)),
            end_date: Set(None),
            notes: Set(None),
            created_by: Set(Some(trainer)),
            created_at: Set(at),
            updated_at: Set(at),
        });
    }
}

fn tenths(x: f64) -> f64 {
    (x * 10.0).round() / 10.0
}
