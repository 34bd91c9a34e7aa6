//! What an uploaded file really is, decided by its first bytes; what each kind of upload takes; and where the stored
//! object lies. Nothing that a client says becomes a stored type or a name (MED-2 … MED-4).
use crate::{
    GymId, UserId,
    kernel::{installation::Mark, secret},
};

/// As many bytes of a file as [`MediaKind::sniff`] ever looks at.
pub const HEAD_BYTES: usize = 512;

const MB: u64 = 1_048_576;

/// The content types that the system stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaKind {
    Jpeg,
    Png,
    Gif,
    Webp,
    Mp4,
    QuickTime,
    Avi,
    WebM,
}

use MediaKind::{Avi, Gif, Jpeg, Mp4, Png, QuickTime, WebM, Webp};

impl MediaKind {
    pub const ALL: [Self; 8] = [Jpeg, Png, Gif, Webp, Mp4, QuickTime, Avi, WebM];

    /// The MIME type stored with the object.
    pub fn content_type(self) -> &'static str {
        match self {
            Jpeg => "image/jpeg",
            Png => "image/png",
            Gif => "image/gif",
            Webp => "image/webp",
            Mp4 => "video/mp4",
            QuickTime => "video/quicktime",
            Avi => "video/x-msvideo",
            WebM => "video/webm",
        }
    }

    /// Without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Jpeg => "jpg",
            Png => "png",
            Gif => "gif",
            Webp => "webp",
            Mp4 => "mp4",
            QuickTime => "mov",
            Avi => "avi",
            WebM => "webm",
        }
    }

    pub fn is_image(self) -> bool {
        matches!(self, Jpeg | Png | Gif | Webp)
    }

    /// The kind whose signature the first bytes of a file carry, `None` for everything else (MED-3).
    pub fn sniff(head: &[u8]) -> Option<Self> {
        let at = |offset: usize| head.get(offset..offset + 4);
        match head {
            [0xFF, 0xD8, 0xFF, ..] => Some(Jpeg),
            [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Some(Png),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Gif),
            [b'R', b'I', b'F', b'F', ..] => match at(8)? {
                b"WEBP" => Some(Webp),
                b"AVI " => Some(Avi),
                _ => None,
            },
            [0x1A, 0x45, 0xDF, 0xA3, ..] => (ebml_doc_type(head)? == b"webm").then_some(WebM),
            _ => match at(4)? {
                b"ftyp" => match at(8)? {
                    b"qt  " => Some(QuickTime),
                    b"isom" | b"iso2" | b"iso4" | b"iso5" | b"iso6" | b"mp41" | b"mp42" | b"avc1" | b"dash"
                    | b"M4V " | b"MSNV" => Some(Mp4),
                    _ => None,
                },
                b"moov" | b"mdat" | b"wide" | b"free" => Some(QuickTime),
                _ => None,
            },
        }
    }
}

/// The DocType of an EBML header: what tells WebM from other Matroska files. The bytes `webm` elsewhere in the head
/// prove nothing, so the elements are walked.
fn ebml_doc_type(head: &[u8]) -> Option<&[u8]> {
    const DOC_TYPE: u64 = 0x4282;
    let (length, mut rest) = ebml_number(head.get(4..)?, true)?;
    rest = rest.get(..usize::try_from(length).ok()?).unwrap_or(rest);
    loop {
        let (id, after_id) = ebml_number(rest, false)?;
        let (length, body) = ebml_number(after_id, true)?;
        let length = usize::try_from(length).ok()?;
        let value = body.get(..length)?;
        if id == DOC_TYPE {
            // the format allows zero bytes after the text
            let end = value.iter().position(|byte| *byte == 0).unwrap_or(value.len());
            return value.get(..end);
        }
        rest = body.get(length..)?;
    }
}

/// An EBML variable-length number and what follows it. The first byte's leading zeros tell how many bytes follow;
/// sizes are read without that marker, ids with it.
fn ebml_number(bytes: &[u8], without_marker: bool) -> Option<(u64, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let more = first.leading_zeros() as usize;
    if more > 7 {
        return None;
    }
    let marker = 0x80_u8 >> more;
    let start = if without_marker { first & !marker } else { *first };
    let (tail, rest) = rest.split_at_checked(more)?;
    Some((tail.iter().fold(u64::from(start), |number, byte| number << 8 | u64::from(*byte)), rest))
}

/// Why a file is not taken; all are 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MediaRefusal {
    /// MED-5
    #[error("the file is empty")]
    Empty,
    /// MED-2
    #[error("files of this declared type are not accepted here")]
    DeclaredType,
    /// MED-3
    #[error("the content of the file is not of an accepted type")]
    Content,
    /// MED-3: declared an image and really a video, or the reverse.
    #[error("the content of the file is not of the declared type")]
    Mismatch,
}

/// What a file is, from its first bytes (at least [`HEAD_BYTES`] of them, or the whole file): the declared type may
/// refuse a file, but never decides what is stored (MED-2, MED-3, MED-4).
///
/// # Errors
/// See [`MediaRefusal`].
pub fn accept(declared: Option<&str>, head: &[u8], allowed: &[MediaKind]) -> Result<MediaKind, MediaRefusal> {
    if head.is_empty() {
        return Err(MediaRefusal::Empty);
    }
    let declared = match declared_type(declared) {
        Some(name) => match allowed.iter().find(|kind| kind.content_type() == name) {
            Some(kind) => Some(*kind),
            None => return Err(MediaRefusal::DeclaredType),
        },
        None => None,
    };
    let found = MediaKind::sniff(head).ok_or(MediaRefusal::Content)?;
    if declared.is_some_and(|declared| declared.is_image() != found.is_image()) {
        return Err(MediaRefusal::Mismatch);
    }
    if allowed.contains(&found) { Ok(found) } else { Err(MediaRefusal::Content) }
}

/// The declared type without parameters, in lower case and under its one name; `None` when nothing was declared,
/// `application/octet-stream` included (MED-2).
fn declared_type(declared: Option<&str>) -> Option<String> {
    let name = declared?.split(';').next()?.trim().to_ascii_lowercase();
    match name.as_str() {
        "" | "application/octet-stream" => None,
        "image/jpg" => Some(Jpeg.content_type().to_owned()),
        _ => Some(name),
    }
}

/// What is uploaded, by what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadKind {
    Post,
    Story,
    ProfileImage,
    Logo,
}

impl UploadKind {
    /// The content that is taken.
    pub fn allowed(self) -> &'static [MediaKind] {
        match self {
            Self::Post | Self::Story => &MediaKind::ALL,
            Self::ProfileImage | Self::Logo => &[Jpeg, Png, Webp],
        }
    }

    /// The most bytes a file of that content may have; exactly as many are taken.
    pub fn max_bytes(self, kind: MediaKind) -> u64 {
        match self {
            Self::Logo => 5 * MB,
            _ if kind.is_image() => 10 * MB,
            _ => 50 * MB,
        }
    }

    /// The form fields that carry the file; the first present one counts (MED-30).
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Post => &["files"],
            Self::Story => &["media"],
            Self::ProfileImage => &["file", "image", "photo", "picture"],
            Self::Logo => &["file"],
        }
    }
}

/// A new object's name: the mark of the installation that stores it, and a version 4 UUID as 32 lower-case hex digits,
/// 122 random bits (MED-24). It can be made in no other way, so no client's text becomes part of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectName(String);

impl ObjectName {
    pub fn random(installation: &Mark) -> Self {
        let mut digits = secret::random_hex(16);
        // RFC 9562: the version in digit 12, the variant in the two high bits of digit 16
        if let Some(variant) = digits.get(16..17).and_then(|digit| u8::from_str_radix(digit, 16).ok()) {
            digits.replace_range(12..13, "4");
            digits.replace_range(16..17, &format!("{:x}", 8 | variant & 3));
        }
        Self(format!("{installation}-{digits}"))
    }
}

impl std::fmt::Display for ObjectName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where the objects of one picture lie: what all their paths begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PicturePlace(String);

impl PicturePlace {
    /// `user_{user}/{name}.{ext}`
    pub fn of_user(user: UserId) -> Self {
        Self(format!("user_{user}/"))
    }

    /// `gym_{gym}/logo_{name}.{ext}`
    pub fn of_logo(gym: GymId) -> Self {
        Self(format!("gym_{gym}/logo_"))
    }

    /// The place that a path is in, of whatever user or gym; `None` for paths that no place makes.
    fn of(path: &str) -> Option<Self> {
        let number = |prefix: &str| path.strip_prefix(prefix)?.split_once('/')?.0.parse().ok().filter(|id| *id > 0);
        let place = match (number("user_"), number("gym_")) {
            (Some(id), _) => Self::of_user(UserId(id)),
            (_, Some(id)) => Self::of_logo(GymId(id)),
            _ => return None,
        };
        place.owns(path).then_some(place)
    }

    pub fn path(&self, name: &ObjectName, extension: &str) -> String {
        format!("{}{name}.{extension}", self.0)
    }

    /// Whether a stored path lies here; others are never deleted (MED-26).
    pub fn owns(&self, path: &str) -> bool {
        path.strip_prefix(&self.0).is_some_and(|name| !name.is_empty() && !name.contains('/'))
    }
}

/// Whether a path is that of a picture which this installation stored. Nothing else in the buckets is ever taken for an
/// orphan: not what others put there, and not what another installation stored (MED-26).
pub fn is_picture_of(installation: &Mark, path: &str) -> bool {
    let name = |place: PicturePlace| path.strip_prefix(&place.0).map(str::to_owned);
    PicturePlace::of(path).and_then(name).is_some_and(|name| installation.is_on(&name))
}

#[cfg(test)]
#[path = "media_tests.rs"]
mod tests;
