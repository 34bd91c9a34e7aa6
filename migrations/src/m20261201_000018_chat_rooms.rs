use super::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            tenant_table("chat_rooms")
                .col(string_len("kind", 16))
                .col(string_len("stream_channel_id", 64))
                .col(string_len("stream_channel_type", 20).default("messaging"))
                .col(string_len_null("name", 100))
                .col(big_integer_null("event_id"))
                .col(big_integer_null("creator_id"))
                .col(string_len("status", 16).default("ACTIVE"))
                .col(string_len("stream_state", 16).default("PENDING"))
                .col(boolean("frozen").default(false))
                .col(timestamp_with_time_zone_null("closed_at"))
                .check(one_of("kind", &["DIRECT", "GROUP", "EVENT", "GENERAL"]))
                .check(one_of("status", &["ACTIVE", "CLOSED"]))
                .check(one_of("stream_state", &["PENDING", "READY", "DELETED"]))
                .check(Expr::cust("(kind = 'EVENT') = (event_id IS NOT NULL)"))
                .foreign_key(&mut tenant_fk("chat_rooms", "event_id", "events"))
                .foreign_key(&mut user_fk("chat_rooms", "creator_id"))
                .to_owned(),
        )
        .await?;
        let index = |name: &'static str| Index::create().name(name).table("chat_rooms").to_owned();
        for statement in [
            index("uq_chat_rooms_channel").unique().col("stream_channel_id").to_owned(),
            index("uq_chat_rooms_event")
                .unique()
                .col("event_id")
                .and_where(Expr::col("event_id").is_not_null())
                .to_owned(),
            index("ix_chat_rooms_status").col("gym_id").col("status").col("id").to_owned(),
        ] {
            m.create_index(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.drop_table(Table::drop().table("chat_rooms").to_owned()).await
    }
}
