//! What makes a table a tenant's: every row names its gym.
use crate::GymId;
use sea_orm::{IntoActiveModel, entity::prelude::*};

/// A table whose every row belongs to one gym. One line per entity (`tenant_entity!`); repositories can select,
/// update and delete only through these columns.
pub trait TenantEntity: EntityTrait {
    type Id: Copy + Into<sea_orm::Value> + Send + Sync + std::fmt::Display + 'static;
    type Create: IntoActiveModel<Self::ActiveModel> + Send + Sync + 'static;
    type Update: IntoActiveModel<Self::ActiveModel> + Send + Sync + 'static;
    const NAME: &'static str;
    fn gym_column() -> Self::Column;
    fn id_column() -> Self::Column;
}

/// Declares the entity of this module a tenant's: `tenant_entity!("membership", MembershipId)`.
#[macro_export]
macro_rules! tenant_entity {
    ($name:literal, $id:ty) => {
        impl $crate::kernel::tenant::TenantEntity for Entity {
            type Id = $id;
            type Create = Create;
            type Update = Update;
            const NAME: &'static str = $name;
            fn gym_column() -> Column {
                Column::GymId
            }
            fn id_column() -> Column {
                Column::Id
            }
        }
    };
}

/// `created_at` and `updated_at` are set by the code, from one clock, the same on every database.
#[macro_export]
macro_rules! stamped {
    () => {
        #[sea_orm::prelude::async_trait::async_trait]
        impl ActiveModelBehavior for ActiveModel {
            async fn before_save<C: ConnectionTrait>(mut self, _: &C, insert: bool) -> Result<Self, DbErr> {
                let now = $crate::kernel::time::now();
                if insert && self.created_at.is_not_set() {
                    self.created_at = sea_orm::ActiveValue::Set(now);
                }
                self.updated_at = sea_orm::ActiveValue::Set(now.into());
                Ok(self)
            }
        }
    };
}

/// A row of any tenant table is stamped with the gym of the context, never of the body (IDN-118).
pub fn of_gym<E: TenantEntity>(gym: GymId) -> sea_orm::Condition {
    sea_orm::Condition::all().add(E::gym_column().eq(gym))
}
