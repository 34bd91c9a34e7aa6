//! What is taken, what is refused, and what is made of it (MED-1 … MED-11, MED-30).
use super::{IMAGE, file, logo_of, paths, stored};
use axum::body::Body;
use bytes::Bytes;
use domain::identity::{GymRole, gym, user};
use futures::{Stream, StreamExt, stream};
use serde_json::json;
use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};
use testkit::{app::App, both, database::TestDb, form::Form, images};

const MB: usize = 1_048_576;

struct Gym {
    app: App,
    gym: gym::Model,
    boss: user::Model,
}

async fn gym(t: &TestDb) -> Gym {
    let app = App::new(t).await;
    let gym = app.world.gym("box").await;
    let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
    Gym { app, gym, boss }
}

impl Gym {
    async fn both(&self, form: Form) -> [(u16, String); 2] {
        let image = self.app.post(IMAGE).by(&self.boss).form(form.clone()).send().await;
        let logo = self.app.post(&logo_of(self.gym.id)).by(&self.boss).at(self.gym.id).form(form).send().await;
        [image.outcome(), logo.outcome()]
    }

    async fn picture(&self, bytes: &[u8]) -> (Bytes, String) {
        let user = self.app.post(IMAGE).by(&self.boss).form(file(bytes)).send().await.expect(200);
        stored(&self.app, &user["picture"])
    }
}

/// A form's bytes in pieces, counted as they are taken.
fn counted(
    bytes: Bytes,
    more: impl Stream<Item = Bytes> + Send + 'static,
) -> (Arc<AtomicUsize>, impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static) {
    let taken = Arc::new(AtomicUsize::new(0));
    let pieces: Vec<_> = bytes.chunks(65_536).map(Bytes::copy_from_slice).collect();
    let count = taken.clone();
    let counted = stream::iter(pieces).chain(more).map(move |piece| {
        count.fetch_add(piece.len(), Relaxed);
        Ok(piece)
    });
    (taken, counted)
}

both! {
    async fn med_2_the_declared_type_may_refuse_and_may_be_missing(t: TestDb) {
        let g = gym(t).await;
        let form = |declared| Form::new().file("file", "a", declared, &images::jpeg(9, 9));
        for declared in [None, Some("application/octet-stream"), Some("IMAGE/JPEG; charset=x"), Some("image/jpg"), Some("image/png")] {
            assert_eq!(g.both(form(declared)).await.map(|o| o.0), [200, 200], "{declared:?}");
        }
        for declared in ["text/html", "image/gif", "image/svg+xml", "video/mp4", "application/pdf"] {
            assert_eq!(g.both(form(Some(declared))).await, [(); 2].map(|()| (400, "file_type_not_accepted".into())), "{declared}");
        }
    }

    async fn med_3_idn_55_the_content_decides(t: TestDb) {
        let g = gym(t).await;
        let mp4 = [b"\0\0\0\x18ftypisom".as_slice(), &[0; 600]].concat();
        for content in [
            b"<!DOCTYPE html><script>alert(1)</script>".as_slice(),
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
            b"%PDF-1.7",
            b"\0\0\0\x24ftypheic\0\0\0\0mif1heic",
            b"just a text renamed to a.png",
            &mp4,
            &images::gif(9, 9),
        ] {
            let refused = g.both(Form::new().file("file", "a.png", Some("image/png"), content)).await;
            let want = [400, 400];
            assert_eq!(refused.each_ref().map(|o| o.0), want, "{refused:?}");
            assert!(refused.iter().all(|o| ["file_content_not_accepted", "file_type_mismatch"].contains(&o.1.as_str())), "{refused:?}");
        }
        assert_eq!(paths(&g.app), [] as [String; 0]);
    }

    async fn med_4_the_stored_type_is_that_of_the_stored_bytes(t: TestDb) {
        let g = gym(t).await;
        for bytes in [images::png(30, 20), images::jpeg(30, 20), images::webp(30, 20), images::transparent_png(30, 20)] {
            let user = g.app.post(IMAGE).by(&g.boss).form(Form::new().file("file", "x.html", Some("image/jpeg"), &bytes)).send();
            let user = user.await.expect(200);
            let (bytes, kind) = stored(&g.app, &user["picture"]);
            assert_eq!(images::size_of(&bytes, &kind), (30, 20));
            let extension = user["picture"].as_str().unwrap().rsplit('.').next().unwrap();
            assert!([("jpg", "image/jpeg"), ("png", "image/png")].contains(&(extension, kind.as_str())), "{extension} {kind}");
        }
    }

    async fn med_5_med_30_no_file_and_an_empty_file(t: TestDb) {
        let g = gym(t).await;
        assert_eq!(g.both(file(b"")).await, [(); 2].map(|()| (400, "file_empty".into())));
        assert_eq!(g.both(Form::new().file("file", "", None, b"")).await, [(); 2].map(|()| (400, "file_empty".into())));
        let none = [(400, "image_required".into()), (422, "validation_error".into())];
        assert_eq!(g.both(Form::new().text("comment", "hello")).await, none);
        assert_eq!(g.both(Form::new()).await, none);
    }

    async fn med_30_of_several_fields_the_first_listed_is_taken(t: TestDb) {
        let g = gym(t).await;
        let photo = images::png(10, 10);
        let send = async |form: Form| g.app.post(IMAGE).by(&g.boss).form(form).send().await;
        for field in ["file", "image", "photo", "picture"] {
            send(Form::new().file(field, "a", None, &photo)).await.expect(200);
        }
        let later = Form::new().file("photo", "a", None, &photo).text("x", "y").file("file", "b", None, &images::png(20, 20));
        let earlier = Form::new().file("file", "b", None, &images::png(20, 20)).file("picture", "a", None, &photo);
        let unlike = Form::new().file("picture", "a", None, b"<html>").file("image", "b", None, &images::png(20, 20));
        for form in [later, earlier, unlike] {
            let user = send(form).await.expect(200);
            let (bytes, kind) = stored(&g.app, &user["picture"]);
            assert_eq!(images::size_of(&bytes, &kind), (20, 20));
        }
        let refused = send(Form::new().file("photo", "a", None, &photo).file("file", "b", None, b"<html>")).await;
        assert_eq!(refused.outcome(), (400, "file_content_not_accepted".into()));
        let refused = send(Form::new().file("picture", "a", None, b"<html>")).await;
        assert_eq!(refused.outcome(), (400, "file_content_not_accepted".into()));
    }

    async fn med_1_idn_41_idn_55_exactly_the_limit_is_taken_and_one_byte_more_is_413(t: TestDb) {
        let g = gym(t).await;
        let form = file(&images::jpeg_of_length(5 * MB));
        assert_eq!(g.both(form).await.map(|o| o.0), [200, 200]);
        let outcomes = g.both(file(&images::jpeg_of_length(5 * MB + 1))).await;
        assert_eq!(outcomes, [(200, String::new()), (413, "file_too_large".into())]);
        let outcomes = g.both(file(&images::jpeg_of_length(10 * MB))).await;
        assert_eq!(outcomes[0].0, 200);
        let outcomes = g.both(file(&images::jpeg_of_length(10 * MB + 1))).await;
        assert_eq!(outcomes, [(); 2].map(|()| (413, "file_too_large".into())));
    }

    async fn med_1_reading_stops_early_whatever_the_length_said(t: TestDb) {
        let g = gym(t).await;
        let head = file(&images::jpeg_of_length(6 * MB));
        let kind = head.content_type();
        let endless = || stream::repeat(Bytes::from(vec![b'.'; 65_536])).take(10_000);
        for length in [None, Some("100")] {
            let (taken, body) = counted(head.clone().into_broken_bytes(), endless());
            let mut call = g.app.post(&logo_of(g.gym.id)).by(&g.boss).at(g.gym.id).header("content-type", &kind);
            if let Some(length) = length {
                call = call.header("content-length", length);
            }
            let refused = call.body(Body::from_stream(body)).send().await;
            assert_eq!(refused.outcome(), (413, "file_too_large".into()));
            assert!(taken.load(Relaxed) < 5 * MB + MB / 2, "{} bytes were read", taken.load(Relaxed));
        }
        let html = file(&b"<html>".repeat(1000));
        let (taken, body) = counted(html.into_broken_bytes(), endless());
        let call = g.app.post(IMAGE).by(&g.boss).header("content-type", &kind).body(Body::from_stream(body));
        assert_eq!(call.send().await.outcome(), (400, "file_content_not_accepted".into()));
        assert!(taken.load(Relaxed) < MB, "{} bytes were read", taken.load(Relaxed));
    }

    async fn med_1_a_request_of_more_than_200_mb_is_413(t: TestDb) {
        let g = gym(t).await;
        let form = Form::new().file("other", "a", None, b"x");
        let kind = form.content_type();
        let endless = stream::repeat(Bytes::from(vec![b'.'; MB])).take(260);
        let (taken, body) = counted(form.into_broken_bytes(), endless);
        let call = g.app.post(IMAGE).by(&g.boss).header("content-type", &kind).body(Body::from_stream(body));
        assert_eq!(call.send().await.outcome(), (413, "too_large".into()));
        assert!(taken.load(Relaxed) <= 202 * MB, "{} bytes were read", taken.load(Relaxed));
    }

    async fn med_1_what_is_no_form_is_422_and_a_broken_one_400(t: TestDb) {
        let g = gym(t).await;
        let refused = g.app.post(IMAGE).by(&g.boss).json(json!({"file": "x"})).send().await;
        assert_eq!((refused.outcome(), &refused.json()["detail"][0]["loc"]), ((422, "validation_error".into()), &json!(["body"])));
        assert_eq!(g.app.post(IMAGE).by(&g.boss).send().await.status.as_u16(), 422);
        let no_boundary = g.app.post(IMAGE).by(&g.boss).header("content-type", "multipart/form-data").body("x");
        assert_eq!(no_boundary.send().await.status.as_u16(), 422);

        let broken = file(&images::png(9, 9));
        let kind = broken.content_type();
        let refused = g.app.post(IMAGE).by(&g.boss).header("content-type", &kind).body(broken.into_broken_bytes()).send().await;
        assert_eq!(refused.outcome(), (400, "unreadable_body".into()));
        assert_eq!(paths(&g.app), [] as [String; 0]);
    }

    async fn med_6_an_image_must_be_whole_and_of_bearable_size(t: TestDb) {
        let g = gym(t).await;
        let whole = images::jpeg(300, 300);
        let mut bad_png = images::png(300, 300);
        let middle = bad_png.len() / 2;
        bad_png[middle] ^= 0xFF;
        for (bytes, code) in [
            (&whole[..whole.len() / 2], "image_corrupt"),
            (&bad_png[..], "image_corrupt"),
            (&images::png_header(30_000, 30_000)[..], "image_too_many_pixels"),
        ] {
            assert_eq!(g.both(file(bytes)).await, [(); 2].map(|()| (400, code.into())));
        }
        assert_eq!(paths(&g.app), [] as [String; 0]);
        assert_eq!(g.both(file(&images::png(1, 1))).await.map(|o| o.0), [200, 200]);
    }

    async fn med_10_a_picture_is_upright_without_its_place_and_fits_1024(t: TestDb) {
        let g = gym(t).await;
        for (orientation, want) in [(1, (300, 200)), (3, (300, 200)), (6, (200, 300)), (8, (200, 300))] {
            let sent = images::camera_jpeg(300, 200, orientation);
            assert!(sent.windows(6).any(|w| w == b"SECRET"));
            let (bytes, kind) = g.picture(&sent).await;
            assert_eq!(images::size_of(&bytes, &kind), want);
            assert!(!bytes.windows(6).any(|w| w == b"SECRET") && !bytes.windows(4).any(|w| w == b"Exif"));
        }
        let (bytes, kind) = g.picture(&images::jpeg(2000, 1000)).await;
        assert_eq!(images::size_of(&bytes, &kind), (1024, 512));
        let logo = g.app.post(&logo_of(g.gym.id)).by(&g.boss).at(g.gym.id).form(file(&images::png(1500, 3000))).send().await;
        let (bytes, kind) = stored(&g.app, &logo.expect(200)["logo_url"]);
        assert_eq!(images::size_of(&bytes, &kind), (512, 1024));
    }

    async fn med_11_pictures_are_jpeg_or_png_and_keep_their_transparency(t: TestDb) {
        let g = gym(t).await;
        assert_eq!(g.picture(&images::jpeg(50, 50)).await.1, "image/jpeg");
        assert_eq!(g.picture(&images::transparent_png(50, 50)).await.1, "image/png");
        assert_ne!(g.picture(&images::webp(50, 50)).await.1, "image/webp");
    }
}
