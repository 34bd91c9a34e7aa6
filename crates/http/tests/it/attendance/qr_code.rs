//! The code that a member carries, and its pictures.
use super::{Cast, cast, code, get, show};
use domain::identity::user;
use image::ImageFormat;
use serde_json::json;
use testkit::{
    app::{Answer, App},
    both,
    schedule::in_minutes,
};

const OWN: &str = "/api/v1/users/me/qr-code";
const NEW: &str = "/api/v1/users/me/qr-code/regenerate";

/// What another program reads in a picture.
fn read(width: usize, height: usize, luma: impl Fn(usize, usize) -> u8) -> String {
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, luma);
    let found = image.detect_grids();
    assert_eq!(found.len(), 1, "one code in the picture");
    found[0].decode().unwrap().1
}

fn read_png(file: &[u8]) -> String {
    let picture = image::load_from_memory_with_format(file, ImageFormat::Png).unwrap().to_luma8();
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    read(width, height, |x, y| picture.get_pixel(x as u32, y as u32).0[0])
}

/// Draws the squares of the path, ten pixels for one.
fn read_svg(text: &str) -> String {
    let between = |from: &str, to: &str| text.split(from).nth(1).unwrap().split(to).next().unwrap().to_owned();
    let side: usize = between("viewBox=\"0 0 ", " ").parse().unwrap();
    let mut dark = vec![vec![false; side]; side];
    for square in between("path d=\"", "\"").split('M').skip(1) {
        let at = square.strip_suffix("h1v1h-1z").unwrap();
        let (x, y) = at.split_once(' ').unwrap();
        dark[y.parse::<usize>().unwrap()][x.parse::<usize>().unwrap()] = true;
    }
    read(side * 10, side * 10, |x, y| if dark[y / 10][x / 10] { 0 } else { 255 })
}

async fn own(app: &App, by: &user::Model, kind: &str) -> Answer {
    app.get(&format!("{OWN}{kind}")).by(by).send().await
}

both! {
    async fn att_1_the_pictures_show_the_code(t: TestDb) {
        let app = App::new(t).await;
        let ana = app.world.user("ana").await;
        let text = own(&app, &ana, "").await.expect(200);
        assert_eq!(text, json!({"qr_code": code(&ana)}));
        let svg = own(&app, &ana, ".svg").await;
        assert_eq!((svg.status.as_u16(), svg.header("content-type")), (200, "image/svg+xml"));
        assert_eq!(svg.header("cache-control"), "private, no-store");
        assert_eq!(read_svg(std::str::from_utf8(&svg.body).unwrap()), code(&ana));
        let png = own(&app, &ana, ".png").await;
        assert_eq!((png.status.as_u16(), png.header("content-type")), (200, "image/png"));
        assert_eq!(read_png(&png.body), code(&ana));
        for kind in ["", ".svg", ".png"] {
            assert_eq!(app.get(&format!("{OWN}{kind}")).send().await.status, 401);
        }
    }

    async fn att_1_whoever_has_no_code_gets_one(t: TestDb) {
        use sea_orm::ConnectionTrait;
        let app = App::new(t).await;
        let ana = app.world.user("ana").await;
        own(&app, &ana, "").await.expect(200);
        t.pool().execute_unprepared("UPDATE users SET qr_code = NULL").await.unwrap();
        let new = own(&app, &ana, "").await.expect(200);
        assert!(new["qr_code"].as_str().unwrap().starts_with(&format!("U{}_", ana.id)));
        assert_eq!(own(&app, &ana, "").await.expect(200), new);
    }

    async fn att_4_a_new_code_ends_the_old_one_at_once(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, tom, ana, spin } = cast(&app, 5).await;
        app.world.session(&spin, &tom, in_minutes(5)).await;
        let old = code(&ana);
        let new = app.post(NEW).by(&ana).send().await.expect(200)["qr_code"].as_str().unwrap().to_owned();
        assert_ne!(new, old);
        assert_eq!(show(&app, &tom, gym.id, &old, None).await.outcome(), (400, "invalid_qr".into()));
        assert_eq!(own(&app, &ana, "").await.expect(200), json!({"qr_code": new}));
        assert_eq!(read_png(&own(&app, &ana, ".png").await.body), new);
        show(&app, &tom, gym.id, &new, None).await.expect(200);
        // and a code of former times stays valid
        use sea_orm::ConnectionTrait;
        let ben = app.world.member(&gym, "ben").await;
        let former = format!("U{}_0123abcd", ben.id);
        let set = format!("UPDATE users SET qr_code = '{former}' WHERE id = {}", ben.id);
        t.pool().execute_unprepared(&set).await.unwrap();
        show(&app, &tom, gym.id, &former, None).await.expect(200);
    }

    async fn att_4_a_new_code_three_times_an_hour(t: TestDb) {
        let app = App::new(t).await;
        let (ana, ben) = (app.world.user("ana").await, app.world.user("ben").await);
        for _ in 0..3 {
            app.post(NEW).by(&ana).send().await.expect(200);
        }
        let before = own(&app, &ana, "").await.expect(200);
        assert_eq!(app.post(NEW).by(&ana).send().await.outcome(), (429, "rate_limited".into()));
        assert_eq!(own(&app, &ana, "").await.expect(200), before);
        app.post(NEW).by(&ben).send().await.expect(200);
    }

    async fn att_4_codes_are_shown_to_their_owner_and_in_no_list(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, tom, ana, .. } = cast(&app, 5).await;
        let owner = app.world.person(&gym, "owner", domain::identity::GymRole::Owner).await;
        for (by, path) in [
            (&owner, "/api/v1/users/gym-participants".to_owned()),
            (&ana, "/api/v1/users/p/gym-participants".to_owned()),
            (&tom, "/api/v1/gyms/users".to_owned()),
            (&tom, format!("/api/v1/users/profile/{}", ana.id)),
            (&tom, "/api/v1/users/search".to_owned()),
        ] {
            let shown = get(&app, by, gym.id, &path).await.to_string();
            assert!(shown.contains("Tester") && !shown.contains(&code(&ana)), "{path}: {shown}");
        }
    }
}
