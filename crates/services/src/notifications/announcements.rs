//! What administrators send, what became of it, and taking back what waits.
use super::{
    audiences::Audiences,
    notify::Push,
    quotas::{Quotas, Sending},
};
use crate::{
    Actor, Core, Error, Page, Ports, Refusal, Result,
    access::MEMBERSHIP_INACTIVE,
    kernel::limit::{Limits, TEST_PUSH},
};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    UserId,
    identity::GymRole,
    kernel::{
        locale::Locale,
        timezone,
        validation::{Invalid, check},
    },
    notifications::{
        announcement::{Announcement, ToGym, ToPeople},
        audience::Group,
        kind::NoticeKind,
        notification::{Channel, Model, NotificationStatus},
    },
};
pub use repository::notifications::written::HistoryFilter;
use serde::Serialize;
use serde_json::{Map, json};
use std::collections::{BTreeMap, BTreeSet};
use texts::Message;
use utoipa::ToSchema;
use uuid::Uuid;

pub const NOTHING_SENT: Refusal = Refusal::not_found(
    "notification_not_found",
    "Nothing was sent under this id.",
    "No se ha enviado nada con este identificador.",
);
pub const NOT_CANCELLABLE: Refusal = Refusal::conflict(
    "notification_not_cancellable",
    "It has been sent, or is being sent.",
    "Ya se ha enviado, o se está enviando.",
);

/// What was queued.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = NotificationResponse)]
pub struct Sent {
    pub success: bool,
    /// Groups what was queued: by it, it can be cancelled while it waits.
    pub notification_id: Option<String>,
    /// How many people it was queued for.
    pub recipients: Option<i64>,
    /// Who could not be addressed, as they were named.
    pub errors: Option<Vec<String>>,
    pub message: Option<String>,
}

impl Sent {
    fn nobody(errors: Vec<String>) -> Self {
        Self { errors: Some(errors), recipients: Some(0), ..Self::default() }
    }

    fn queued(id: String, recipients: usize, errors: Vec<String>) -> Self {
        Self {
            success: true,
            notification_id: Some(id),
            recipients: Some(recipients as i64),
            errors: (!errors.is_empty()).then_some(errors),
            message: Some(format!("queued for {recipients} people")),
        }
    }
}

/// One row of the history: one delivery to up to 2,000 people, or one mail.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = NotificationRecord)]
pub struct Record {
    #[schema(format = "uuid")]
    pub id: String,
    /// The same for all rows of one request or one event of the gym.
    pub correlation: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub channel: Channel,
    pub status: NotificationStatus,
    pub title: String,
    pub message: String,
    pub recipients: i32,
    pub accepted: Option<i32>,
    pub created_by: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub send_after: Option<DateTime<Utc>>,
    pub sent_at: Option<DateTime<Utc>>,
    pub error: Option<String>,
}

impl Record {
    fn of(row: Model, locale: Locale) -> Self {
        Self {
            id: row.uuid,
            correlation: row.correlation,
            kind: row.kind,
            channel: row.channel,
            status: row.status,
            title: row.titles.in_language(locale).to_owned(),
            message: row.bodies.in_language(locale).to_owned(),
            recipients: row.recipients,
            accepted: row.accepted_count,
            created_by: row.created_by,
            created_at: row.created_at,
            send_after: row.send_after,
            sent_at: row.sent_at,
            error: row.error,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = NotificationsCancelled)]
pub struct Cancelled {
    pub cancelled: u64,
}

#[async_trait]
pub trait Announcements: Send + Sync {
    /// Admin guard (NTF-81).
    async fn to_people(&self, actor: &Actor, request: ToPeople) -> Result<Sent>;
    /// To an audience (NTF-12, NTF-82). Admin guard.
    ///
    /// # Errors
    /// `event_not_found`, `session_not_found`
    async fn to_gym(&self, actor: &Actor, request: ToGym) -> Result<Sent>;
    /// A push to oneself. An active membership.
    async fn test(&self, actor: &Actor) -> Result<Sent>;
    /// Admin guard.
    async fn history(&self, actor: &Actor, filter: HistoryFilter, page: Page, locale: Locale) -> Result<Vec<Record>>;
    /// Takes back what waits (NTF-30). Admin guard.
    ///
    /// # Errors
    /// [`NOTHING_SENT`], [`NOT_CANCELLABLE`]
    async fn cancel(&self, actor: &Actor, correlation: &str) -> Result<Cancelled>;
}

pub struct AnnouncementService {
    core: Core,
    audiences: Audiences,
    quotas: Quotas,
    limits: Limits,
}

impl AnnouncementService {
    pub fn new(core: &Core, ports: &Ports, audiences: Audiences) -> Self {
        Self {
            core: core.clone(),
            audiences,
            quotas: Quotas::new(core, ports),
            limits: Limits::new(ports.counter.clone(), true),
        }
    }

    fn must_be_timely(&self, announcement: &Announcement) -> Result<()> {
        if announcement.is_timely(self.core.clock.now()) {
            return Ok(());
        }
        Err(Invalid::field("send_after", "must be to come, and at most 30 days ahead").into())
    }

    async fn send(
        &self,
        actor: &Actor,
        sending: Sending,
        announcement: Announcement,
        recipients: Vec<UserId>,
        errors: Vec<String>,
    ) -> Result<Sent> {
        self.quotas.spend(actor.gym_id(), sending).await?;
        let correlation = format!("{}-{}", sending.name(), Uuid::new_v4());
        let told = recipients.len();
        let kind = announcement.kind().unwrap_or(NoticeKind::Announcement.as_str()).to_owned();
        let (titles, bodies) = (announcement.titles(), announcement.bodies());
        let core = &self.core;
        core.db
            .run(async |tx| {
                let push = Push {
                    gym: actor.gym(),
                    kind: kind.clone(),
                    titles: titles.clone(),
                    bodies: bodies.clone(),
                    data: announcement.data.clone().unwrap_or_default(),
                    recipients: recipients.clone(),
                    correlation: correlation.clone(),
                    members_only: true,
                    useful: TimeDelta::hours(24),
                    until: None,
                    send_after: announcement.send_after,
                    created_by: Some(actor.user_id()),
                };
                Ok::<_, Error>(core.push(&tx, push).await?)
            })
            .await?;
        Ok(Sent::queued(correlation, told, errors))
    }

    /// The active members of the gym who are meant (NTF-10, NTF-12).
    async fn members_of(&self, actor: &Actor, group: Group) -> Result<Vec<UserId>> {
        let (core, gym) = (&self.core, actor.gym_id());
        let addressed = &core.stores.addressed;
        let people = match group {
            Group::Roles(roles) => return Ok(addressed.audience(&core.db, gym, roles).await?),
            Group::Event(event) => self.audiences.events.of_event(gym, event).await?,
            Group::Session(session) => self.audiences.sessions.of_session(gym, session).await?,
        };
        let active = addressed.named(&core.db, gym, &people, &[]).await?;
        Ok(active.into_iter().map(|(user, _)| user).collect())
    }

    /// The people behind the ids that a request names, and those that name nobody whom this gym may address, as they
    /// were given (NTF-9, NTF-10, NTF-11).
    async fn resolve(&self, actor: &Actor, named: &[String]) -> Result<(Vec<UserId>, Vec<String>)> {
        let ids: BTreeMap<&str, UserId> =
            named.iter().filter_map(|id| Some((id.as_str(), UserId(id.trim().parse().ok()?)))).collect();
        let subjects: BTreeSet<&String> = named.iter().filter(|id| id.contains('|')).collect();
        let wanted: Vec<_> = ids.values().copied().collect::<BTreeSet<_>>().into_iter().collect();
        let subjects: Vec<_> = subjects.into_iter().cloned().collect();
        let core = &self.core;
        let found = core.stores.addressed.named(&core.db, actor.gym_id(), &wanted, &subjects).await?;
        let people: BTreeSet<_> = found.iter().map(|(user, _)| *user).collect();
        let known: BTreeSet<_> = found.iter().filter_map(|(_, subject)| subject.as_deref()).collect();
        let is_known = |id: &str| match ids.get(id) {
            Some(user) => people.contains(user),
            None => id.contains('|') && known.contains(id),
        };
        let rejected = named.iter().filter(|id| !is_known(id)).cloned().collect();
        Ok((people.into_iter().collect(), rejected))
    }
}

#[async_trait]
impl Announcements for AnnouncementService {
    async fn to_people(&self, actor: &Actor, request: ToPeople) -> Result<Sent> {
        actor.must_be(GymRole::Admin)?;
        check(&request)?;
        let (announcement, named) = request.split();
        self.must_be_timely(&announcement)?;
        let (people, rejected) = self.resolve(actor, &named).await?;
        if people.is_empty() {
            return Ok(Sent::nobody(rejected));
        }
        self.send(actor, Sending::ToPeople, announcement, people, rejected).await
    }

    async fn to_gym(&self, actor: &Actor, request: ToGym) -> Result<Sent> {
        actor.must_be(GymRole::Admin)?;
        check(&request)?;
        let (announcement, audience, event, session) = request.split();
        let group = audience.group(event, session)?;
        self.must_be_timely(&announcement)?;
        // who takes part in something is a few, and not the gym
        let sending = if matches!(group, Group::Roles(_)) { Sending::ToGym } else { Sending::ToPeople };
        let people = self.members_of(actor, group).await?;
        if people.is_empty() {
            return Ok(Sent::nobody(vec!["nobody of this audience is active".into()]));
        }
        self.send(actor, sending, announcement, people, Vec::new()).await
    }

    async fn test(&self, actor: &Actor) -> Result<Sent> {
        actor.must_be(GymRole::Member)?;
        if !actor.membership_active() && !actor.is_super_admin() {
            return Err(MEMBERSHIP_INACTIVE.into());
        }
        self.limits.operation(TEST_PUSH, &actor.user_id().to_string()).await?;
        let core = &self.core;
        let correlation = format!("test-{}", Uuid::new_v4());
        let kind = NoticeKind::Test;
        let (zone, params) = (timezone::or_utc(&actor.gym().timezone), json!({}));
        let Ok((titles, bodies)) = (Message { kind, variant: None, zone, params: &params }).push() else {
            return Ok(Sent::nobody(Vec::new()));
        };
        let told = core
            .db
            .run(async |tx| {
                let push = Push {
                    gym: actor.gym(),
                    kind: kind.as_str().to_owned(),
                    titles: titles.clone(),
                    bodies: bodies.clone(),
                    data: Map::new(),
                    recipients: vec![actor.user_id()],
                    correlation: correlation.clone(),
                    members_only: false,
                    useful: TimeDelta::minutes(10),
                    until: None,
                    send_after: None,
                    created_by: None,
                };
                Ok::<_, Error>(core.push(&tx, push).await?)
            })
            .await?;
        Ok(Sent::queued(correlation, told, Vec::new()))
    }

    async fn history(&self, actor: &Actor, filter: HistoryFilter, page: Page, locale: Locale) -> Result<Vec<Record>> {
        actor.must_be(GymRole::Admin)?;
        let core = &self.core;
        let rows = core.stores.written.history(&core.db, actor.gym_id(), &filter, page).await?;
        Ok(rows.into_iter().map(|row| Record::of(row, locale)).collect())
    }

    async fn cancel(&self, actor: &Actor, correlation: &str) -> Result<Cancelled> {
        actor.must_be(GymRole::Admin)?;
        let (db, gym, written) = (&self.core.db, actor.gym_id(), &self.core.stores.written);
        if !written.was_sent_by_staff(db, gym, correlation).await? {
            return Err(NOTHING_SENT.into());
        }
        match written.cancel(db, gym, &[correlation.to_owned()]).await? {
            0 => Err(NOT_CANCELLABLE.into()),
            cancelled => Ok(Cancelled { cancelled }),
        }
    }
}
