//! What a text writes differently by language or by gym.
use chrono::{DateTime, Datelike, Utc};
use chrono_tz::Tz;
use minijinja::{Environment, Error, ErrorKind, State};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// Currencies whose smallest unit is the unit itself (NTF-18).
const WITHOUT_DECIMALS: [&str; 16] =
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"];

pub fn add(environment: &mut Environment<'static>) {
    environment.add_filter("date", date);
    environment.add_filter("time", time);
    environment.add_filter("money", money);
}

/// `30/03/2026`, or `Mar 30, 2026` (NTF-17).
fn date(state: &State, at: String) -> Result<String, Error> {
    let local = local(state, &at)?;
    if of(state, "language") == "es" {
        return Ok(local.format("%d/%m/%Y").to_string());
    }
    let month = MONTHS.into_iter().nth(local.month0() as usize).unwrap_or_default();
    Ok(format!("{month} {}, {}", local.day(), local.year()))
}

/// `18:30` (NTF-17).
fn time(state: &State, at: String) -> Result<String, Error> {
    Ok(local(state, &at)?.format("%H:%M").to_string())
}

/// `25.00 EUR`, `2500 JPY` (NTF-18).
fn money(minor: i64, currency: String) -> String {
    let currency = currency.to_ascii_uppercase();
    if WITHOUT_DECIMALS.contains(&currency.as_str()) {
        return format!("{minor} {currency}");
    }
    let sign = if minor < 0 { "-" } else { "" };
    let minor = minor.unsigned_abs();
    format!("{sign}{}.{:02} {currency}", minor / 100, minor % 100)
}

fn of(state: &State, name: &str) -> String {
    state.lookup(name).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn local(state: &State, at: &str) -> Result<DateTime<Tz>, Error> {
    let at: DateTime<Utc> =
        at.parse().map_err(|_| Error::new(ErrorKind::InvalidOperation, "not an instant with its offset"))?;
    let zone: Tz = of(state, "zone").parse().unwrap_or(Tz::UTC);
    Ok(at.with_timezone(&zone))
}
