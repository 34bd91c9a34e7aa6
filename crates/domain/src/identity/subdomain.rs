//! Subdomains made from names (IDN-69).
use unicode_normalization::UnicodeNormalization;

/// Lower case, spaces become hyphens, accents are folded, everything but `a-z0-9-` goes, 50 characters at most, and
/// what is left of fewer than 3 gets `-gym`.
pub fn from_name(name: &str) -> String {
    let folded = name.nfd().filter(|c| !('\u{300}'..='\u{36f}').contains(c)).flat_map(char::to_lowercase);
    let mut slug: String = folded
        .map(|c| if c.is_whitespace() { '-' } else { c })
        .filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-')
        .take(50)
        .collect();
    if slug.len() < 3 {
        slug.push_str("-gym");
    }
    slug
}

/// The `n`th candidate: the slug itself, then `-1`, `-2`, …
pub fn candidate(slug: &str, n: u32) -> String {
    match n {
        0 => slug.to_owned(),
        n => format!("{slug}-{n}"),
    }
}

/// The first candidate that is not among `taken`.
pub fn first_free(slug: &str, taken: &[String]) -> String {
    let taken: std::collections::HashSet<&str> = taken.iter().map(String::as_str).collect();
    // one more candidate than there are names taken: one of them is free
    let mut candidates = (0..=taken.len() as u32).map(|n| candidate(slug, n));
    candidates.find(|one| !taken.contains(one.as_str())).unwrap_or_else(|| slug.to_owned())
}

/// `^[a-z0-9-]{3,100}$`
pub fn is_valid(subdomain: &str) -> bool {
    (3..=100).contains(&subdomain.len())
        && subdomain.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idn_69_names_become_subdomains() {
        for (name, want) in [
            ("CrossFit Málaga", "crossfit-malaga"),
            ("Gimnasio Ñuñoa 24", "gimnasio-nunoa-24"),
            ("💪🏋️", "-gym"),
            ("A", "a-gym"),
            ("Ön!", "on-gym"),
            ("a_b.c", "abc"),
        ] {
            let got = from_name(name);
            assert_eq!(got, want);
            assert!(is_valid(&got), "{got}");
        }
        assert_eq!(from_name(&"x".repeat(60)).len(), 50);
        assert_eq!((candidate("abc", 0), candidate("abc", 2)), ("abc".to_owned(), "abc-2".to_owned()));
    }

    #[test]
    fn idn_69_the_first_free_candidate() {
        for (taken, want) in [
            (&[][..], "box"),
            (&["box-1", "boxer"], "box"),
            (&["box"], "box-1"),
            (&["box-2", "box", "box-1", "box-barcelona"], "box-3"),
        ] {
            let taken: Vec<String> = taken.iter().map(ToString::to_string).collect();
            assert_eq!(first_free("box", &taken), want, "{taken:?}");
        }
    }
}
