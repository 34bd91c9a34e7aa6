//! What a database says of its own tables.
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, QueryResult, Statement};
use std::collections::{BTreeMap, BTreeSet};

/// What the framework keeps its own notes in.
pub const NOTES: &str = "seaql_migrations";

/// A column as far as the databases and the entities can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub kind: String,
    pub nullable: bool,
    /// Of text, in characters, where it is limited.
    pub length: Option<u32>,
}

/// Columns that refer to the columns of a parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    pub columns: Vec<String>,
    pub parent: String,
    pub parent_columns: Vec<String>,
}

pub async fn query(db: &DatabaseConnection, sql: &str) -> Vec<QueryResult> {
    db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.expect(sql)
}

async fn texts(db: &DatabaseConnection, sql: &str) -> Vec<String> {
    query(db, sql).await.iter().map(|row| row.try_get_by_index(0).expect("text")).collect()
}

pub async fn count(db: &DatabaseConnection, table: &str) -> i64 {
    query(db, &format!("SELECT count(*) FROM {table}")).await[0].try_get_by_index(0).expect("a count")
}

fn postgres(db: &DatabaseConnection) -> bool {
    db.get_database_backend() == DbBackend::Postgres
}

/// Every table but the framework's.
pub async fn tables(db: &DatabaseConnection) -> BTreeSet<String> {
    let sql = if postgres(db) {
        "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'"
    } else {
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    };
    texts(db, sql).await.into_iter().filter(|table| table != NOTES).collect()
}

/// Everything that has a name: tables, indexes, views, sequences, types, functions and triggers, without those of the
/// framework and of extensions.
pub async fn everything(db: &DatabaseConnection) -> Vec<String> {
    let sql = if postgres(db) {
        "SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace \
         UNION ALL SELECT t.typname::text FROM pg_type t WHERE t.typnamespace = 'public'::regnamespace \
           AND t.typtype IN ('e', 'd') \
         UNION ALL SELECT p.proname::text FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace \
           AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
    } else {
        "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite%'"
    };
    texts(db, sql).await.into_iter().filter(|name| !name.starts_with(NOTES)).collect()
}

pub async fn columns(db: &DatabaseConnection, table: &str) -> BTreeMap<String, Column> {
    let sql = if postgres(db) {
        format!(
            "SELECT column_name::text, data_type::text, is_nullable = 'YES', character_maximum_length::int \
             FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '{table}'"
        )
    } else {
        // the key of a table is never null, whether or not that is said
        format!("SELECT name, lower(type), \"notnull\" = 0 AND pk = 0, NULL FROM pragma_table_info('{table}')")
    };
    let column = |row: &QueryResult| {
        let name: String = row.try_get_by_index(0).expect("a name");
        let declared: String = row.try_get_by_index(1).expect("a type");
        let length = row.try_get_by_index::<Option<i32>>(3).expect("a length").and_then(|n| u32::try_from(n).ok());
        let (kind, written) = match declared.split_once('(') {
            Some((kind, rest)) => (kind.trim().to_owned(), rest.trim_end_matches(')').parse().ok()),
            None => (declared, None),
        };
        (name, Column { kind, nullable: row.try_get_by_index(2).expect("a flag"), length: length.or(written) })
    };
    query(db, &sql).await.iter().map(column).collect()
}

/// The columns of each unique index without a condition, the key among them, sorted.
pub async fn unique(db: &DatabaseConnection, table: &str) -> BTreeSet<Vec<String>> {
    let sql = if postgres(db) {
        format!(
            "SELECT string_agg(a.attname, ',' ORDER BY a.attname) FROM pg_index i \
             JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) \
             WHERE i.indrelid = '{table}'::regclass AND i.indisunique AND i.indpred IS NULL GROUP BY i.indexrelid"
        )
    } else {
        format!(
            "SELECT group_concat(name, ',') FROM (SELECT l.seq AS n, i.name FROM pragma_index_list('{table}') l, \
             pragma_index_info(l.name) i WHERE l.\"unique\" = 1 AND l.partial = 0 AND i.name IS NOT NULL \
             ORDER BY l.seq, i.name) GROUP BY n"
        )
    };
    texts(db, &sql).await.iter().map(|names| names.split(',').map(str::to_owned).collect()).collect()
}

pub async fn foreign_keys(db: &DatabaseConnection, table: &str) -> Vec<ForeignKey> {
    let sql = if postgres(db) {
        format!(
            "SELECT c.oid::bigint, f.relname::text, a.attname::text, b.attname::text FROM pg_constraint c \
             JOIN pg_class f ON f.oid = c.confrelid \
             CROSS JOIN LATERAL unnest(c.conkey, c.confkey) WITH ORDINALITY AS k(child, parent, n) \
             JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.child \
             JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = k.parent \
             WHERE c.contype = 'f' AND c.conrelid = '{table}'::regclass ORDER BY c.oid, k.n"
        )
    } else {
        format!("SELECT id, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list('{table}') ORDER BY id, seq")
    };
    let mut keys: BTreeMap<i64, ForeignKey> = BTreeMap::new();
    for row in query(db, &sql).await {
        let text = |n: usize| row.try_get_by_index::<String>(n).expect("text");
        let key = keys.entry(row.try_get_by_index(0).expect("an id")).or_insert_with(|| ForeignKey {
            columns: Vec::new(),
            parent: text(1),
            parent_columns: Vec::new(),
        });
        key.columns.push(text(2));
        key.parent_columns.push(text(3));
    }
    keys.into_values().collect()
}
