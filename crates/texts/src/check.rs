//! What must hold of the texts: the same in every language, with the same placeholders, for every kind of the
//! catalogue. The build asks it, so that a text which a translator forgot is never missing at night.
use minijinja::Environment;
use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fs, io,
    path::Path,
};

pub const LANGUAGES: [&str; 2] = ["en", "es"];
/// The parts of a push, and of a mail.
const PUSH: [&str; 2] = ["title", "body"];
const MAIL: [&str; 3] = ["subject", "txt", "html"];

/// Templates by their names, by language: `session_cancelled.title`, `waitlist_promoted.class.body`,
/// `mail/event_cancelled.html`.
pub type Texts = BTreeMap<String, BTreeMap<String, String>>;

/// Reads `texts/{language}.toml` and `mails/{language}/*` of a folder.
pub fn read(folder: &Path) -> Result<Texts, Box<dyn Error>> {
    let mut texts = Texts::new();
    for language in LANGUAGES {
        let mut of = BTreeMap::new();
        let file = folder.join("texts").join(format!("{language}.toml"));
        let table: toml::Table = fs::read_to_string(&file)?.parse().map_err(|e| format!("{}: {e}", file.display()))?;
        for (kind, value) in table {
            flatten(&kind, value, &mut of)?;
        }
        for file in fs::read_dir(folder.join("mails").join(language))? {
            let path = file?.path();
            let name =
                path.file_name().and_then(|name| name.to_str()).ok_or_else(|| io::Error::other("a file name"))?;
            of.insert(format!("mail/{name}"), fs::read_to_string(&path)?);
        }
        texts.insert(language.to_owned(), of);
    }
    Ok(texts)
}

fn flatten(name: &str, value: toml::Value, into: &mut BTreeMap<String, String>) -> Result<(), String> {
    match value {
        toml::Value::String(text) => drop(into.insert(name.to_owned(), text)),
        toml::Value::Table(table) => {
            for (key, value) in table {
                flatten(&format!("{name}.{key}"), value, into)?;
            }
        }
        other => return Err(format!("{name} is a {}, not a text", other.type_str())),
    }
    Ok(())
}

/// Everything that is wrong, one line each.
pub fn faults(kinds: &[&str], texts: &Texts) -> Vec<String> {
    let mut faults = Vec::new();
    let names: BTreeSet<_> = texts.values().flat_map(BTreeMap::keys).collect();
    for (language, of) in texts {
        faults.extend(names.iter().filter(|name| !of.contains_key(**name)).map(|n| format!("{language}: no {n}")));
        faults
            .extend(kinds.iter().filter(|kind| !is_complete(kind, of)).map(|k| format!("{language}: {k} is not told")));
        faults.extend(of.keys().filter_map(|name| stray(kinds, name)).map(|fault| format!("{language}: {fault}")));
        faults.extend(half_written(of).map(|fault| format!("{language}: {fault}")));
    }
    for name in names {
        let mut seen: Option<(&str, BTreeSet<String>)> = None;
        for (language, of) in texts {
            let Some(source) = of.get(name) else { continue };
            match (placeholders(name, source), &seen) {
                (Err(fault), _) => faults.push(format!("{language}: {name}: {fault}")),
                (Ok(found), None) => seen = Some((language, found)),
                (Ok(found), Some((first, expected))) if found != *expected => {
                    faults.push(format!("{name}: {first} has {expected:?}, {language} has {found:?}"));
                }
                (Ok(_), Some(_)) => {}
            }
        }
    }
    faults
}

/// Whether a kind has a title and a body, or variants that have.
fn is_complete(kind: &str, of: &BTreeMap<String, String>) -> bool {
    of.keys().any(|name| name.strip_prefix(kind).is_some_and(|rest| rest.starts_with('.') && rest.ends_with(".title")))
}

/// A name that no kind has, or a part that is none.
fn stray(kinds: &[&str], name: &str) -> Option<String> {
    let (parts, path): (&[&str], _) = match name.strip_prefix("mail/") {
        Some(rest) => (&MAIL, rest),
        None => (&PUSH, name),
    };
    let steps: Vec<_> = path.split('.').collect();
    let known = match steps.as_slice() {
        [kind, part] => kinds.contains(kind) && parts.contains(part),
        [kind, _, part] => parts.len() == PUSH.len() && kinds.contains(kind) && parts.contains(part),
        _ => false,
    };
    (!known).then(|| format!("{name} is of no kind of the catalogue"))
}

/// Messages of which a part is missing.
fn half_written(of: &BTreeMap<String, String>) -> impl Iterator<Item = String> {
    of.keys().filter_map(|name| name.rsplit_once('.')).flat_map(|(message, _)| {
        let parts: &[&str] = if message.starts_with("mail/") { &MAIL } else { &PUSH };
        parts
            .iter()
            .map(move |part| format!("{message}.{part}"))
            .filter(|part| !of.contains_key(part))
            .map(|part| format!("{part} is missing"))
    })
}

fn placeholders(name: &str, source: &str) -> Result<BTreeSet<String>, String> {
    let mut environment = Environment::new();
    environment.add_template(name, source).map_err(|e| e.to_string())?;
    let template = environment.get_template(name).map_err(|e| e.to_string())?;
    Ok(template.undeclared_variables(false).into_iter().collect())
}
