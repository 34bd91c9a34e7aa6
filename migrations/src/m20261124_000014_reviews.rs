use super::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            tenant_table("class_reviews")
                .col(big_integer("session_id"))
                .col(big_integer("member_id"))
                .col(small_integer("rating"))
                .col(string_len_null("comment", 1000))
                .check(Expr::col("rating").between(1, 5))
                .foreign_key(&mut tenant_fk("class_reviews", "session_id", "class_session"))
                .foreign_key(&mut user_fk("class_reviews", "member_id"))
                .to_owned(),
        )
        .await?;
        m.create_table(
            tenant_table("calendar_feeds")
                .col(big_integer_null("member_id"))
                .col(string_len("token_hash", 64))
                .foreign_key(&mut user_fk("calendar_feeds", "member_id"))
                .to_owned(),
        )
        .await?;
        let of = |name: &'static str, table: &'static str| Index::create().name(name).table(table).to_owned();
        for statement in [
            of("uq_class_reviews_member", "class_reviews").unique().col("session_id").col("member_id").to_owned(),
            of("ix_class_reviews_session", "class_reviews")
                .col("gym_id")
                .col("session_id")
                .col("created_at")
                .to_owned(),
            of("ix_class_reviews_member", "class_reviews")
                .col("gym_id")
                .col("member_id")
                .col(("created_at", IndexOrder::Desc))
                .to_owned(),
            of("uq_calendar_feeds_token", "calendar_feeds").unique().col("token_hash").to_owned(),
            // one feed of a member, and one of the gym itself
            of("uq_calendar_feeds_member", "calendar_feeds")
                .unique()
                .col("gym_id")
                .col("member_id")
                .and_where(Expr::col("member_id").is_not_null())
                .to_owned(),
            of("uq_calendar_feeds_gym", "calendar_feeds")
                .unique()
                .col("gym_id")
                .and_where(Expr::col("member_id").is_null())
                .to_owned(),
        ] {
            m.create_index(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.drop_table(Table::drop().table("calendar_feeds").to_owned()).await?;
        m.drop_table(Table::drop().table("class_reviews").to_owned()).await?;
        Ok(())
    }
}
