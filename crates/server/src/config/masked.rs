use super::Config;
use toml::Value;

/// The effective tree as TOML, with secrets and passwords in addresses masked (IDN-9).
pub fn masked(config: &Config) -> String {
    let mut tree = match Value::try_from(config) {
        Ok(tree) => tree,
        Err(e) => return format!("# the configuration cannot be shown: {e}"),
    };
    mask("", &mut tree);
    toml::to_string_pretty(&tree).unwrap_or_default()
}

fn mask(name: &str, value: &mut Value) {
    match value {
        Value::Table(table) => table.iter_mut().for_each(|(name, value)| mask(name, value)),
        Value::String(text) if is_secret(name) && !text.is_empty() => "***".clone_into(text),
        Value::String(text) => {
            if let Ok(mut url) = url::Url::parse(text)
                && url.password().is_some()
                && url.set_password(Some("***")).is_ok()
            {
                *text = url.to_string();
            }
        }
        _ => {}
    }
}

fn is_secret(name: &str) -> bool {
    ["secret", "token", "api_key", "access_key", "password"].iter().any(|word| name.contains(word))
}
