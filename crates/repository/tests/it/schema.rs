//! The schema that the migrations make is the one that the entities expect.
use crate::catalogue::{self, Column, columns, foreign_keys, tables, unique};
use sea_orm::{ColumnTrait, ColumnType, EntityTrait, IdenStatic, Iterable, sea_query::StringLen};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};
use testkit::both;

/// What an entity expects of its table.
struct Expected {
    table: String,
    columns: BTreeMap<String, (ColumnType, bool)>,
    key: Vec<String>,
}

fn expected<E: EntityTrait>() -> Expected {
    Expected {
        table: E::default().table_name().to_owned(),
        columns: E::Column::iter()
            .map(|column| {
                let def = column.def();
                (column.as_str().to_owned(), (def.get_column_type().clone(), def.is_null()))
            })
            .collect(),
        key: E::PrimaryKey::iter()
            .map(|column| column.as_str().to_owned())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect(),
    }
}

/// One line for each entity; [`every_entity_of_the_source_is_compared`] tells of one that is missing.
macro_rules! entities {
    ($($context:ident::$noun:ident),+ $(,)?) => {
        fn entities() -> Vec<Expected> {
            vec![$(expected::<domain::$context::$noun::Entity>()),+]
        }
    };
}

entities!(
    attendance::achievement,
    attendance::goal,
    attendance::health_record,
    attendance::health_snapshot,
    billing::event_credit,
    billing::stripe_account,
    billing::stripe_profile,
    chat::room,
    events::event,
    events::participation,
    events::refund_task,
    identity::follow,
    identity::gym,
    identity::gym_module,
    identity::membership,
    identity::module,
    identity::relationship,
    identity::user,
    kernel::idempotency_key,
    kernel::installation,
    kernel::job,
    kernel::outbox,
    notifications::dedupe,
    notifications::device,
    notifications::notification,
    notifications::preference,
    notifications::recipient,
    notifications::settings,
    schedule::calendar_feed,
    schedule::cancellation,
    schedule::category,
    schedule::class,
    schedule::opening_hours,
    schedule::participation,
    schedule::review,
    schedule::session,
    schedule::settings,
    schedule::special_day,
    schedule::waitlist,
);

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The tables named by the entities of the domain crate's source.
fn tables_of_the_source() -> BTreeSet<String> {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../domain/src"), &mut files);
    let mut named = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let derived = text.matches("DeriveEntityModel)").count();
        let names: Vec<_> = text.split("table_name = \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(derived, names.len(), "{}: an entity without a table_name", file.display());
        named.extend(names.into_iter().map(str::to_owned));
    }
    named
}

/// How each database declares a type of an entity.
fn kinds(of: &ColumnType, postgres: bool) -> (&'static [&'static str], Option<u32>) {
    let length = match of {
        ColumnType::String(StringLen::N(n)) => Some(*n),
        _ => None,
    };
    let kinds: &[&str] = match (of, postgres) {
        (ColumnType::String(_) | ColumnType::Text, true) => &["character varying", "text"],
        (ColumnType::String(_) | ColumnType::Text, false) => &["varchar", "text"],
        (ColumnType::Integer | ColumnType::BigInteger, false) => &["integer"],
        (ColumnType::Integer, true) => &["integer"],
        (ColumnType::BigInteger, true) => &["bigint"],
        (ColumnType::SmallInteger, true) => &["smallint"],
        (ColumnType::SmallInteger, false) => &["smallint", "integer"],
        (ColumnType::Boolean, _) => &["boolean"],
        (ColumnType::Double, true) => &["double precision"],
        (ColumnType::Double, false) => &["double"],
        (ColumnType::TimestampWithTimeZone, true) => &["timestamp with time zone"],
        (ColumnType::TimestampWithTimeZone, false) => &["timestamp_with_timezone_text"],
        (ColumnType::Date, true) => &["date"],
        (ColumnType::Date, false) => &["date_text"],
        (ColumnType::Time, true) => &["time without time zone"],
        (ColumnType::Time, false) => &["time_text"],
        (ColumnType::JsonBinary, true) => &["jsonb"],
        (ColumnType::JsonBinary, false) => &["jsonb_text"],
        (ColumnType::VarBinary(_) | ColumnType::Blob, true) => &["bytea"],
        (ColumnType::VarBinary(_) | ColumnType::Blob, false) => &["blob"],
        (other, _) => panic!("say here how a database declares {other:?}"),
    };
    (kinds, length)
}

fn difference(table: &str, expected: &Expected, live: &BTreeMap<String, Column>, postgres: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, (of, nullable)) in &expected.columns {
        let Some(column) = live.get(name) else {
            wrong.push(format!("{table}.{name}: a field without a column"));
            continue;
        };
        let (kinds, length) = kinds(of, postgres);
        if !kinds.contains(&column.kind.as_str()) {
            wrong.push(format!("{table}.{name}: the field is {of:?}, the column {}", column.kind));
        }
        if *nullable != column.nullable {
            wrong.push(format!("{table}.{name}: field nullable {nullable}, column nullable {}", column.nullable));
        }
        if length.is_some() && length != column.length {
            wrong.push(format!("{table}.{name}: the field has {length:?} characters, the column {:?}", column.length));
        }
    }
    let without = live.keys().filter(|name| !expected.columns.contains_key(*name));
    wrong.extend(without.map(|name| format!("{table}.{name}: a column without a field")));
    wrong
}

#[test]
fn every_entity_of_the_source_is_compared() {
    let compared: BTreeSet<_> = entities().into_iter().map(|e| e.table).collect();
    assert_eq!(compared, tables_of_the_source(), "name the entity in `entities!`");
}

both! {
    async fn every_table_has_the_columns_that_its_entity_expects_and_no_others(t: TestDb) {
        let entities: BTreeMap<_, _> = entities().into_iter().map(|e| (e.table.clone(), e)).collect();
        let live = tables(t.pool()).await;
        assert_eq!(live, entities.keys().cloned().collect(), "tables and entities");
        let mut wrong = Vec::new();
        for (table, entity) in &entities {
            wrong.extend(difference(table, entity, &columns(t.pool(), table).await, t.is_postgres()));
            let rowid = !t.is_postgres() && entity.key == ["id"];
            if !rowid && !unique(t.pool(), table).await.contains(&entity.key) {
                wrong.push(format!("{table}: {:?} is no key", entity.key));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    async fn idn_118_no_foreign_key_leads_from_one_gym_into_another(t: TestDb) {
        let live = tables(t.pool()).await;
        let (mut tenants, mut gyms) = (BTreeSet::new(), 0);
        for table in &live {
            let names = columns(t.pool(), table).await;
            // a row that belongs to a gym always, and can be named by an id of its own
            if names.get("gym_id").is_some_and(|c| !c.nullable) && names.contains_key("id") {
                tenants.insert(table.clone());
            }
        }
        for table in &tenants {
            let pair = vec!["gym_id".to_owned(), "id".to_owned()];
            assert!(unique(t.pool(), table).await.contains(&pair), "{table}: nothing can refer to (gym_id, id)");
        }
        for table in &live {
            for key in foreign_keys(t.pool(), table).await {
                gyms += usize::from(key.parent == "gyms");
                if !tenants.contains(&key.parent) {
                    continue;
                }
                let at = key.columns.iter().position(|c| c == "gym_id");
                let theirs = at.and_then(|at| key.parent_columns.get(at));
                assert_eq!(theirs.map(String::as_str), Some("gym_id"), "{table}: {key:?}");
            }
        }
        assert!(tenants.len() >= 3 && gyms >= tenants.len(), "{tenants:?}, {gyms}");
    }

    async fn the_comparison_sees_what_differs(t: TestDb) {
        let pool = t.pool();
        use sea_orm::ConnectionTrait;
        // in one go, for it must be one connection: SQLite's others know the columns of a moment ago
        let changes = [
            "ALTER TABLE gyms ADD COLUMN forgotten integer",
            "ALTER TABLE gyms RENAME COLUMN phone TO telephone",
            "ALTER TABLE gyms DROP COLUMN max_clients",
            "ALTER TABLE gyms ADD COLUMN max_clients text NOT NULL DEFAULT ''",
        ];
        pool.execute_unprepared(&changes.join(";")).await.unwrap();
        let gyms = entities().into_iter().find(|e| e.table == "gyms").unwrap();
        let mut wrong = difference("gyms", &gyms, &columns(pool, "gyms").await, t.is_postgres());
        wrong.sort();
        let told: Vec<_> = wrong.iter().map(|line| line.split([':', ',']).take(2).collect::<String>()).collect();
        assert_eq!(told, [
            "gyms.forgotten a column without a field",
            "gyms.max_clients field nullable true",
            "gyms.max_clients the field is Integer",
            "gyms.phone a field without a column",
            "gyms.telephone a column without a field",
        ]);
        assert_eq!(catalogue::count(pool, "gyms").await, 0);
    }
}
