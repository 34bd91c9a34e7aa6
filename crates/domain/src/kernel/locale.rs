//! English or Spanish: the languages of texts for people (decision 6).

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Locale {
    #[default]
    En,
    Es,
}

impl Locale {
    /// The language of somebody's own tag, such as `es_MX`: Spanish, or else English (NTF-16).
    pub fn of_tag(tag: &str) -> Self {
        if tag.get(..2).is_some_and(|language| language.eq_ignore_ascii_case("es")) { Self::Es } else { Self::En }
    }

    /// The preferred of the two in an `Accept-Language` header; English when neither is named.
    pub fn from_accept_language(header: &str) -> Self {
        let weighted = |part: &str| {
            let mut pieces = part.split(';');
            let tag = pieces.next()?.trim().to_ascii_lowercase();
            let q = pieces.find_map(|p| p.trim().strip_prefix("q=")?.parse::<f32>().ok()).unwrap_or(1.0);
            let locale = match tag.split('-').next()? {
                "en" | "*" => Self::En,
                "es" => Self::Es,
                _ => return None,
            };
            (q > 0.0).then_some((q, locale))
        };
        header
            .split(',')
            .filter_map(weighted)
            .reduce(|best, next| if next.0 > best.0 { next } else { best })
            .map_or(Self::En, |(_, locale)| locale)
    }
}

#[cfg(test)]
mod tests {
    use super::Locale::{self, *};

    #[test]
    fn ntf_16_a_tag_that_begins_with_es_is_spanish_and_any_other_english() {
        for (tag, want) in [("es", Es), ("es-MX", Es), ("ES_es", Es), ("en", En), ("fr", En), ("e", En), ("", En)] {
            assert_eq!(Locale::of_tag(tag), want, "{tag}");
        }
    }

    #[test]
    fn the_heavier_language_wins_and_english_is_the_default() {
        for (header, want) in [
            ("", En),
            ("es", Es),
            ("es-MX,es;q=0.9,en;q=0.8", Es),
            ("en-GB,es;q=0.9", En),
            ("fr,es;q=0.3,en;q=0.2", Es),
            ("de", En),
            ("es;q=0,en;q=0.1", En),
        ] {
            assert_eq!(Locale::from_accept_language(header), want, "{header}");
        }
    }
}
