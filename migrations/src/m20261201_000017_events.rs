use super::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

const STATES: [&str; 4] = ["REGISTERED", "PENDING_PAYMENT", "WAITING_LIST", "CANCELLED"];
const PAYMENT_STATES: [&str; 5] = ["PENDING", "PAID", "REFUNDED", "CREDITED", "EXPIRED"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            tenant_table("events")
                .col(string_len("title", 100))
                .col(text_null("description"))
                .col(timestamp_with_time_zone("start_time"))
                .col(timestamp_with_time_zone("end_time"))
                .col(string_len_null("location", 100))
                .col(integer("max_participants").default(0))
                .col(string_len("status", 16).default("SCHEDULED"))
                .col(boolean("is_paid").default(false))
                .col(integer_null("price_cents"))
                .col(string_len("currency", 3).default("EUR"))
                .col(string_len_null("refund_policy", 16))
                .col(integer_null("refund_deadline_hours").default(24))
                .col(integer_null("partial_refund_percentage").default(50))
                .col(string_len_null("stripe_product_id", 255))
                .col(string_len_null("stripe_price_id", 255))
                .col(big_integer("creator_id"))
                .col(integer("completion_attempts").default(0))
                .col(timestamp_with_time_zone_null("cancellation_date"))
                .col(big_integer_null("cancelled_by_user_id"))
                .col(string_len_null("cancellation_reason", 500))
                .col(integer_null("total_refunded_cents"))
                // of changes that people are told of (NTF-90)
                .col(integer("version").default(0))
                .check(Expr::cust("end_time > start_time"))
                .check(Expr::col("max_participants").gte(0))
                .check(Expr::cust("is_paid = (price_cents IS NOT NULL AND price_cents > 0)"))
                .check(Expr::cust("is_paid = (refund_policy IS NOT NULL)"))
                .check(Expr::col("refund_deadline_hours").gte(0))
                .check(Expr::col("partial_refund_percentage").between(0, 100))
                .check(one_of("status", &["SCHEDULED", "CANCELLED", "COMPLETED"]))
                .check(one_of("refund_policy", &["NO_REFUND", "FULL_REFUND", "PARTIAL_REFUND", "CREDIT"]))
                .foreign_key(&mut user_fk("events", "creator_id"))
                .foreign_key(&mut user_fk("events", "cancelled_by_user_id"))
                .to_owned(),
        )
        .await?;
        m.create_table(
            tenant_table("event_participations")
                .col(big_integer("event_id"))
                .col(big_integer("member_id"))
                .col(string_len("status", 16))
                .col(boolean("attended").default(false))
                .col(string_len_null("payment_status", 16))
                .col(string_len_null("stripe_payment_intent_id", 255))
                .col(integer_null("amount_paid_cents"))
                .col(integer_null("refund_amount_cents"))
                .col(timestamp_with_time_zone_null("payment_date"))
                .col(timestamp_with_time_zone_null("refund_date"))
                .col(timestamp_with_time_zone_null("payment_expiry"))
                .col(timestamp_with_time_zone("registered_at"))
                .col(timestamp_with_time_zone_null("queued_at"))
                // grows with every intent that takes another's place (EVT-51)
                .col(integer("payment_attempt").default(0))
                .check(one_of("status", &STATES))
                .check(one_of("payment_status", &PAYMENT_STATES))
                .check(Expr::cust("status <> 'WAITING_LIST' OR queued_at IS NOT NULL"))
                .foreign_key(&mut tenant_fk("event_participations", "event_id", "events"))
                .foreign_key(&mut user_fk("event_participations", "member_id"))
                .to_owned(),
        )
        .await?;
        m.create_table(
            tenant_table("event_refund_task")
                .col(big_integer("event_id"))
                .col(big_integer("participation_id"))
                .col(string_len_null("payment_intent_id", 255))
                .col(integer("amount_cents"))
                .col(string_len("kind", 16))
                .col(string_len("state", 16).default("pending"))
                .col(integer("attempts").default(0))
                .col(timestamp_with_time_zone("next_attempt_at"))
                .col(text_null("last_error"))
                .col(string_len_null("stripe_refund_id", 255))
                // what staff gave as the reason
                .col(string_len_null("reason", 500))
                .check(Expr::col("amount_cents").gt(0))
                .check(one_of("kind", &["policy", "event_cancelled", "late_payment", "unseated", "admin"]))
                .check(one_of("state", &["pending", "done", "withdrawn", "failed", "kept"]))
                .foreign_key(&mut tenant_fk("event_refund_task", "event_id", "events"))
                .foreign_key(&mut tenant_fk("event_refund_task", "participation_id", "event_participations"))
                .to_owned(),
        )
        .await?;
        let of = |name: &'static str, table: &'static str| Index::create().name(name).table(table).to_owned();
        let (events, parts, tasks) = ("events", "event_participations", "event_refund_task");
        for statement in [
            of("ix_events_start", events).col("gym_id").col("start_time").col("id").to_owned(),
            of("ix_events_status", events).col("gym_id").col("status").col("start_time").col("id").to_owned(),
            of("ix_events_creator", events).col("gym_id").col("creator_id").col("start_time").col("id").to_owned(),
            // the clock's jobs look over all gyms
            of("ix_events_ending", events)
                .col("end_time")
                .col("id")
                .and_where(Expr::col("status").eq("SCHEDULED"))
                .to_owned(),
            of("uq_event_participations_member", parts).unique().col("event_id").col("member_id").to_owned(),
            of("ix_event_participations_member", parts).col("gym_id").col("member_id").col("registered_at").to_owned(),
            // who is in an event, and how many
            of("ix_event_participations_queue", parts)
                .col("gym_id")
                .col("event_id")
                .col("status")
                .col("queued_at")
                .col("id")
                .to_owned(),
            of("uq_event_participations_intent", parts)
                .unique()
                .col("stripe_payment_intent_id")
                .and_where(Expr::col("stripe_payment_intent_id").is_not_null())
                .to_owned(),
            of("ix_event_participations_expiry", parts)
                .col("payment_expiry")
                .and_where(Expr::col("payment_status").eq("PENDING"))
                .to_owned(),
            of("uq_event_refund_task_payment", tasks)
                .unique()
                .col("participation_id")
                .col("payment_intent_id")
                .and_where(Expr::col("state").ne("withdrawn"))
                .to_owned(),
            of("ix_event_refund_task_due", tasks)
                .col("next_attempt_at")
                .col("id")
                .and_where(Expr::col("state").eq("pending"))
                .to_owned(),
            of("ix_event_refund_task_event", tasks).col("gym_id").col("event_id").to_owned(),
        ] {
            m.create_index(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        for table in ["event_refund_task", "event_participations", "events"] {
            m.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}
