use crate::{Conn, Result};
use async_trait::async_trait;
use domain::kernel::{
    installation::{ActiveModel, Column as C, Entity, Mark, ONLY},
    time,
};
use sea_orm::{ActiveValue::Set, EntityTrait, sea_query::OnConflict};

/// What tells this installation from others.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Installations: Send + Sync {
    /// Offers a mark; the first that is offered stays.
    async fn offer(&self, conn: &Conn, mark: &Mark) -> Result<()>;
    async fn mark(&self, conn: &Conn) -> Result<Option<Mark>>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaInstallations;

#[async_trait]
impl Installations for SeaInstallations {
    async fn offer(&self, conn: &Conn, mark: &Mark) -> Result<()> {
        let row = ActiveModel { id: Set(ONLY), mark: Set(mark.to_string()), created_at: Set(time::now()) };
        let first_stays = OnConflict::column(C::Id).do_nothing().to_owned();
        Entity::insert(row).on_conflict(first_stays).exec_without_returning(&conn.executor()?).await?;
        Ok(())
    }

    async fn mark(&self, conn: &Conn) -> Result<Option<Mark>> {
        Ok(Entity::find_by_id(ONLY).one(&conn.executor()?).await?.map(Mark::from))
    }
}
