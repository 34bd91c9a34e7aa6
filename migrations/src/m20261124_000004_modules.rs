use super::*;
use sea_orm_migration::sea_orm::prelude::DateTimeUtc;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Code, name, premium (IDN-76).
const CATALOGUE: [(&str, &str, bool); 16] = [
    ("users", "Usuarios", false),
    ("schedule", "Horarios", false),
    ("events", "Eventos", false),
    ("chat", "Chat", false),
    ("billing", "Facturación", false),
    ("health", "Salud", false),
    ("equipment", "Equipamiento", false),
    ("appointments", "Citas", false),
    ("progress", "Progreso", false),
    ("classes", "Clases", false),
    ("attendance", "Asistencia", false),
    ("nutrition", "Nutrición", true),
    ("surveys", "Encuestas", true),
    ("stories", "Historias", true),
    ("posts", "Publicaciones", true),
    ("activity_feed", "Actividad", true),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            Table::create()
                .table("modules")
                .col(big_pk_auto("id"))
                .col(string_len_uniq("code", 50))
                .col(string_len("name", 100))
                .col(text_null("description"))
                .col(boolean("is_premium").default(false))
                .col(timestamp_with_time_zone("created_at"))
                .col(timestamp_with_time_zone("updated_at"))
                .to_owned(),
        )
        .await?;
        m.create_table(
            Table::create()
                .table("gym_modules")
                .col(big_integer("gym_id"))
                .col(big_integer("module_id"))
                .col(boolean("active").default(true))
                .col(timestamp_with_time_zone_null("activated_at"))
                .col(timestamp_with_time_zone_null("deactivated_at"))
                .primary_key(Index::create().col("gym_id").col("module_id"))
                .foreign_key(&mut fk("gym_modules", "gym_id", "gyms", ForeignKeyAction::Cascade))
                .foreign_key(&mut fk("gym_modules", "module_id", "modules", ForeignKeyAction::Cascade))
                .to_owned(),
        )
        .await?;
        let now: DateTimeUtc = sea_orm_migration::sea_orm::prelude::ChronoUtc::now();
        let mut insert = Query::insert()
            .into_table("modules")
            .columns(["code", "name", "is_premium", "created_at", "updated_at"])
            .to_owned();
        for (code, name, premium) in CATALOGUE {
            insert.values_panic([code.into(), name.into(), premium.into(), now.into(), now.into()]);
        }
        m.execute(insert).await
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.drop_table(Table::drop().table("gym_modules").to_owned()).await?;
        m.drop_table(Table::drop().table("modules").to_owned()).await
    }
}
