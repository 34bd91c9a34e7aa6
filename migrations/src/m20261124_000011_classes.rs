use super::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            tenant_table("class_category_custom")
                .col(string_len("name", 100))
                .col(text_null("description"))
                .col(string_len_null("color", 255))
                .col(string_len_null("icon", 255))
                .col(boolean("is_active").default(true))
                .col(big_integer_null("created_by"))
                .foreign_key(&mut user_fk("class_category_custom", "created_by"))
                .to_owned(),
        )
        .await?;
        m.create_table(
            tenant_table("class")
                .col(string_len("name", 255))
                .col(text_null("description"))
                .col(integer("duration"))
                .col(integer("max_capacity"))
                .col(string_len("difficulty_level", 16))
                .col(big_integer_null("category_id"))
                .col(string_len_null("category_enum", 16))
                .col(boolean("is_active").default(true))
                .col(big_integer_null("created_by"))
                .check(Expr::col("duration").between(1, 1440))
                .check(Expr::col("max_capacity").gt(0))
                .check(one_of("difficulty_level", &["beginner", "intermediate", "advanced"]))
                .check(one_of(
                    "category_enum",
                    &["cardio", "strength", "flexibility", "hiit", "yoga", "pilates", "functional", "other"],
                ))
                .foreign_key(&mut tenant_fk("class", "category_id", "class_category_custom"))
                .foreign_key(&mut user_fk("class", "created_by"))
                .to_owned(),
        )
        .await?;
        let index = |name: &'static str| Index::create().name(name).table("class").col("gym_id").to_owned();
        for statement in [
            index("ix_class_active").col("is_active").col("id").to_owned(),
            index("ix_class_category_enum").col("category_enum").col("id").to_owned(),
            index("ix_class_difficulty").col("difficulty_level").col("id").to_owned(),
            index("ix_class_category").col("category_id").to_owned(),
        ] {
            m.create_index(statement).await?;
        }
        // SQLite's builder knows no index over an expression
        let name = "CREATE UNIQUE INDEX uq_class_category_custom_name ON class_category_custom (gym_id, lower(name))";
        m.get_connection().execute_unprepared(name).await?;
        Ok(())
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.drop_table(Table::drop().table("class").to_owned()).await?;
        m.drop_table(Table::drop().table("class_category_custom").to_owned()).await?;
        Ok(())
    }
}
