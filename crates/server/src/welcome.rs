//! What a developer sees when the server is up.
use crate::config::Config;
use gymapi::{
    GymApi,
    seed::{self, Size, Summary},
};

/// Fills an empty database with the demo world; says what was made.
pub async fn demo(gym: &GymApi, config: &Config) -> anyhow::Result<Option<Summary>> {
    let db = &gym.services().core.db;
    if !config.demo || config.is_production() || !seed::is_empty(db).await? {
        return Ok(None);
    }
    // by one of several instances that start at once
    db.exclusively("demo", async {
        match seed::is_empty(db).await? {
            true => Box::pin(seed::fill(db, Size::DEMO, |_, _| {})).await.map(Some).map_err(anyhow::Error::from),
            false => Ok(None),
        }
    })
    .await
}

/// Address, documentation, and a call that works as it is pasted.
#[allow(clippy::print_stdout)] // this is the one thing that the server says to a person
pub async fn say(gym: &GymApi, config: &Config, made: Option<&Summary>) {
    let url = config.public_url();
    println!("GymAPI listens at {url}");
    println!("Documentation:   {url}/docs");
    if let Some(made) = made {
        println!("Demo world:      {} gyms, {} people", made.gyms, made.people);
        let cast: Vec<String> = made.cast.iter().map(|(role, email)| format!("{email} ({role})")).collect();
        println!("Try as:          {}", cast.join(", "));
    }
    let Some(login) = gym.dev_login() else { return };
    println!(
        "A token:         curl -X POST {url}/dev/token -H 'content-type: application/json' -d '{{\"email\": \"owner@demo.gym\"}}'"
    );
    if let Ok(token) = login.token("owner@demo.gym").await {
        println!(
            "A first call:    curl '{url}/api/v1/users/p/gym-participants?limit=5' -H 'X-Gym-ID: 1' -H 'Authorization: Bearer {token}'"
        );
    }
}
