//! Roles by name, which the vendor knows by id.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]
mod tenant;

use ports::{IdentityProvider, identity::IdentityError};
use serde_json::json;
use tenant::{ID, ID_ENCODED, Tenant};
use wiremock::{
    Mock, ResponseTemplate,
    matchers::{method, path, query_param},
};

fn role_page(numbers: std::ops::Range<u32>) -> ResponseTemplate {
    let names = ["Owner", "Admin", "Trainer"];
    let name = |n: u32| names.get(n as usize).map_or_else(|| format!("Other {n}"), |name| (*name).to_owned());
    let role = |n: u32| json!({"id": format!("rol_{n}"), "name": name(n), "description": ""});
    ResponseTemplate::new(200).set_body_json(numbers.map(role).collect::<Vec<_>>())
}

async fn tenant_with_roles(path_of_list: &str) -> Tenant {
    let tenant = Tenant::answering(ResponseTemplate::new(204)).await;
    // "Owner", "Admin" and "Trainer" stand on the first page, "Other 100" on the second.
    for (page, roles) in [("0", role_page(0..100)), ("1", role_page(100..101))] {
        let list = Mock::given(method("GET")).and(path(path_of_list)).and(query_param("page", page));
        list.and(query_param("per_page", "100")).respond_with(roles).with_priority(1).mount(&tenant.server).await;
    }
    tenant
}

#[tokio::test]
async fn idn_89_an_accounts_roles_are_read_to_the_last_page() {
    let tenant = tenant_with_roles(&format!("/api/v2/users/{ID_ENCODED}/roles")).await;
    let roles = tenant.management().roles(ID).await.unwrap();
    assert_eq!((roles.len(), roles[0].as_str(), roles[100].as_str()), (101, "Owner", "Other 100"));
}

#[tokio::test]
async fn idn_90_role_ids_are_looked_up_once() {
    let tenant = tenant_with_roles("/api/v2/roles").await;
    let management = tenant.management();
    management.assign_role(ID, "Other 100").await.unwrap();
    management.assign_role(ID, "Owner").await.unwrap();
    management.remove_roles(ID, &["Admin".into(), "Unheard of".into(), "Trainer".into()]).await.unwrap();
    let path = format!("/users/{ID_ENCODED}/roles");
    let calls = tenant.calls().await;
    assert_eq!(calls.iter().filter(|(_, path, _)| path.starts_with("/roles")).count(), 2);
    assert_eq!(
        calls[2..],
        [
            ("POST".into(), path.clone(), json!({"roles": ["rol_100"]})),
            ("POST".into(), path.clone(), json!({"roles": ["rol_0"]})),
            ("DELETE".into(), path, json!({"roles": ["rol_1", "rol_2"]})),
        ]
    );
}

#[tokio::test]
async fn idn_90_an_unknown_role_changes_nothing() {
    let tenant = tenant_with_roles("/api/v2/roles").await;
    let management = tenant.management();
    assert!(matches!(management.assign_role(ID, "Unheard of").await, Err(IdentityError::Refused(_))));
    assert_eq!(management.remove_roles(ID, &["Unheard of".into()]).await, Ok(()));
    assert_eq!(management.remove_roles(ID, &[]).await, Ok(()));
    assert!(tenant.calls().await.iter().all(|(method, ..)| method == "GET"));
}

#[tokio::test]
async fn idn_90_a_failed_look_up_is_not_kept() {
    let tenant = Tenant::answering(ResponseTemplate::new(500)).await;
    let management = tenant.management();
    assert!(matches!(management.assign_role(ID, "Owner").await, Err(IdentityError::Unavailable { .. })));
    let list = Mock::given(method("GET")).and(path("/api/v2/roles"));
    list.respond_with(role_page(0..3)).with_priority(1).mount(&tenant.server).await;
    let assign = Mock::given(method("POST")).respond_with(ResponseTemplate::new(204));
    let assign = assign.with_priority(2);
    // The token end-point is asked by POST as well and keeps its answer: it was asked already.
    assign.mount(&tenant.server).await;
    management.assign_role(ID, "Owner").await.unwrap();
}
