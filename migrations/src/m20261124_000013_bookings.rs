use super::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            tenant_table("class_participation")
                .col(big_integer("session_id"))
                .col(big_integer("member_id"))
                .col(string_len("status", 16).default("registered"))
                .col(timestamp_with_time_zone("registration_time"))
                .col(timestamp_with_time_zone_null("attendance_time"))
                .col(timestamp_with_time_zone_null("cancellation_time"))
                .col(string_len_null("cancellation_reason", 500))
                .check(one_of("status", &["registered", "attended", "cancelled", "no_show"]))
                .foreign_key(&mut tenant_fk("class_participation", "session_id", "class_session"))
                .foreign_key(&mut user_fk("class_participation", "member_id"))
                .to_owned(),
        )
        .await?;
        m.create_table(
            tenant_table("class_waitlist_entry")
                .col(big_integer("session_id"))
                .col(big_integer("member_id"))
                .col(string_len("status", 16).default("waiting"))
                .col(timestamp_with_time_zone("joined_at"))
                .col(timestamp_with_time_zone_null("resolved_at"))
                .check(one_of("status", &["waiting", "promoted", "cancelled", "expired"]))
                .check(Expr::cust("(status = 'waiting') = (resolved_at IS NULL)"))
                .foreign_key(&mut tenant_fk("class_waitlist_entry", "session_id", "class_session"))
                .foreign_key(&mut user_fk("class_waitlist_entry", "member_id"))
                .to_owned(),
        )
        .await?;
        m.create_table(
            tenant_table("class_cancellation")
                .col(big_integer("session_id"))
                .col(big_integer("member_id"))
                .col(big_integer("participation_id"))
                .col(big_integer_null("cancelled_by"))
                .col(string_len("actor", 16))
                .col(boolean("is_late").default(false))
                .col(string_len_null("reason", 500))
                .col(timestamp_with_time_zone("cancelled_at"))
                .check(one_of("actor", &["member", "staff", "system"]))
                .foreign_key(&mut tenant_fk("class_cancellation", "session_id", "class_session"))
                .foreign_key(&mut tenant_fk("class_cancellation", "participation_id", "class_participation"))
                .foreign_key(&mut user_fk("class_cancellation", "member_id"))
                .foreign_key(&mut user_fk("class_cancellation", "cancelled_by"))
                .to_owned(),
        )
        .await?;
        let of = |name: &'static str, table: &'static str| Index::create().name(name).table(table).to_owned();
        let waiting = || Expr::col("status").eq("waiting");
        for statement in [
            of("uq_class_participation_member", "class_participation")
                .unique()
                .col("session_id")
                .col("member_id")
                .to_owned(),
            of("ix_class_participation_member", "class_participation")
                .col("gym_id")
                .col("member_id")
                .col("session_id")
                .to_owned(),
            of("ix_class_participation_status", "class_participation").col("session_id").col("status").to_owned(),
            of("ix_class_participation_attended", "class_participation")
                .col("member_id")
                .col("gym_id")
                .col("status")
                .col("attendance_time")
                .to_owned(),
            of("uq_class_waitlist_entry_waiting", "class_waitlist_entry")
                .unique()
                .col("session_id")
                .col("member_id")
                .and_where(waiting())
                .to_owned(),
            of("ix_class_waitlist_entry_queue", "class_waitlist_entry")
                .col("session_id")
                .col("joined_at")
                .col("id")
                .and_where(waiting())
                .to_owned(),
            of("ix_class_waitlist_entry_member", "class_waitlist_entry")
                .col("gym_id")
                .col("member_id")
                .and_where(waiting())
                .to_owned(),
            of("ix_class_cancellation_member", "class_cancellation")
                .col("gym_id")
                .col("member_id")
                .col("cancelled_at")
                .to_owned(),
            of("ix_class_cancellation_session", "class_cancellation")
                .col("gym_id")
                .col("session_id")
                .col("id")
                .to_owned(),
        ] {
            m.create_index(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.drop_table(Table::drop().table("class_cancellation").to_owned()).await?;
        m.drop_table(Table::drop().table("class_waitlist_entry").to_owned()).await?;
        m.drop_table(Table::drop().table("class_participation").to_owned()).await?;
        Ok(())
    }
}
