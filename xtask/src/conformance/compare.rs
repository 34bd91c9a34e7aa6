//! One operation of the reference against ours.
use super::operation::{Body, Content, Operation};
use super::shape::{Field, Scalar, Shape, Shapes};
use std::collections::{BTreeMap, BTreeSet};

/// Who writes the value decides which side may be wider.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    /// The client sends what the reference took: ours must take it.
    Request,
    /// We send what ours describes: a client of the reference must read it.
    Response,
}

/// Everything that would break a client of the reference, a line each.
pub fn operations(reference: &Operation, own: &Operation, theirs: &Shapes, ours: &Shapes) -> Vec<String> {
    let mut problems = parameters(reference, own);
    problems.extend(body(reference.body.as_ref(), own.body.as_ref(), theirs, ours));
    for (status, wanted) in reference.responses.iter().filter(|(status, _)| status.starts_with('2')) {
        let place = format!("response {status} ");
        match own.responses.get(status) {
            None => problems.push(format!("response {status}: missing")),
            Some(given) => {
                let comparison = Comparison { direction: Direction::Response, theirs, ours };
                problems.extend(comparison.contents(wanted, given, &place));
            }
        }
    }
    problems
}

fn parameters(reference: &Operation, own: &Operation) -> Vec<String> {
    let same = |a: &str, b: &str, place: &str| {
        if place == "header" { a.eq_ignore_ascii_case(b) } else { a == b }
    };
    let mut problems = Vec::new();
    // path parameters go by their place in the path, which is the same already
    for wanted in reference.parameters.iter().filter(|parameter| parameter.place != "path") {
        let found = own.parameters.iter().any(|p| p.place == wanted.place && same(&p.name, &wanted.name, &p.place));
        if !found {
            problems.push(format!("{} parameter {}: missing", wanted.place, wanted.name));
        }
    }
    for parameter in own.parameters.iter().filter(|parameter| parameter.required && parameter.place != "path") {
        let wanted = reference
            .parameters
            .iter()
            .find(|p| p.place == parameter.place && same(&p.name, &parameter.name, &p.place));
        // the reference calls its tenant header optional everywhere and then refuses requests without it
        let tenant = parameter.name.eq_ignore_ascii_case("X-Gym-ID") && wanted.is_some();
        if !tenant && !wanted.is_some_and(|wanted| wanted.required) {
            problems
                .push(format!("{} parameter {}: required, and the reference did not", parameter.place, parameter.name));
        }
    }
    problems
}

fn body(reference: Option<&Body>, own: Option<&Body>, theirs: &Shapes, ours: &Shapes) -> Vec<String> {
    match (reference, own) {
        (None, Some(own)) if own.required => vec!["body: required, and the reference took none".to_owned()],
        (None, _) => Vec::new(),
        (Some(_), None) => vec!["body: not taken".to_owned()],
        (Some(reference), Some(own)) => {
            let comparison = Comparison { direction: Direction::Request, theirs, ours };
            let mut problems = comparison.contents(&reference.content, &own.content, "body ");
            if own.required && !reference.required {
                problems.push("body: required, and the reference did not".to_owned());
            }
            problems
        }
    }
}

/// A problem's line: the place, and what is wrong there.
fn said(place: &str, problem: &str) -> String {
    format!("{}: {problem}", place.trim_end())
}

struct Comparison<'a> {
    direction: Direction,
    theirs: &'a Shapes,
    ours: &'a Shapes,
}

/// Pairs of names under comparison, so that circles end.
type Seen<'a> = BTreeSet<(&'a str, &'a str)>;

impl<'a> Comparison<'a> {
    fn contents(&self, wanted: &'a Content, given: &'a Content, place: &str) -> Vec<String> {
        wanted
            .iter()
            .flat_map(|(media, wanted)| match given.get(media) {
                Some(given) => self.shapes(wanted, given, place, &Seen::new()),
                // the reference's document says JSON of anything also where it answers with a redirect or nothing
                None if wanted.alternatives(self.theirs).open() => Vec::new(),
                None => vec![said(place, &format!("no {media}"))],
            })
            .collect()
    }

    fn shapes(&self, reference: &'a Shape, own: &'a Shape, place: &str, seen: &Seen<'a>) -> Vec<String> {
        let (theirs, ours) = (reference.alternatives(self.theirs), own.alternatives(self.ours));
        if theirs.open() || (self.direction == Direction::Request && ours.open()) {
            return Vec::new();
        }
        let mut problems = Vec::new();
        match self.direction {
            Direction::Response if ours.null && !theirs.null => problems.push(said(place, "may be null")),
            Direction::Request if theirs.null && !ours.null => problems.push(said(place, "refuses null")),
            _ => {}
        }
        // every value that the writer may send must fit one that the reader takes
        let (written, read) = match self.direction {
            Direction::Response => (&ours.shapes, &theirs.shapes),
            Direction::Request => (&theirs.shapes, &ours.shapes),
        };
        for one in written {
            let attempts: Vec<Vec<String>> = read
                .iter()
                .map(|other| match self.direction {
                    Direction::Response => self.pair(*other, *one, place, seen),
                    Direction::Request => self.pair(*one, *other, place, seen),
                })
                .collect();
            // a fit is an attempt without a word; of several misses the one of the same kind tells most
            let other_kind = said(place, "");
            let distance = |attempt: &Vec<String>| {
                (attempt.first().is_some_and(|problem| problem.starts_with(&other_kind)), attempt.len())
            };
            match attempts.into_iter().min_by_key(distance) {
                Some(nearest) => problems.extend(nearest),
                None => problems.push(said(place, &format!("{} where null alone is known", one.1.word()))),
            }
        }
        problems
    }

    /// Two shapes that are neither null nor alternatives.
    fn pair(
        &self,
        (their_name, reference): (Option<&'a str>, &'a Shape),
        (our_name, own): (Option<&'a str>, &'a Shape),
        place: &str,
        seen: &Seen<'a>,
    ) -> Vec<String> {
        let mut seen = seen.clone();
        if let (Some(their_name), Some(our_name)) = (their_name, our_name)
            && !seen.insert((their_name, our_name))
        {
            return Vec::new();
        }
        match (reference, own) {
            (Shape::Scalar(reference), Shape::Scalar(own)) => {
                self.scalars(reference, own).map(|problem| said(place, &problem)).into_iter().collect()
            }
            (Shape::Array(reference), Shape::Array(own)) => self.shapes(reference, own, &format!("{place}[]"), &seen),
            (Shape::Object(reference), Shape::Object(own)) => self.objects(reference, own, place, &seen),
            (reference, own) => vec![said(place, &format!("{} instead of {}", own.word(), reference.word()))],
        }
    }

    fn objects(
        &self,
        reference: &'a BTreeMap<String, Field>,
        own: &'a BTreeMap<String, Field>,
        place: &str,
        seen: &Seen<'a>,
    ) -> Vec<String> {
        let mut problems = Vec::new();
        for (name, field) in reference {
            let place = format!("{place}.{name}");
            match own.get(name) {
                Some(own) => problems.extend(self.shapes(&field.shape, &own.shape, &place, seen)),
                None if self.direction == Direction::Response || field.required => {
                    problems.push(said(&place, "missing"));
                }
                None => {}
            }
        }
        if self.direction == Direction::Request {
            let required = own.iter().filter(|(_, field)| field.required);
            let more = required.filter(|(name, _)| !reference.get(*name).is_some_and(|field| field.required));
            problems.extend(more.map(|(name, _)| format!("{place}.{name}: required, and the reference did not")));
        }
        problems
    }

    fn scalars(&self, reference: &Scalar, own: &Scalar) -> Option<String> {
        let (written, read) = match self.direction {
            Direction::Response => (own, reference),
            Direction::Request => (reference, own),
        };
        let kind_fits = written.kind == read.kind || (written.kind == "integer" && read.kind == "number");
        // of formats only the ones of time change how a text is read
        let time =
            |scalar: &Scalar| scalar.format.clone().filter(|f| ["date-time", "date", "time"].contains(&f.as_str()));
        let format_fits = match (time(reference), time(own)) {
            (Some(reference), Some(own)) => reference == own,
            _ => true,
        };
        if !kind_fits || !format_fits {
            let word = |scalar: &Scalar| Shape::Scalar(scalar.clone()).word();
            return Some(format!("{} instead of {}", word(own), word(reference)));
        }
        if let (Some(written), Some(read)) = (&written.values, &read.values) {
            let unknown: Vec<&str> = written.iter().filter(|value| !read.contains(value)).map(String::as_str).collect();
            if !unknown.is_empty() {
                let verb = if self.direction == Direction::Response { "may also be" } else { "does not take" };
                return Some(format!("{verb} {}", unknown.join(", ")));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
