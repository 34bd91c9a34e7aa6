//! Subdomains of new gyms (IDN-69).
use super::{owner, register};
use serde_json::json;
use std::collections::BTreeSet;
use testkit::{app::App, both};

both! {
    async fn idn_69_names_become_subdomains(t: TestDb) {
        let app = App::new(t).await;
        for (n, (name, want)) in [
            ("CrossFit Málaga", "crossfit-malaga".to_owned()),
            ("💪🏋️🔥", "-gym".into()),
            ("🔥💪🏋️", "-gym-1".into()),
            (&*"x".repeat(60), "x".repeat(50)),
            (&*"x".repeat(70), format!("{}-1", "x".repeat(50))),
            ("CROSSFIT   málaga", "crossfit---malaga".into()),
            ("crossfit malaga", "crossfit-malaga-1".into()),
            ("Crossfit Malaga", "crossfit-malaga-2".into()),
        ]
        .into_iter()
        .enumerate()
        {
            let body = owner(&json!({"email": format!("o{n}@box.example"), "gym_name": name}));
            assert_eq!(register(&app, body).await.expect(201)["gym"]["subdomain"], want, "{name}");
        }
    }

    async fn idn_69_parallel_registrations_of_one_name_all_find_a_subdomain(t: TestDb) {
        let app = App::new(t).await;
        let bodies = (0..8).map(|n| owner(&json!({"email": format!("o{n}@box.example")})));
        let answers = futures::future::join_all(bodies.map(|body| register(&app, body))).await;
        let subdomains: BTreeSet<String> =
            answers.into_iter().map(|a| a.expect(201)["gym"]["subdomain"].as_str().unwrap().to_owned()).collect();
        let mut want: BTreeSet<String> = (1..8).map(|n| format!("la-caja-{n}")).collect();
        want.insert("la-caja".into());
        assert_eq!(subdomains, want);
        assert_eq!(app.accounts.ids().len(), 8, "no account was taken back");
    }
}
