//! Repositories of people, gyms and memberships.
pub mod gym;
pub mod membership;
pub mod module;
pub mod relationship;
mod swap;
pub mod user;

use sea_orm::sea_query::{Expr, Func, LikeExpr, SimpleExpr};

/// `lower(column) LIKE '%needle%'`, with the wildcards of the needle taken literally.
pub(crate) fn contains(column: impl sea_orm::sea_query::IntoColumnRef, needle: &str) -> SimpleExpr {
    like(column, format!("%{}%", escaped(needle)))
}

/// `lower(column) LIKE '%needle'`
fn ends_with(column: impl sea_orm::sea_query::IntoColumnRef, needle: &str) -> SimpleExpr {
    like(column, format!("%{}", escaped(needle)))
}

fn like(column: impl sea_orm::sea_query::IntoColumnRef, pattern: String) -> SimpleExpr {
    use sea_orm::sea_query::ExprTrait;
    Expr::expr(Func::lower(Expr::col(column))).like(LikeExpr::new(pattern).escape('\\'))
}

fn escaped(needle: &str) -> String {
    let mut pattern = String::with_capacity(needle.len());
    for c in needle.chars().flat_map(char::to_lowercase) {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

/// `lower(column) = lower(value)`, the form that the unique index on addresses has.
fn same_text(column: impl sea_orm::sea_query::IntoColumnRef, value: &str) -> SimpleExpr {
    use sea_orm::sea_query::ExprTrait;
    Expr::expr(Func::lower(Expr::col(column))).eq(value.trim().to_lowercase())
}
