#![allow(clippy::disallowed_methods)] // the catalogue is the platform's; a gym's rows are addressed by their key
use crate::{Conn, Result};
use async_trait::async_trait;
use domain::{
    GymId, ModuleId,
    identity::{
        gym_module,
        module::{Column as C, Entity, Model},
    },
    kernel::time,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use serde::{Deserialize, Serialize};

/// A module of the catalogue and its state in a gym.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromQueryResult)]
pub struct ModuleState {
    pub code: String,
    pub name: String,
    pub is_premium: bool,
    /// `None` when the gym has no row.
    pub active: Option<bool>,
}

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Modules: Send + Sync {
    async fn by_code(&self, conn: &Conn, code: &str) -> Result<Option<Model>>;
    /// Every module of the catalogue with its state in the gym, by id (IDN-77).
    async fn of_gym(&self, conn: &Conn, gym: GymId) -> Result<Vec<ModuleState>>;
    /// Turns a module on or off, keeping the time of the change; nothing changes when it is so already (IDN-74).
    async fn set_active(&self, conn: &Conn, gym: GymId, module: &Model, active: bool) -> Result<()>;
    /// The gym's row of a module, with the times of its last changes; `None` when it never had one.
    async fn row(&self, conn: &Conn, gym: GymId, module: ModuleId) -> Result<Option<gym_module::Model>>;
    /// Writes the rows of a new gym: code and whether active (IDN-70).
    async fn seed(&self, conn: &Conn, gym: GymId, states: &[(&'static str, bool)]) -> Result<()>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaModules;

#[async_trait]
impl Modules for SeaModules {
    async fn by_code(&self, conn: &Conn, code: &str) -> Result<Option<Model>> {
        Ok(Entity::find().filter(C::Code.eq(code)).one(&conn.executor()?).await?)
    }

    async fn of_gym(&self, conn: &Conn, gym: GymId) -> Result<Vec<ModuleState>> {
        let of_gym = Entity::belongs_to(gym_module::Entity)
            .from(C::Id)
            .to(gym_module::Column::ModuleId)
            .on_condition(move |_, right| Expr::col((right, gym_module::Column::GymId)).eq(gym).into());
        let states = Entity::find()
            .select_only()
            .columns([C::Code, C::Name, C::IsPremium])
            .column(gym_module::Column::Active)
            .join(JoinType::LeftJoin, of_gym.into())
            .order_by_asc(C::Id);
        Ok(states.into_model().all(&conn.executor()?).await?)
    }

    async fn set_active(&self, conn: &Conn, gym: GymId, module: &Model, active: bool) -> Result<()> {
        use gym_module::{ActiveModel, Column as G, Entity as GymModule};
        let now = time::now();
        let row = ActiveModel {
            gym_id: Set(gym),
            module_id: Set(module.id),
            active: Set(active),
            activated_at: Set(active.then_some(now)),
            deactivated_at: Set((!active).then_some(now)),
        };
        let changed =
            if active { vec![G::Active, G::ActivatedAt, G::DeactivatedAt] } else { vec![G::Active, G::DeactivatedAt] };
        let upsert = OnConflict::columns([G::GymId, G::ModuleId])
            .update_columns(changed)
            .action_and_where(Expr::col((GymModule, G::Active)).ne(active))
            .to_owned();
        GymModule::insert(row).on_conflict(upsert).exec_without_returning(&conn.executor()?).await?;
        Ok(())
    }

    async fn row(&self, conn: &Conn, gym: GymId, module: ModuleId) -> Result<Option<gym_module::Model>> {
        Ok(gym_module::Entity::find_by_id((gym, module)).one(&conn.executor()?).await?)
    }

    async fn seed(&self, conn: &Conn, gym: GymId, states: &[(&'static str, bool)]) -> Result<()> {
        use gym_module::{ActiveModel, Column as G, Entity as GymModule};
        let now = time::now();
        let codes = states.iter().map(|(code, _)| *code);
        let modules = Entity::find().filter(C::Code.is_in(codes)).all(&conn.executor()?).await?;
        let row = |module: Model| {
            let active = states.iter().any(|(code, active)| *code == module.code && *active);
            ActiveModel {
                gym_id: Set(gym),
                module_id: Set(module.id),
                active: Set(active),
                activated_at: Set(active.then_some(now)),
                deactivated_at: Set(None),
            }
        };
        let seeded = OnConflict::columns([G::GymId, G::ModuleId]).do_nothing().to_owned();
        GymModule::insert_many(modules.into_iter().map(row))
            .on_conflict(seeded)
            .exec_without_returning(&conn.executor()?)
            .await?;
        Ok(())
    }
}
