use super::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            Table::create()
                .table("outbox")
                .col(big_pk_auto("id"))
                .col(big_integer_null("gym_id"))
                .col(string_len("kind", 64))
                .col(string_len("aggregate", 128))
                .col(string_len_null("dedupe_key", 255))
                .col(json_binary("payload"))
                .col(string_len("status", 16).default("pending"))
                .col(integer("attempts").default(0))
                .col(timestamp_with_time_zone("next_attempt_at"))
                .col(string_len_null("lease", 64))
                .col(timestamp_with_time_zone_null("leased_until"))
                .col(text_null("last_error"))
                .col(timestamp_with_time_zone("created_at"))
                .col(timestamp_with_time_zone_null("done_at"))
                .check(one_of("status", &["pending", "running", "done", "dead"]))
                .foreign_key(&mut fk("outbox", "gym_id", "gyms", ForeignKeyAction::Cascade))
                .to_owned(),
        )
        .await?;
        let index = |name: &'static str| Index::create().name(name).table("outbox").to_owned();
        let is = |status: &'static str| Expr::col("status").eq(status);
        for statement in [
            // of the effects that wait with one kind and key there is one; a running one does not swallow a new one
            index("uq_outbox_dedupe").unique().col("kind").col("dedupe_key").and_where(is("pending")).to_owned(),
            index("ix_outbox_pending").col("next_attempt_at").col("id").and_where(is("pending")).to_owned(),
            index("ix_outbox_running").col("leased_until").and_where(is("running")).to_owned(),
            index("ix_outbox_aggregate")
                .col("aggregate")
                .col("id")
                .and_where(Expr::col("status").is_in(["pending", "running"]))
                .to_owned(),
            index("ix_outbox_dead").col("id").and_where(is("dead")).to_owned(),
            index("ix_outbox_done").col("done_at").and_where(is("done")).to_owned(),
        ] {
            m.create_index(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.drop_table(Table::drop().table("outbox").to_owned()).await
    }
}
