//! What people are told of their part in an event, and what follows in its chat.
use crate::{Core, Result};
use chrono::{DateTime, Utc};
use domain::{
    EventId, GymId, UserId,
    events::{event, participation, refund_task},
    identity::gym,
};
use repository::Tx;

/// Who got a seat of the queue, and on which terms.
pub(super) struct Promoted<'a> {
    pub seated: &'a [participation::Model],
    pub unpaid: &'a [participation::Model],
    pub expiry: DateTime<Utc>,
}

impl Core {
    pub(super) async fn promoted(&self, _: &Tx, _: &gym::Model, _: &event::Model, p: Promoted<'_>) -> Result<()> {
        let _ = (p.seated, p.unpaid, p.expiry);
        Ok(())
    }
    pub(super) async fn payment_confirmed(
        &self,
        _: &Tx,
        _: &event::Model,
        _: &participation::Model,
        _: bool,
    ) -> Result<()> {
        Ok(())
    }
    pub(super) async fn refunded(
        &self,
        _: &Tx,
        _: &gym::Model,
        _: &event::Model,
        _: &refund_task::Model,
    ) -> Result<()> {
        Ok(())
    }
    pub(super) async fn refunded_in_cash(
        &self,
        _: &Tx,
        _: &gym::Model,
        _: &event::Model,
        _: &participation::Model,
    ) -> Result<()> {
        Ok(())
    }
    pub(super) async fn payment_refused(
        &self,
        _: &Tx,
        _: &event::Model,
        _: &participation::Model,
        _: &str,
    ) -> Result<()> {
        Ok(())
    }
    pub(super) async fn refund_failed(
        &self,
        _: &Tx,
        _: &gym::Model,
        _: &event::Model,
        _: &refund_task::Model,
    ) -> Result<()> {
        Ok(())
    }
    pub(super) async fn enters_chat(&self, _: &Tx, _: GymId, _: EventId, _: Vec<UserId>) -> Result<()> {
        Ok(())
    }
    pub(super) async fn leaves_chat(&self, _: &Tx, _: GymId, _: EventId, _: Vec<UserId>) -> Result<()> {
        Ok(())
    }
}
