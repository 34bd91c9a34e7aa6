//! The only door to a tenant's table: a statement starts here, with the gym, or not at all (`clippy.toml` closes the
//! other ways).
#![allow(clippy::disallowed_methods)]
use domain::{GymId, kernel::tenant::TenantEntity};
use sea_orm::{
    ColumnTrait, DeleteMany, EntityTrait, IdenStatic, Iterable, QueryFilter, QuerySelect, Select, UpdateMany,
};

pub fn select<E: TenantEntity>(gym: GymId) -> Select<E> {
    E::find().filter(E::gym_column().eq(gym))
}

pub fn update<E: TenantEntity>(gym: GymId) -> UpdateMany<E> {
    E::update_many().filter(E::gym_column().eq(gym))
}

pub fn delete<E: TenantEntity>(gym: GymId) -> DeleteMany<E> {
    E::delete_many().filter(E::gym_column().eq(gym))
}

/// Adds the columns of a table, each under its name with a prefix.
pub(crate) fn prefixed<F: EntityTrait, E: EntityTrait>(select: Select<F>, prefix: &str) -> Select<F> {
    E::Column::iter().fold(select, |select, column| select.column_as(column, format!("{prefix}{}", column.as_str())))
}
