//! The page at the door, used as a scanner and its staff use it.
use crate::harness::{Installation, Part};
use chrono::Utc;
use gymapi::domain::{
    identity::{GymRole, gym, user},
    schedule::participation::ParticipationStatus,
};
use testkit::{
    app::App,
    browser::{Browser, Page},
    database::{Kind, TestDb},
    schedule::in_minutes,
};
use tokio::net::TcpListener;

/// Serves the API on a port of its own until the test ends.
async fn serve(app: &App) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let router = app.router.clone();
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}

/// What a scanner does: it types the code and ends it with Enter.
async fn scan(page: &Page, code: &str) {
    page.type_into("#code", code).await;
    page.wait_for("#code").await.press_key("Enter").await.unwrap();
}

async fn sign_in(page: &Page, gym: i64, token: &str) {
    page.type_into("#gym", &gym.to_string()).await;
    page.eval::<bool>(&format!("(document.getElementById('token').value = '{token}', true)")).await;
    page.click("#open").await;
}

async fn text(page: &Page, selector: &str) -> String {
    page.eval(&format!("document.querySelector('{selector}').textContent")).await
}

async fn colour(page: &Page) -> String {
    page.eval("getComputedStyle(document.querySelector('#result')).backgroundColor").await
}

struct Cast {
    gym: gym::Model,
    tom: user::Model,
    ana: user::Model,
    eve: user::Model,
}

async fn cast(app: &App) -> Cast {
    let gym = app.world.gym("box").await;
    let tom = app.world.person(&gym, "tom", GymRole::Trainer).await;
    let ana = app.world.member(&gym, "ana").await;
    // whatever somebody calls themself, it is shown as it is
    let name = "<img src=x onerror=alert(1)>";
    let eve = app.world.user_with("eve", |u| u.first_name = Some(name.into())).await;
    app.world.join(gym.id, eve.id, GymRole::Member).await;
    let class = app.world.class(&gym).await;
    let session = app.world.session(&class, &tom, in_minutes(5)).await;
    app.world.booking(&session, ana.id, ParticipationStatus::Registered).await;
    Cast { gym, tom, ana, eve }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_door_shows_who_is_in_and_is_ready_again_at_once() {
    let Some(browser) = Browser::start().await else { return };
    let Some(t) = TestDb::open(Kind::Sqlite, 4).await else { return };
    let app = App::new(&t).await;
    let Cast { gym, tom, ana, eve } = cast(&app).await;
    let base = serve(&app).await;
    let page = browser.open(&format!("{base}/kiosk")).await;

    sign_in(&page, gym.id.0, &app.token(&tom)).await;
    page.wait_for("#result[data-outcome=ready]").await;
    assert_eq!(text(&page, "#gym-name").await, gym.name);
    assert_eq!(page.eval::<String>("document.activeElement.id").await, "code");

    let started = Utc::now();
    scan(&page, &ana.qr_code.clone().unwrap()).await;
    page.wait_for("#result[data-outcome=success]").await;
    assert_eq!(text(&page, "#who").await, "ana Tester");
    assert!(text(&page, "#what").await.starts_with("Spinning · "));
    assert_eq!(colour(&page).await, "rgb(21, 128, 61)");
    let last = app.services.core.stores.attended_days.last(&t.db, gym.id, ana.id).await.unwrap();
    assert!(last.unwrap() >= started);
    let ready = "document.activeElement.id === 'code' && document.activeElement.value === ''";
    assert!(page.eval::<bool>(ready).await, "ready for the next");

    scan(&page, &eve.qr_code.clone().unwrap()).await;
    page.wait_for_text("<img src=x").await;
    assert_eq!(page.eval::<u32>("document.querySelectorAll('#who *').length").await, 0);
    assert_eq!(page.complaints(), Vec::<String>::new(), "nothing that the policy forbids");

    scan(&page, &ana.qr_code.unwrap()).await;
    page.wait_for("#result[data-outcome=again]").await;
    page.wait_for_text("Checked in already.").await;
    scan(&page, "U1_0123456789abcdef").await;
    page.wait_for("#result[data-outcome=refused]").await;
    page.wait_for_text("This code is not known.").await;
    assert_eq!(colour(&page).await, "rgb(185, 28, 28)");

    // a reload keeps the door open; closing it forgets the token
    page.eval::<bool>("(location.reload(), true)").await;
    page.wait_for("#result[data-outcome=ready]").await;
    page.click("#close").await;
    page.wait_for_text("Sign in as staff to open the door.").await;
    assert_eq!(page.eval::<u32>("sessionStorage.length").await, 0);

    // what was refused is noted by the browser, and nothing else is
    assert!(page.complaints().iter().all(|c| c.contains("400")), "{:?}", page.complaints());
    let elsewhere = |url: &String| !url.starts_with(&base) && !url.starts_with("data:");
    assert_eq!(page.requests().into_iter().filter(elsewhere).collect::<Vec<_>>(), Vec::<String>::new());
    browser.close().await;
    drop(app);
    t.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_development_the_door_opens_with_a_token_of_the_server_itself() {
    let Some(browser) = Browser::start().await else { return };
    let server = Installation::over("").start(Part::Serve).await;
    let page = browser.open(&format!("{}/kiosk", server.base)).await;
    page.type_into("#email", "owner@demo.gym").await;
    page.click("#ask-token").await;
    page.wait_for("#token:valid").await;
    page.type_into("#gym", "1").await;
    page.click("#open").await;
    page.wait_for("#result[data-outcome=ready]").await;
    assert!(!text(&page, "#gym-name").await.is_empty());
    scan(&page, "U1_0123456789abcdef").await;
    page.wait_for_text("This code is not known.").await;
    browser.close().await;
}
