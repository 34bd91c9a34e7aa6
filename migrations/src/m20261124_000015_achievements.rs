use super::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            tenant_table("user_achievements")
                .col(big_integer("user_id"))
                .col(string_len("achievement_type", 32))
                .col(string_len("title", 255))
                .col(text("description"))
                .col(string_len("icon", 100))
                .col(double("value"))
                .col(string_len_null("unit", 50))
                .col(string_len("rarity", 16))
                .col(timestamp_with_time_zone("earned_at"))
                .col(boolean("is_milestone").default(false))
                .col(integer("points_awarded").default(10))
                .col(big_integer_null("source_id"))
                .check(one_of(
                    "achievement_type",
                    &[
                        "attendance_streak",
                        "weight_goal",
                        "class_milestone",
                        "social_engagement",
                        "strength_gain",
                        "endurance_milestone",
                        "consistency",
                    ],
                ))
                .foreign_key(&mut user_fk("user_achievements", "user_id"))
                .to_owned(),
        )
        .await?;
        let by_person = Index::create()
            .name("ix_user_achievements_earned")
            .table("user_achievements")
            .col("user_id")
            .col("gym_id")
            .col(("earned_at", IndexOrder::Desc))
            .to_owned();
        m.create_index(by_person).await?;
        // earned once (ATT-22); in SQL, for SQLite's builder knows no index over an expression
        let once = "CREATE UNIQUE INDEX uq_user_achievements_earned ON user_achievements \
            (user_id, gym_id, achievement_type, value, coalesce(source_id, 0))";
        m.get_connection().execute_unprepared(once).await?;
        Ok(())
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.drop_table(Table::drop().table("user_achievements").to_owned()).await?;
        Ok(())
    }
}
