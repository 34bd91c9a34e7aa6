//! Moves of seats by themselves, for tests of what happens at once: each is one transaction, as an operation's would be.
use super::seating::{SESSION_NOT_FOUND, stale};
use crate::{Core, Error, Result};
use domain::{
    ClassId, GymId, SessionId,
    schedule::{
        class,
        session::{self, SessionStatus},
    },
};

impl Core {
    /// Gives a session seats of its own, or those of its class (SCH-52).
    pub async fn stage_seats(&self, gym: GymId, session: SessionId, seats: Option<i32>) -> Result<()> {
        let promoted = self
            .db
            .run(async |tx| {
                self.hold_session(&tx, gym, session, None).await?;
                let change = session::Update { override_capacity: Some(seats), ..Default::default() };
                let row = self.stores.sessions.update(&tx, gym, session, change).await?;
                let held = self.look_at(&tx, gym, vec![row]).await?;
                Ok::<_, Error>(self.settle(&tx, gym, &held, self.clock.now()).await?.promoted)
            })
            .await?;
        self.committed(&stale(gym, promoted.iter().map(|row| row.member_id))).await;
        Ok(())
    }

    /// Gives the sessions of a class other seats (SCH-43).
    pub async fn stage_class_seats(&self, gym: GymId, class: ClassId, seats: i32) -> Result<()> {
        let promoted = self
            .db
            .run(async |tx| {
                let change = class::Update { max_capacity: Some(seats), ..Default::default() };
                self.stores.classes.update(&tx, gym, class, change).await?;
                let sessions = self.stores.seats.hold_of_class(&tx, gym, class, self.clock.now()).await?;
                let held = self.look_at(&tx, gym, sessions).await?;
                Ok::<_, Error>(self.settle(&tx, gym, &held, self.clock.now()).await?.promoted)
            })
            .await?;
        self.committed(&stale(gym, promoted.iter().map(|row| row.member_id))).await;
        Ok(())
    }

    /// Cancels a session that is not over (SCH-54).
    pub async fn stage_cancellation(&self, gym: GymId, session: SessionId) -> Result<()> {
        let people = self
            .db
            .run(async |tx| {
                let row = self.stores.seats.hold(&tx, gym, session).await?.ok_or(SESSION_NOT_FOUND)?;
                if !matches!(row.status, SessionStatus::Scheduled | SessionStatus::InProgress) {
                    return Ok(Vec::new());
                }
                self.cancel_sessions(&tx, gym, &[row], self.clock.now()).await
            })
            .await?;
        self.committed(&stale(gym, people)).await;
        Ok(())
    }
}
