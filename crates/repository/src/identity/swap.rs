#![allow(clippy::disallowed_methods)] // users and gyms are the platform's tables
use crate::{Conn, Result};
use domain::kernel::time;
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter,
    sea_query::{Expr, SimpleExpr},
};

/// Sets a column of text, and the time stamp of its row, where the column still says what is expected; tells whether it
/// did (MED-28).
pub(super) async fn swap<E: EntityTrait>(
    conn: &Conn,
    row: SimpleExpr,
    (column, stamp): (E::Column, E::Column),
    expected: Option<String>,
    new: Option<String>,
) -> Result<bool> {
    let still = match expected {
        Some(text) => column.eq(text),
        None => column.is_null(),
    };
    let swapped = E::update_many()
        .col_expr(column, Expr::value(new))
        .col_expr(stamp, Expr::value(time::now()))
        .filter(row)
        .filter(still)
        .exec(&conn.executor()?)
        .await?;
    Ok(swapped.rows_affected == 1)
}
