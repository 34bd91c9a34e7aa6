//! Whom a gym's announcement is for (NTF-12).
use crate::{EventId, SessionId, identity::GymRole, kernel::validation::Invalid};
use serde::Deserialize;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = NotificationAudience)]
pub enum Audience {
    #[default]
    All,
    Members,
    Trainers,
    /// Administrators and owners.
    Staff,
    /// Who has a seat in an event.
    EventParticipants,
    /// Who has a seat in a session of a class.
    SessionParticipants,
}

/// An audience, with what it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Everybody of these roles; none is all.
    Roles(&'static [GymRole]),
    Event(EventId),
    Session(SessionId),
}

impl Audience {
    /// Who is meant.
    ///
    /// # Errors
    /// When the event or the session is missing, or named for another audience: those few are meant then, and not all.
    pub fn group(self, event: Option<EventId>, session: Option<SessionId>) -> Result<Group, Invalid> {
        let missing = |field: &str| Err(Invalid::field(field, "is needed for this audience"));
        let stray = |field: &str| Err(Invalid::field(field, "is of another audience"));
        match (self, event, session) {
            (Self::EventParticipants, Some(event), None) => Ok(Group::Event(event)),
            (Self::EventParticipants, None, _) => missing("event_id"),
            (Self::SessionParticipants, None, Some(session)) => Ok(Group::Session(session)),
            (Self::SessionParticipants, _, None) => missing("session_id"),
            (Self::EventParticipants, Some(_), Some(_)) | (_, None, Some(_)) => stray("session_id"),
            (_, Some(_), _) => stray("event_id"),
            (Self::All, None, None) => Ok(Group::Roles(&[])),
            (Self::Members, None, None) => Ok(Group::Roles(&[GymRole::Member])),
            (Self::Trainers, None, None) => Ok(Group::Roles(&[GymRole::Trainer])),
            (Self::Staff, None, None) => Ok(Group::Roles(&[GymRole::Admin, GymRole::Owner])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json};

    #[test]
    fn ntf_12_an_audience_of_something_names_it_and_no_other_does() {
        let (event, session) = (Some(EventId(3)), Some(SessionId(4)));
        for (name, event, session, expected) in [
            ("all", None, None, Some(Group::Roles(&[]))),
            ("staff", None, None, Some(Group::Roles(&[GymRole::Admin, GymRole::Owner]))),
            ("event_participants", event, None, Some(Group::Event(EventId(3)))),
            ("session_participants", None, session, Some(Group::Session(SessionId(4)))),
            ("event_participants", None, None, None),
            ("event_participants", None, session, None),
            ("event_participants", event, session, None),
            ("session_participants", event, None, None),
            ("session_participants", event, session, None),
            ("all", event, None, None),
            ("members", None, session, None),
        ] {
            let audience: Audience = from_value(json!(name)).unwrap();
            assert_eq!(audience.group(event, session).ok(), expected, "{name} {event:?} {session:?}");
        }
    }
}
