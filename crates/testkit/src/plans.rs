//! How PostgreSQL would answer what an application sends: every statement is kept as it was sent, values and all, and
//! explained afterwards.
use crate::database::TestDb;
use repository::Db;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement, TransactionTrait};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    mem::take,
    sync::{Arc, Mutex},
};

/// A handle of a test's database that keeps what is sent through it.
pub struct Watched {
    pub db: Db,
    sent: Arc<Mutex<Vec<Statement>>>,
}

impl Watched {
    pub fn over(t: &TestDb) -> Self {
        let sent: Arc<Mutex<Vec<Statement>>> = Arc::default();
        let kept = sent.clone();
        let db = t.db.watched(move |statement| kept.lock().expect("no panic while held").push(statement.clone()));
        Self { db, sent }
    }

    /// What was sent since the last call.
    pub fn sent(&self) -> Vec<Statement> {
        take(&mut *self.sent.lock().expect("no panic while held"))
    }
}

/// What the planner intends for a statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The planner's estimate for all of it, in its own unit: one is a page read in sequence.
    pub cost: f64,
    /// Tables that are read from end to end.
    pub scanned: Vec<String>,
}

/// The plans of statements, by their text; of one that was sent with different values the dearest.
///
/// A table of a page or two is cheapest read whole. With `by_indices` it is not, wherever there is an index: what a plan
/// costs can then be held against the same plan over larger tables.
pub async fn explained(
    pool: &DatabaseConnection,
    statements: Vec<Statement>,
    by_indices: bool,
) -> BTreeMap<String, Plan> {
    let tx = pool.begin().await.expect("a transaction");
    if by_indices {
        tx.execute_unprepared("SET LOCAL enable_seqscan = off").await.expect("a setting");
    }
    let mut plans: BTreeMap<String, Plan> = BTreeMap::new();
    for statement in statements {
        let Statement { sql, values, .. } = statement;
        let explain = format!("EXPLAIN (FORMAT JSON) {sql}");
        let asked = match values {
            Some(values) => Statement::from_sql_and_values(DbBackend::Postgres, explain, values),
            None => Statement::from_string(DbBackend::Postgres, explain),
        };
        let row = tx.query_one_raw(asked).await.expect("a statement that can be explained").expect("a plan");
        let json: Value = row.try_get_by_index(0).expect("a plan in JSON");
        let root = json.pointer("/0/Plan").expect("a plan");
        let mut scanned = Vec::new();
        tables_scanned(root, &mut scanned);
        let plan = Plan { cost: root["Total Cost"].as_f64().unwrap_or(f64::INFINITY), scanned };
        let dearest = plans.entry(sql).or_insert_with(|| plan.clone());
        if plan.cost > dearest.cost {
            *dearest = plan;
        }
    }
    plans
}

fn tables_scanned(node: &Value, tables: &mut Vec<String>) {
    if node["Node Type"] == "Seq Scan" {
        tables.extend(node["Relation Name"].as_str().map(str::to_owned));
    }
    for child in node["Plans"].as_array().into_iter().flatten() {
        tables_scanned(child, tables);
    }
}
