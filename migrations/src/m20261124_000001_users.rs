use super::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            Table::create()
                .table("users")
                .col(big_pk_auto("id"))
                .col(text("email"))
                .col(text_null("first_name"))
                .col(text_null("last_name"))
                .col(boolean("is_active").default(true))
                .col(boolean("is_superuser").default(false))
                .col(string_len("role", 16).default("MEMBER"))
                .col(text_null("auth0_id"))
                .col(text_null("picture"))
                .col(string_len_null("locale", 5))
                .col(json_binary_null("auth0_metadata"))
                .col(text_null("phone_number"))
                .col(timestamp_with_time_zone_null("birth_date"))
                .col(double_null("height"))
                .col(double_null("weight"))
                .col(text_null("bio"))
                .col(text_null("goals"))
                .col(text_null("health_conditions"))
                .col(string_len_null("color", 7))
                .col(text_null("qr_code"))
                .col(timestamp_with_time_zone("created_at"))
                .col(timestamp_with_time_zone_null("updated_at"))
                .check(one_of("role", &["SUPER_ADMIN", "ADMIN", "TRAINER", "MEMBER"]))
                .check(Expr::cust("is_superuser = (role = 'SUPER_ADMIN')"))
                .to_owned(),
        )
        .await?;
        m.create_index(Index::create().unique().name("uq_users_auth0_id").table("users").col("auth0_id").to_owned())
            .await?;
        m.create_index(Index::create().unique().name("uq_users_qr_code").table("users").col("qr_code").to_owned())
            .await?;
        m.create_index(Index::create().name("ix_users_role").table("users").col("role").col("id").to_owned()).await?;
        let db = m.get_connection();
        // addresses compare without regard to case, and are kept as they were written
        db.execute_unprepared("CREATE UNIQUE INDEX uq_users_email ON users (lower(email))").await?;
        if db.get_database_backend() == DbBackend::Postgres {
            // the platform-wide name search; a server without the extension still answers, only slower
            db.execute_unprepared(
                "DO $$ BEGIN
                   IF EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
                     CREATE EXTENSION IF NOT EXISTS pg_trgm;
                     CREATE INDEX ix_users_first_name_trgm ON users USING gin (lower(first_name) gin_trgm_ops);
                     CREATE INDEX ix_users_last_name_trgm ON users USING gin (lower(last_name) gin_trgm_ops);
                   END IF;
                 EXCEPTION WHEN insufficient_privilege THEN
                   RAISE NOTICE 'pg_trgm may not be created here: name search over the whole platform is not indexed';
                 END $$",
            )
            .await?;
        }
        Ok(())
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.drop_table(Table::drop().table("users").to_owned()).await
    }
}
