//! The text of a hot read, and where its arguments belong.
use super::argument::{Argument, Bound, Marks};
use sea_orm::{EntityTrait, QueryTrait, Select, sea_query::PostgresQueryBuilder};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use tokio_postgres::types::Type;

/// A statement without its arguments.
pub(crate) struct Text {
    pub(super) sql: String,
    pub(super) values: Vec<Slot>,
    /// Of all texts of this process, from 0 on: where a line keeps what it prepared of it.
    pub(super) number: usize,
}

/// Of the values of a statement, in the order of their numbers.
#[derive(Debug, PartialEq)]
pub(super) enum Slot {
    /// The n-th of what the arguments bind.
    Argument(usize, Type),
    /// What every such statement says.
    Constant(Bound),
}

impl Text {
    /// `None`, and a word in the log, when the statement cannot be had in this form.
    pub(super) fn of<E: EntityTrait, A: Argument>(build: impl Fn(A) -> Select<E>) -> Option<Self> {
        let arguments = A::mark(&mut Marks::default());
        let mut marks = Vec::new();
        arguments.bind(&mut marks);
        let (sql, values) = build(arguments).into_query().build(PostgresQueryBuilder);
        let made = with_slots(sql, &values.0, &marks);
        if made.is_none() {
            tracing::error!(table = E::default().table_name(), "a statement does not ask for all its arguments");
        }
        let (sql, values) = made?;
        static TEXTS: AtomicUsize = AtomicUsize::new(0);
        Some(Self { sql, values, number: TEXTS.fetch_add(1, Relaxed) })
    }
}

fn with_slots(mut sql: String, values: &[sea_orm::Value], marks: &[Bound]) -> Option<(String, Vec<Slot>)> {
    let mut slots = Vec::with_capacity(values.len());
    for (n, value) in values.iter().enumerate() {
        let bound = Bound::of(value)?;
        let list = Bound::of_one(&bound);
        slots.push(match marks.iter().position(|mark| *mark == bound || Some(mark) == list.as_ref()) {
            Some(mark) => {
                let kind = marks.get(mark)?.kind();
                if kind == Type::INT8_ARRAY {
                    sql = as_array(&sql, n + 1)?;
                }
                Slot::Argument(mark, kind)
            }
            None => Slot::Constant(bound),
        });
    }
    let asked = |mark| slots.iter().any(|slot| matches!(slot, Slot::Argument(n, _) if *n == mark));
    (0..marks.len()).all(asked).then_some((sql, slots))
}

/// `IN ($3)` for any number of values: the text of a list must not depend on its length.
fn as_array(sql: &str, number: usize) -> Option<String> {
    let one = format!("IN (${number})");
    sql.contains(&one).then(|| sql.replace(&one, &format!("= ANY(${number}::bigint[])")))
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "statements without a gym are what is refused")]
mod tests {
    use super::*;
    use crate::{Page, scope};
    use domain::{
        GymId, SessionId, UserId,
        schedule::participation::{Column as C, Entity, ParticipationStatus},
    };
    use sea_orm::{ColumnTrait, QueryFilter, QuerySelect};

    type Arguments = (GymId, (UserId, Vec<SessionId>, Page));

    fn text(build: fn(Arguments) -> Select<Entity>) -> Option<Text> {
        Text::of(build)
    }

    #[test]
    fn arguments_go_where_the_builder_puts_them() {
        let text = text(|(gym, (member, sessions, page))| {
            scope::select::<Entity>(gym)
                .select_only()
                .column(C::Id)
                .filter(C::SessionId.is_in(sessions))
                .filter(C::Status.eq(ParticipationStatus::Registered))
                .filter(C::MemberId.eq(member))
                .filter(C::GymId.gte(gym))
                .offset(page.skip)
                .limit(page.limit)
        });
        let text = text.unwrap();
        let (sql, status) =
            (r#""class_participation"."session_id" = ANY($2::bigint[])"#, Bound::Text("registered".into()));
        assert!(text.sql.contains(sql), "{}", text.sql);
        let number = |n| Slot::Argument(n, Type::INT8);
        assert_eq!(
            text.values,
            [
                number(0),
                Slot::Argument(2, Type::INT8_ARRAY),
                Slot::Constant(status),
                number(1),
                number(0),
                number(4),
                number(3),
            ]
        );
    }

    #[test]
    fn a_builder_that_leaves_the_gym_out_is_refused() {
        let page = |select: Select<Entity>, page: Page| select.offset(page.skip).limit(page.limit);
        let asks_all: Option<Text> = Text::of(|(gym, of)| page(scope::select::<Entity>(gym), of));
        assert!(asks_all.is_some());
        let of_any_gym: Option<Text> = Text::of(|(_, of): (GymId, Page)| page(Entity::find(), of));
        assert!(of_any_gym.is_none());
        let of_one_gym: Option<Text> = Text::of(|(_, of): (GymId, Page)| page(scope::select::<Entity>(GymId(7)), of));
        assert!(of_one_gym.is_none());
    }
}
