use super::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            Table::create()
                .table("idempotency_keys")
                .col(big_pk_auto("id"))
                .col(string_len("scope", 255))
                .col(string_len("key", 255))
                .col(string_len("fingerprint", 64))
                .col(integer_null("status"))
                .col(string_len_null("content_type", 255))
                .col(var_binary_null("body", 0).custom(blob_type(m)))
                .col(timestamp_with_time_zone("locked_until"))
                .col(timestamp_with_time_zone("created_at"))
                .to_owned(),
        )
        .await?;
        m.create_index(
            Index::create()
                .unique()
                .name("uq_idempotency_keys")
                .table("idempotency_keys")
                .col("scope")
                .col("key")
                .to_owned(),
        )
        .await?;
        m.create_index(
            Index::create().name("ix_idempotency_keys_age").table("idempotency_keys").col("created_at").to_owned(),
        )
        .await
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.drop_table(Table::drop().table("idempotency_keys").to_owned()).await
    }
}

fn blob_type(m: &SchemaManager) -> &'static str {
    match m.get_database_backend() {
        DbBackend::Postgres => "bytea",
        _ => "blob",
    }
}
