//! The pages that the server serves, as a browser without the internet shows them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]
#[path = "../faults/harness.rs"]
#[allow(dead_code, reason = "each test binary needs another part of it")]
mod harness;
mod kiosk;

use harness::{Installation, Part};
use testkit::browser::Browser;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documentation_shows_every_operation_without_the_internet() {
    let Some(browser) = Browser::start().await else { return };
    let server = Installation::over("").start(Part::Serve).await;
    let document = server.get("/openapi.json", "").await.unwrap().body;
    let operations = document["paths"].as_object().unwrap().values().map(|path| path.as_object().unwrap().len());
    let operations: usize = operations.sum();
    assert!(operations > 60, "{operations}");

    let page = browser.open(&format!("{}/docs", server.base)).await;
    page.wait_for(".opblock").await;
    page.wait_for_text("/api/v1/users/profile/me").await;
    let shown: usize = page.eval("document.querySelectorAll('.opblock').length").await;
    assert_eq!(shown, operations);
    assert_eq!(page.eval::<String>("document.querySelector('.info .title').firstChild.textContent").await, "GymAPI");

    // an operation unfolds, and is carried out from the page
    page.click("#operations-system-system_live .opblock-summary").await;
    page.click("#operations-system-system_live .execute").await;
    page.wait_for("#operations-system-system_live .live-responses-table").await;
    page.wait_for_text("\"status\": \"ok\"").await;

    assert_eq!(page.complaints(), Vec::<String>::new());
    let elsewhere = |url: &String| !url.starts_with(&server.base) && !url.starts_with("data:");
    assert_eq!(page.requests().into_iter().filter(elsewhere).collect::<Vec<_>>(), Vec::<String>::new());
    assert!(page.requests().iter().any(|url| url.ends_with("/openapi.json")));
    assert!(page.screenshot().await.starts_with(b"\x89PNG"));
    browser.close().await;
}
