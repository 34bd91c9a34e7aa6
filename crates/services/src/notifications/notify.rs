//! Telling people: rows and their effects, in the transaction of what they tell (NTF-21).
use super::delivery::DELIVER;
use crate::Core;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    GymId, NotificationId, UserId,
    identity::gym,
    kernel::{locale::Locale, outbox::Effect, secret, text::Text, timezone},
    notifications::{
        kind::NoticeKind,
        notification::{Channel, Create, NotificationStatus},
    },
};
use repository::{StoreError, Tx};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use texts::{Message, TextError};
use uuid::Uuid;

/// People of one row (NTF-22), as many as the push service takes at once.
const CHUNK: usize = 2000;

/// What must not be said twice (NTF-23).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dedupe {
    None,
    /// The whole message, by this key.
    Whole(String),
    /// Each person once; their id follows the key.
    PerPerson(String),
}

/// A push by the texts of the catalogue.
#[derive(Clone)]
pub struct Notice<'a> {
    pub gym: &'a gym::Model,
    pub kind: NoticeKind,
    /// Which of the kind's texts, where it has several.
    pub variant: Option<&'static str>,
    /// An object: what the texts are filled with.
    pub params: Value,
    /// For the app, beside `type`, `gym_id` and `gym_name`.
    pub data: Map<String, Value>,
    pub recipients: Vec<UserId>,
    pub dedupe: Dedupe,
    /// Groups what belongs to one request or one event of the business.
    pub correlation: String,
    /// Of no use after this; a day when there is none.
    pub until: Option<DateTime<Utc>>,
    pub send_after: Option<DateTime<Utc>>,
}

/// A mail for each of some people, who may be told different things.
#[derive(Clone)]
pub struct MailNotice<'a> {
    pub gym: &'a gym::Model,
    pub kind: NoticeKind,
    /// Objects: what the texts are filled with, beside `gym_name`, `gym_email` and `gym_phone`.
    pub recipients: Vec<(UserId, Value)>,
    pub dedupe: Dedupe,
    pub correlation: String,
}

/// A push whose texts are there already.
pub(super) struct Push<'a> {
    pub gym: &'a gym::Model,
    /// `data.type`.
    pub kind: String,
    pub titles: Text,
    pub bodies: Text,
    pub data: Map<String, Value>,
    pub recipients: Vec<UserId>,
    pub correlation: String,
    pub members_only: bool,
    pub useful: TimeDelta,
    pub until: Option<DateTime<Utc>>,
    pub send_after: Option<DateTime<Utc>>,
    pub created_by: Option<UserId>,
}

impl Core {
    /// Writes a push for its recipients; returns how many people are told. A text that cannot be written is for an
    /// operator: it must not take the change with it that it tells of (NTF-39).
    pub(crate) async fn notify(&self, tx: &Tx, notice: Notice<'_>) -> Result<usize, StoreError> {
        let Notice { gym, kind, variant, params, data, recipients, dedupe, correlation, until, send_after } = notice;
        let message = Message { kind, variant, zone: timezone::or_utc(&gym.timezone), params: &params };
        let (titles, bodies) = match message.push() {
            Ok(texts) => texts,
            Err(error) => return Ok(unwritten(kind, &error)),
        };
        let recipients: BTreeSet<_> = recipients.into_iter().collect();
        let recipients = self.not_told_yet(tx, dedupe, recipients).await?;
        let push = Push {
            gym,
            kind: kind.as_str().to_owned(),
            titles,
            bodies,
            data,
            recipients,
            correlation,
            members_only: kind.is_members_only(),
            useful: TimeDelta::minutes(kind.minutes_of_use()),
            until,
            send_after,
            created_by: None,
        };
        self.push(tx, push).await
    }

    /// Writes a mail for everybody who is active and has an address; returns how many. None when there is no mailer.
    pub(crate) async fn mail(&self, tx: &Tx, notice: MailNotice<'_>) -> Result<usize, StoreError> {
        let MailNotice { gym, kind, recipients, dedupe, correlation } = notice;
        if !self.mail_enabled || recipients.is_empty() {
            return Ok(0);
        }
        let params: BTreeMap<_, _> = recipients.into_iter().collect();
        let wanted = self.not_told_yet(tx, dedupe, params.keys().copied().collect()).await?;
        let readers = self.stores.addressed.readers(tx, &wanted).await?;
        let settings = self.stores.gym_notices.of_gym(tx, gym.id).await?;
        let of_gym = Locale::of_tag(settings.map_or("es".to_owned(), |row| row.locale).as_str());
        let mut rows = Vec::new();
        let mut to = Vec::new();
        for (user, locale) in readers {
            let params = with_gym(params.get(&user).cloned().unwrap_or_default(), gym);
            let message = Message { kind, variant: None, zone: timezone::or_utc(&gym.timezone), params: &params };
            let language = locale.as_deref().map_or(of_gym, Locale::of_tag);
            match (message.mail(Locale::En), message.mail(Locale::Es)) {
                (Ok(en), Ok(es)) => {
                    let read = if language == Locale::Es { &es } else { &en };
                    // who holds the mail may refuse such mails: nobody can guess this
                    let key = kind.is_refusable().then(|| secret::random_hex(16));
                    rows.push(Create {
                        mail: Some(json!({
                            "subject": read.subject, "text": read.text, "html": read.html, "refusal_key": key,
                        })),
                        channel: Channel::Email,
                        titles: Text { en: en.subject, es: es.subject },
                        bodies: Text { en: en.text, es: es.text },
                        ..self.row(gym, kind.as_str(), &correlation)
                    });
                    to.push(user);
                }
                (Err(error), _) | (_, Err(error)) => {
                    unwritten(kind, &error);
                }
            }
        }
        let written = self.stores.written.write(tx, gym.id, rows).await?;
        let pairs: Vec<_> = written.iter().map(|row| row.id).zip(to).collect();
        self.stores.written.address(tx, gym.id, &pairs).await?;
        self.deliver_later(tx, gym.id, pairs.iter().map(|(id, _)| *id), None).await?;
        Ok(pairs.len())
    }

    /// Takes back what was not delivered yet of these correlations (NTF-30).
    pub(crate) async fn withdraw(&self, tx: &Tx, gym: GymId, correlations: &[String]) -> Result<u64, StoreError> {
        if correlations.is_empty() {
            return Ok(0);
        }
        self.stores.written.cancel(tx, gym, correlations).await
    }

    /// Writes a push; the people are told once each, in rows of at most [`CHUNK`].
    pub(super) async fn push(&self, tx: &Tx, push: Push<'_>) -> Result<usize, StoreError> {
        let people: Vec<_> = push.recipients.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        let gym = push.gym;
        let due = push.send_after.unwrap_or_else(|| self.clock.now());
        let mut data = push.data;
        // the gym's own, whatever the caller says (NTF-13)
        data.insert("type".into(), push.kind.as_str().into());
        data.insert("gym_id".into(), json!(gym.id));
        data.insert("gym_name".into(), gym.display_name().into());
        let heading = |title: &str| format!("{}: {title}", gym.display_name());
        let row = Create {
            status: if push.send_after.is_some() { NotificationStatus::Scheduled } else { NotificationStatus::Pending },
            titles: Text { en: heading(&push.titles.en), es: heading(&push.titles.es) },
            bodies: push.bodies,
            collapse_id: data.get("chat_room_id").and_then(room).map(|room| format!("chat-{room}")),
            data: Value::Object(data),
            members_only: push.members_only,
            send_after: push.send_after,
            expires_at: push.until.unwrap_or(due + push.useful),
            created_by: push.created_by,
            ..self.row(gym, &push.kind, &push.correlation)
        };
        let chunks: Vec<_> = people.chunks(CHUNK).collect();
        let rows = chunks.iter().map(|people| Create {
            uuid: Uuid::new_v4().to_string(),
            recipients: i32::try_from(people.len()).unwrap_or(i32::MAX),
            ..row.clone()
        });
        let written = self.stores.written.write(tx, gym.id, rows.collect()).await?;
        let to: Vec<(NotificationId, UserId)> = written
            .iter()
            .zip(&chunks)
            .flat_map(|(row, people)| people.iter().map(|person| (row.id, *person)))
            .collect();
        self.stores.written.address(tx, gym.id, &to).await?;
        self.deliver_later(tx, gym.id, written.iter().map(|row| row.id), push.send_after).await?;
        Ok(people.len())
    }

    fn row(&self, gym: &gym::Model, kind: &str, correlation: &str) -> Create {
        let useful = TimeDelta::minutes(NoticeKind::parse(kind).map_or(24 * 60, NoticeKind::minutes_of_use));
        Create {
            uuid: Uuid::new_v4().to_string(),
            kind: kind.to_owned(),
            channel: Channel::Push,
            status: NotificationStatus::Pending,
            titles: Text::default(),
            bodies: Text::default(),
            data: json!({"type": kind, "gym_id": gym.id, "gym_name": gym.display_name()}),
            mail: None,
            collapse_id: None,
            members_only: false,
            send_after: None,
            expires_at: self.clock.now() + useful,
            recipients: 1,
            correlation: correlation.chars().take(100).collect(),
            created_by: None,
        }
    }

    /// The effects that deliver these rows.
    async fn deliver_later(
        &self,
        tx: &Tx,
        gym: GymId,
        rows: impl Iterator<Item = NotificationId>,
        due: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        let effect = |id: NotificationId| Effect {
            gym: Some(gym),
            kind: DELIVER,
            aggregate: format!("notification:{id}"),
            dedupe_key: None,
            payload: json!({ "notification_id": id }),
        };
        let effects: Vec<_> = rows.map(effect).collect();
        for effects in effects.chunks(CHUNK) {
            match due {
                Some(due) => self.stores.outbox.push_for(tx, effects.to_vec(), due).await?,
                None => self.stores.outbox.push_all(tx, effects.to_vec()).await?,
            }
        }
        Ok(())
    }

    /// Those who were not told this yet; they count as told from now on.
    async fn not_told_yet(&self, tx: &Tx, dedupe: Dedupe, people: BTreeSet<UserId>) -> Result<Vec<UserId>, StoreError> {
        if people.is_empty() {
            return Ok(Vec::new());
        }
        match dedupe {
            Dedupe::None => Ok(people.into_iter().collect()),
            Dedupe::Whole(key) => {
                let new = self.stores.said.claim(tx, vec![key]).await?;
                Ok(if new.is_empty() { Vec::new() } else { people.into_iter().collect() })
            }
            Dedupe::PerPerson(key) => {
                let keys: BTreeMap<_, _> = people.into_iter().map(|user| (format!("{key}:{user}"), user)).collect();
                let new = self.stores.said.claim(tx, keys.keys().cloned().collect()).await?;
                Ok(new.iter().filter_map(|key| keys.get(key).copied()).collect())
            }
        }
    }
}

/// A room's id, as clients of the chat write it: a text or a number.
fn room(id: &Value) -> Option<String> {
    id.as_str().map(str::to_owned).or_else(|| id.as_i64().map(|id| id.to_string()))
}

fn with_gym(mut params: Value, gym: &gym::Model) -> Value {
    if let Some(params) = params.as_object_mut() {
        params.insert("gym_name".into(), gym.display_name().into());
        params.insert("gym_email".into(), gym.email.as_deref().unwrap_or_default().into());
        params.insert("gym_phone".into(), gym.phone.as_deref().unwrap_or_default().into());
    }
    params
}

/// Nobody is told: 0.
fn unwritten(kind: NoticeKind, error: &TextError) -> usize {
    tracing::error!(kind = kind.as_str(), %error, "a notification cannot be written");
    metrics::counter!("gymapi_notifications_unwritten_total", "kind" => kind.as_str()).increment(1);
    0
}
