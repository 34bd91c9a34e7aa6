//! Who takes part: one's own rows, and those of an event.
use super::{
    participation_view::{Participation, ParticipationWithEvent},
    participations::{EventParticipationService, PARTICIPATION_NOT_FOUND},
    seating::EVENT_NOT_FOUND,
};
use crate::{Actor, Page, Result};
use domain::{
    EventId, EventParticipationId,
    events::{
        event,
        participation::{self, EventParticipationStatus as Status},
    },
    identity::GymRole,
};

impl EventParticipationService {
    pub(super) async fn list_own(
        &self,
        actor: &Actor,
        status: Option<Status>,
        page: Page,
    ) -> Result<Vec<ParticipationWithEvent>> {
        actor.must_be(GymRole::Member)?;
        let (db, joined) = (&self.core.db, &self.core.stores.joined);
        let rows = joined.of_member(db, actor.gym_id(), actor.user_id(), status, page).await?;
        let view = |(row, event): (participation::Model, event::Model)| ParticipationWithEvent {
            participation: row.into(),
            event: event.into(),
        };
        Ok(rows.into_iter().map(view).collect())
    }

    pub(super) async fn one(&self, actor: &Actor, id: EventParticipationId) -> Result<Participation> {
        actor.must_be(GymRole::Member)?;
        let row = self.core.stores.event_participations.get(&self.core.db, actor.gym_id(), id).await?;
        let visible =
            |row: &participation::Model| row.member_id == actor.user_id() || actor.is_at_least(GymRole::Trainer);
        Ok(row.filter(visible).ok_or(PARTICIPATION_NOT_FOUND)?.into())
    }

    pub(super) async fn list_of_event(
        &self,
        actor: &Actor,
        event: EventId,
        status: Option<Status>,
        page: Page,
    ) -> Result<Vec<Participation>> {
        actor.must_be(GymRole::Trainer)?;
        let (db, stores, gym) = (&self.core.db, &self.core.stores, actor.gym_id());
        stores.events.get(db, gym, event).await?.ok_or(EVENT_NOT_FOUND)?;
        let rows = stores.joined.of_event(db, gym, event, status, page).await?;
        Ok(rows.into_iter().map(Participation::from).collect())
    }
}
