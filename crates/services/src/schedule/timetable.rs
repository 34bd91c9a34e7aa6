//! Sessions as many people see them at once, and what each of them alone sees.
//!
//! What is cached is the JSON that leaves, the same for the whole gym, with a gap in each row for the caller's own state.
//! A reader fills the gaps by copying; nothing is decoded or encoded again.
use domain::{SessionId, schedule::participation::ParticipationStatus};
use ports::cache::{Bytes, encode};
use serde::Serialize;
use std::collections::HashMap;

/// Stands on both sides of a session's id where the caller's state belongs. JSON has no such byte, not even in a text.
const GAP: u8 = 0;
/// How the encoding of a row ends that leaves its last field, `my_status`, empty.
const EMPTY: &[u8] = b"null}";

/// One row with a gap. Its last field must be `my_status`, and null.
fn gapped<T: Serialize>(out: &mut Vec<u8>, session: SessionId, row: &T) {
    let json = encode(row);
    match json.strip_suffix(EMPTY) {
        Some(open) => {
            out.extend_from_slice(open);
            out.push(GAP);
            out.extend_from_slice(session.to_string().as_bytes());
            out.extend_from_slice(&[GAP, b'}']);
        }
        None => out.extend_from_slice(&json),
    }
}

/// One row.
pub(super) fn one<T: Serialize>(session: SessionId, row: &T) -> Bytes {
    let mut out = Vec::new();
    gapped(&mut out, session, row);
    out.into()
}

/// A list of rows.
pub(super) fn list<T: Serialize>(rows: impl IntoIterator<Item = (SessionId, T)>) -> Bytes {
    let mut out = vec![b'['];
    for (session, row) in rows {
        if out.len() > 1 {
            out.push(b',');
        }
        gapped(&mut out, session, &row);
    }
    out.push(b']');
    out.into()
}

/// The pieces of a text with gaps: every second one is what stands in a gap.
fn pieces(shared: &[u8]) -> impl Iterator<Item = (bool, &[u8])> {
    shared.split(|byte| *byte == GAP).enumerate().map(|(n, piece)| (n % 2 == 1, piece))
}

fn session_of(gap: &[u8]) -> Option<SessionId> {
    std::str::from_utf8(gap).ok()?.parse().ok().map(SessionId)
}

/// The sessions whose gaps are to be filled.
pub(super) fn sessions(shared: &[u8]) -> Vec<SessionId> {
    pieces(shared).filter(|(gap, _)| *gap).filter_map(|(_, piece)| session_of(piece)).collect()
}

/// The JSON for one caller: null where they have no part in a session.
pub(super) fn filled(shared: &[u8], own: &HashMap<SessionId, ParticipationStatus>) -> Bytes {
    let mut out = Vec::with_capacity(shared.len() + 8 * own.len());
    for (gap, piece) in pieces(shared) {
        if !gap {
            out.extend_from_slice(piece);
            continue;
        }
        match session_of(piece).and_then(|session| own.get(&session)) {
            Some(status) => out.extend_from_slice(&encode(status)),
            None => out.extend_from_slice(b"null"),
        }
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[derive(Serialize)]
    struct Row {
        name: &'static str,
        my_status: Option<ParticipationStatus>,
    }

    fn row(name: &'static str) -> Row {
        Row { name, my_status: None }
    }

    #[test]
    fn everybody_sees_the_same_list_and_their_own_part_in_it() {
        let shared = list([(SessionId(7), row("a null}")), (SessionId(8), row("\u{0}\n\"")), (SessionId(9), row("c"))]);
        assert_eq!(sessions(&shared), [SessionId(7), SessionId(8), SessionId(9)]);
        let own = HashMap::from([(SessionId(8), ParticipationStatus::NoShow)]);
        let json: Value = serde_json::from_slice(&filled(&shared, &own)).unwrap();
        let expected = json!([
            {"name": "a null}", "my_status": null},
            {"name": "\u{0}\n\"", "my_status": "no_show"},
            {"name": "c", "my_status": null},
        ]);
        assert_eq!(json, expected);
        assert_eq!(&filled(&list::<Row>([]), &own)[..], b"[]");
    }

    #[test]
    fn a_row_alone_is_an_object() {
        let shared = one(SessionId(7), &row("a"));
        let own = HashMap::from([(SessionId(7), ParticipationStatus::Registered)]);
        assert_eq!(&filled(&shared, &own)[..], br#"{"name":"a","my_status":"registered"}"#);
    }
}
