//! The only door to a tenant's table: a statement starts here, with the gym, or not at all (`clippy.toml` closes the
//! other ways).
#![allow(clippy::disallowed_methods)]
use domain::{GymId, kernel::tenant::TenantEntity};
use sea_orm::{ColumnTrait, DeleteMany, QueryFilter, Select, UpdateMany};

pub fn select<E: TenantEntity>(gym: GymId) -> Select<E> {
    E::find().filter(E::gym_column().eq(gym))
}

pub fn update<E: TenantEntity>(gym: GymId) -> UpdateMany<E> {
    E::update_many().filter(E::gym_column().eq(gym))
}

pub fn delete<E: TenantEntity>(gym: GymId) -> DeleteMany<E> {
    E::delete_many().filter(E::gym_column().eq(gym))
}
