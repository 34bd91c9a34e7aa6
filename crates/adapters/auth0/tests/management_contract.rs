//! What is really sent, held against Auth0's own description of its API: a stand-in checks each request and refuses
//! what the description does not allow. Its paths have no `/api/v2`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]
mod tenant;

use gymapi_auth0::{Auth0Management, ManagementOptions};
use ports::{IdentityProvider, identity::IdentityError};
use serde_json::json;
use tenant::{Tenant, new_account};

const ID: &str = "auth0|507f1f77bcf86cd799439020";

/// Tokens come from the tenant, everything else from the stand-in.
async fn management() -> Option<(Auth0Management, Tenant, String)> {
    let url = testkit::servers::auth0()?;
    let api_url = url.trim_end_matches('/').to_owned();
    let tenant = Tenant::start(3600).await;
    let options =
        ManagementOptions { api_url: api_url.clone(), timeout: std::time::Duration::from_secs(10), ..tenant.options() };
    Some((Auth0Management::new(options).unwrap(), tenant, api_url))
}

#[tokio::test]
async fn the_stand_in_refuses_what_the_contract_does_not_allow() {
    let Some((_, _tenant, url)) = management().await else {
        return;
    };
    let post = |body| reqwest::Client::new().post(format!("{url}/users")).bearer_auth("token").json(body).send();
    assert_eq!(post(&json!({"email": 7})).await.unwrap().status(), 400);
}

#[tokio::test]
async fn accounts_are_created_found_and_read() {
    let Some((management, _tenant, _)) = management().await else {
        return;
    };
    let created = management.create(new_account()).await.unwrap();
    assert!(!created.id.is_empty());
    let without_phone = ports::identity::NewAccount { phone: None, ..new_account() };
    management.create(without_phone).await.unwrap();
    assert!(management.by_email("ana+gym@example.com").await.unwrap().is_some());
    assert!(!management.by_id(ID).await.unwrap().id.is_empty());
}

#[tokio::test]
async fn accounts_are_changed_and_deleted() {
    let Some((management, _tenant, _)) = management().await else {
        return;
    };
    management.change_email(ID, "new@example.com").await.unwrap();
    management.set_picture(ID, "https://cdn.example/1.png").await.unwrap();
    management.send_verification(ID).await.unwrap();
    management.delete(ID).await.unwrap();
}

#[tokio::test]
async fn roles_are_listed_assigned_and_removed() {
    let Some((management, _tenant, _)) = management().await else {
        return;
    };
    let name = management.roles(ID).await.unwrap().remove(0);
    management.assign_role(ID, &name).await.unwrap();
    management.remove_roles(ID, &[name]).await.unwrap();
    assert!(matches!(management.assign_role(ID, "Unheard of").await, Err(IdentityError::Refused(_))));
}
