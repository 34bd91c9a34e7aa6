use super::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

const STATES: [&str; 8] = ["SCHEDULED", "PENDING", "SENDING", "SENT", "PARTIAL", "SKIPPED", "FAILED", "CANCELLED"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            tenant_table("notifications")
                // also the vendor's idempotency key
                .col(string_len("uuid", 36))
                .col(string_len("type", 50))
                .col(string_len("channel", 8))
                .col(string_len("status", 16))
                .col(json_binary("titles"))
                .col(json_binary("bodies"))
                .col(json_binary("data"))
                // of a mail: subject, text and HTML in the recipient's language
                .col(json_binary_null("mail"))
                .col(string_len_null("collapse_id", 64))
                // whoever left the gym meanwhile is not told (NTF-10)
                .col(boolean("members_only").default(false))
                .col(timestamp_with_time_zone_null("send_after"))
                // after this it is of no use any more (NTF-34)
                .col(timestamp_with_time_zone("expires_at"))
                .col(integer("recipients").default(0))
                .col(string_len("correlation", 100))
                .col(string_len_null("provider_id", 100))
                .col(text_null("error"))
                .col(integer_null("accepted_count"))
                .col(big_integer_null("created_by"))
                .col(timestamp_with_time_zone_null("sent_at"))
                .check(one_of("channel", &["push", "email", "chat"]))
                .check(one_of("status", &STATES))
                .foreign_key(&mut user_fk("notifications", "created_by"))
                .to_owned(),
        )
        .await?;
        m.create_table(
            tenant_table("notification_recipients")
                .col(big_integer("notification_id"))
                .col(big_integer("user_id"))
                .col(timestamp_with_time_zone_null("read_at"))
                .foreign_key(
                    tenant_fk("notification_recipients", "notification_id", "notifications")
                        .on_delete(ForeignKeyAction::Cascade),
                )
                .foreign_key(&mut user_fk("notification_recipients", "user_id"))
                .to_owned(),
        )
        .await?;
        m.create_table(
            Table::create()
                .table("notification_dedupe")
                .col(string_len("key", 150).primary_key())
                .col(timestamp_with_time_zone("created_at"))
                .to_owned(),
        )
        .await?;
        m.create_table(
            tenant_table("notification_preferences")
                .col(big_integer("user_id"))
                // a type of the catalogue, or `*` for all that may be refused
                .col(string_len("type", 50))
                .col(string_len("channel", 8))
                .col(boolean("enabled"))
                .check(one_of("channel", &["push", "email"]))
                .foreign_key(&mut user_fk("notification_preferences", "user_id"))
                .to_owned(),
        )
        .await?;
        m.create_table(
            tenant_table("gym_notification_settings")
                // the gym's default, for people who say none (NTF-16)
                .col(string_len("locale", 2).default("es"))
                // whether members hear of new events (NTF-45)
                .col(boolean("announce_events").default(false))
                .check(one_of("locale", &["en", "es"]))
                .to_owned(),
        )
        .await?;
        let of = |name: &'static str, table: &'static str| Index::create().name(name).table(table).to_owned();
        for statement in [
            of("uq_notifications_uuid", "notifications").unique().col("uuid").to_owned(),
            of("ix_notifications_created", "notifications").col("gym_id").col("created_at").col("id").to_owned(),
            of("ix_notifications_correlation", "notifications").col("gym_id").col("correlation").to_owned(),
            of("ix_notifications_ended", "notifications")
                .col("created_at")
                .and_where(Expr::col("status").is_in(["SENT", "PARTIAL", "SKIPPED", "FAILED", "CANCELLED"]))
                .to_owned(),
            of("uq_notification_recipients_user", "notification_recipients")
                .unique()
                .col("notification_id")
                .col("user_id")
                .to_owned(),
            of("ix_notification_recipients_user", "notification_recipients")
                .col("gym_id")
                .col("user_id")
                .col("id")
                .to_owned(),
            of("ix_notification_dedupe_created", "notification_dedupe").col("created_at").to_owned(),
            of("uq_notification_preferences_user", "notification_preferences")
                .unique()
                .col("gym_id")
                .col("user_id")
                .col("type")
                .col("channel")
                .to_owned(),
            of("uq_gym_notification_settings_gym", "gym_notification_settings").unique().col("gym_id").to_owned(),
        ] {
            m.create_index(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            "gym_notification_settings",
            "notification_preferences",
            "notification_dedupe",
            "notification_recipients",
            "notifications",
        ] {
            m.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}
