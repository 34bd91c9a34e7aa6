use super::*;
use proptest::prelude::*;

const JPEG: &[u8] = b"\xFF\xD8\xFF\xE0\0\x10JFIF\0";
const PNG: &[u8] = b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR";
const WEBP: &[u8] = b"RIFF\x10\0\0\0WEBPVP8 ";
const AVI: &[u8] = b"RIFF\x10\0\0\0AVI LIST";
const MP4: &[u8] = b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2";
const HTML: &[u8] = b"<!DOCTYPE html><script>alert(1)</script>";
const SVG: &[u8] = b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>";
const PDF: &[u8] = b"%PDF-1.7\n%\xE2\xE3\xCF\xD3";
const HEIC: &[u8] = b"\0\0\0\x24ftypheic\0\0\0\0mif1heic";
const AVIF: &[u8] = b"\0\0\0\x20ftypavif\0\0\0\0avifmif1";

const IMAGES: &[MediaKind] = &[Jpeg, Png, Webp, Gif];

/// An EBML header as muxers write it: EBMLVersion 1, then the DocType, then DocTypeVersion 4.
fn ebml(doc_type: &[u8]) -> Vec<u8> {
    let mut elements = vec![0x42, 0x86, 0x81, 0x01, 0x42, 0x82, 0x80 | doc_type.len() as u8];
    elements.extend_from_slice(doc_type);
    elements.extend_from_slice(&[0x42, 0x87, 0x81, 0x04]);
    let mut file = vec![0x1A, 0x45, 0xDF, 0xA3, 0x01, 0, 0, 0, 0, 0, 0, elements.len() as u8];
    file.extend_from_slice(&elements);
    file.extend_from_slice(b"\x18\x53\x80\x67 segment webm");
    file
}

fn ftyp(brand: &[u8; 4]) -> Vec<u8> {
    [b"\0\0\0\x18ftyp".as_slice(), brand, b"\0\0\0\0"].concat()
}

fn atom(name: &[u8; 4]) -> Vec<u8> {
    [b"\0\0\0\x08".as_slice(), name, b"\0\0\0\0"].concat()
}

#[test]
fn med_3_each_signature_is_recognised() {
    let mut table: Vec<(Vec<u8>, MediaKind)> = vec![
        (JPEG.into(), Jpeg),
        (PNG.into(), Png),
        (b"GIF87a\x01\0".into(), Gif),
        (b"GIF89a\x01\0".into(), Gif),
        (WEBP.into(), Webp),
        (AVI.into(), Avi),
        (ebml(b"webm"), WebM),
        (ebml(b"webm\0\0\0"), WebM),
        (ftyp(b"qt  "), QuickTime),
    ];
    for brand in [b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"dash", b"M4V ", b"MSNV"] {
        table.push((ftyp(brand), Mp4));
    }
    for name in [b"moov", b"mdat", b"wide", b"free"] {
        table.push((atom(name), QuickTime));
    }
    for (head, kind) in table {
        assert_eq!(MediaKind::sniff(&head), Some(kind), "{:?}", head.escape_ascii().to_string());
        assert_eq!(accept(None, &head, &MediaKind::ALL), Ok(kind));
    }
}

#[test]
fn med_3_everything_else_is_refused() {
    let mut heads: Vec<Vec<u8>> = vec![
        SVG.into(),
        PDF.into(),
        HTML.into(),
        HEIC.into(),
        AVIF.into(),
        ftyp(b"heix"),
        ftyp(b"mif1"),
        ftyp(b"mp4"[..3].iter().chain(b"x").copied().collect::<Vec<_>>().as_slice().try_into().unwrap()),
        ebml(b"matroska"),
        // the text in the wrong place proves nothing
        ebml(b"matroskawebm"),
        b"\x1A\x45\xDF\xA3".into(),
        b"\x1A\x45\xDF\xA3\0webm".into(),
        b"RIFF\x10\0\0\0WAVEfmt ".into(),
        b"RIFF".into(),
        b"GIF88a".into(),
        b"\xFF\xD8".into(),
        b"\x89PNG\n\x1A\n".into(),
        b"\0\0\0\x18ftyp".into(),
        b"BM\0\0".into(),
        b" ".into(),
    ];
    heads.push(b"plain text that says image/png".into());
    for head in heads {
        assert_eq!(MediaKind::sniff(&head), None, "{:?}", head.escape_ascii().to_string());
        assert_eq!(accept(None, &head, &MediaKind::ALL), Err(MediaRefusal::Content));
    }
}

#[test]
fn med_3_pages_and_foreign_images_declared_as_png_are_refused() {
    for head in [HTML, SVG, PDF, HEIC, AVIF] {
        assert_eq!(accept(Some("image/png"), head, &MediaKind::ALL), Err(MediaRefusal::Content));
    }
}

#[test]
fn med_3_a_declared_image_that_is_a_video_is_refused_and_the_reverse() {
    assert_eq!(accept(Some("image/jpeg"), MP4, &MediaKind::ALL), Err(MediaRefusal::Mismatch));
    assert_eq!(accept(Some("image/jpeg"), MP4, IMAGES), Err(MediaRefusal::Mismatch));
    assert_eq!(accept(Some("video/mp4"), JPEG, &MediaKind::ALL), Err(MediaRefusal::Mismatch));
    // one kind of video for another is no mismatch: the content decides
    assert_eq!(accept(Some("video/mp4"), &ftyp(b"qt  "), &MediaKind::ALL), Ok(QuickTime));
}

#[test]
fn med_3_content_must_be_among_what_is_allowed_here() {
    let profile = UploadKind::ProfileImage.allowed();
    assert_eq!(accept(None, b"GIF89a\x01\0", profile), Err(MediaRefusal::Content));
    assert_eq!(accept(Some("image/png"), b"GIF89a\x01\0", profile), Err(MediaRefusal::Content));
    assert_eq!(accept(None, MP4, profile), Err(MediaRefusal::Content));
    assert_eq!(accept(None, WEBP, profile), Ok(Webp));
}

#[test]
fn med_2_a_declared_type_outside_the_list_is_refused() {
    for declared in ["text/html", "image/svg+xml", "image/heic", "image/gif", "video/mp4", "image", "image/"] {
        let refused = accept(Some(declared), JPEG, UploadKind::Logo.allowed());
        assert_eq!(refused, Err(MediaRefusal::DeclaredType), "{declared}");
    }
}

#[test]
fn med_2_parameters_case_and_the_jpg_alias_are_no_obstacle() {
    for declared in ["IMAGE/JPEG; charset=x", "image/jpg", "Image/Jpg ;q=1", " image/jpeg "] {
        assert_eq!(accept(Some(declared), JPEG, IMAGES), Ok(Jpeg), "{declared}");
    }
}

#[test]
fn med_2_without_a_declared_type_the_content_decides() {
    for declared in [None, Some(""), Some("application/octet-stream"), Some("Application/Octet-Stream; x=y")] {
        assert_eq!(accept(declared, JPEG, IMAGES), Ok(Jpeg), "{declared:?}");
    }
}

#[test]
fn med_4_the_stored_type_and_extension_are_those_of_the_content() {
    let kind = accept(Some("image/jpeg"), PNG, IMAGES).unwrap();
    assert_eq!((kind, kind.content_type(), kind.extension()), (Png, "image/png", "png"));
    let table: Vec<_> = MediaKind::ALL.iter().map(|kind| (kind.content_type(), kind.extension())).collect();
    assert_eq!(
        table,
        [
            ("image/jpeg", "jpg"),
            ("image/png", "png"),
            ("image/gif", "gif"),
            ("image/webp", "webp"),
            ("video/mp4", "mp4"),
            ("video/quicktime", "mov"),
            ("video/x-msvideo", "avi"),
            ("video/webm", "webm"),
        ]
    );
    assert!(MediaKind::ALL.iter().all(|kind| kind.is_image() == kind.content_type().starts_with("image/")));
}

#[test]
fn med_5_an_empty_file_is_refused_whatever_it_says() {
    assert_eq!(accept(Some("text/html"), b"", IMAGES), Err(MediaRefusal::Empty));
    assert_eq!(accept(None, b"", IMAGES), Err(MediaRefusal::Empty));
}

#[test]
fn med_1_the_limits_are_those_of_the_upload_kinds() {
    assert_eq!(UploadKind::Post.max_bytes(Gif), 10_485_760);
    assert_eq!(UploadKind::Story.max_bytes(Mp4), 52_428_800);
    assert_eq!(UploadKind::ProfileImage.max_bytes(Png), 10_485_760);
    assert_eq!(UploadKind::Logo.max_bytes(Png), 5_242_880);
}

#[test]
fn med_30_a_profile_image_comes_in_one_of_four_fields_in_this_order() {
    assert_eq!(UploadKind::ProfileImage.fields(), ["file", "image", "photo", "picture"]);
}

#[test]
fn med_24_an_objects_name_is_a_mark_and_a_random_version_4_uuid() {
    let mark = Mark::random();
    let name = ObjectName::random(&mark).to_string();
    assert_eq!(mark.to_string().len(), 12);
    let uuid = name.strip_prefix(&format!("{mark}-")).unwrap();
    assert_eq!(uuid.len(), 32);
    assert!(name.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f' | b'-')));
    assert_eq!(&uuid[12..13], "4");
    assert!(matches!(&uuid[16..17], "8" | "9" | "a" | "b"), "{name}");
    assert_ne!(name, ObjectName::random(&mark).to_string());
}

#[test]
fn med_4_paths_are_made_of_ids_and_random_names() {
    let name = ObjectName::random(&Mark::random());
    let profile = PicturePlace::of_user(UserId(42)).path(&name, Jpeg.extension());
    assert_eq!(profile, format!("user_42/{name}.jpg"));
    assert_eq!(PicturePlace::of_logo(GymId(7)).path(&name, "png"), format!("gym_7/logo_{name}.png"));
}

#[test]
fn med_26_an_owner_has_objects_under_the_own_prefix_only() {
    let (user, logo) = (PicturePlace::of_user(UserId(4)), PicturePlace::of_logo(GymId(7)));
    assert!(user.owns("user_4/a.jpg"));
    assert!(logo.owns("gym_7/logo_a.png"));
    for path in ["user_42/a.jpg", "user_4", "user_4/", "user_4/../user_5/a.jpg", "gym_4/logo_a.png"] {
        assert!(!user.owns(path), "{path}");
    }
    for path in ["gym_70/logo_a.png", "gym_7/user_1/posts/a.png", "gym_7/logo_", "gym_7/logo_a/b.png"] {
        assert!(!logo.owns(path), "{path}");
    }
}

proptest! {
    /// No head, however broken, makes the sniffer panic, and more bytes never change a verdict.
    #[test]
    fn med_3_a_longer_head_never_changes_what_was_recognised(
        start in prop::sample::select(vec![
            &b""[..], b"\x1A\x45\xDF\xA3", b"\x1A\x45\xDF\xA3\x9F\x42\x82\x84webm", b"RIFF\0\0\0\0", b"\0\0\0\0ftyp",
        ]),
        tail in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let head = [start, &tail].concat();
        let whole = MediaKind::sniff(&head);
        for end in 0..head.len() {
            if let Some(kind) = MediaKind::sniff(&head[..end]) {
                prop_assert_eq!(Some(kind), whole);
            }
        }
    }
}

#[test]
fn med_26_only_what_this_installation_stored_can_be_an_orphan() {
    let (ours, theirs) = (Mark::random(), Mark::random());
    let name = ObjectName::random(&ours);
    let places = [PicturePlace::of_user(UserId(7)), PicturePlace::of_logo(GymId(3))];
    for path in places.iter().map(|place| place.path(&name, "jpg")) {
        assert!(is_picture_of(&ours, &path), "{path}");
        assert!(!is_picture_of(&theirs, &path), "{path}");
    }
    for path in [
        String::new(),
        format!("{ours}-a.png"),
        "user_7".into(),
        "user_7/".into(),
        "user_7/a.png".into(),
        "gym_3/logo_a.png".into(),
        format!("user_7/{ours}.png"),
        format!("user_7/{ours}0-a.png"),
        format!("user_x/{ours}-a.png"),
        format!("user_-7/{ours}-a.png"),
        format!("user_7/{ours}-a/b.png"),
        format!("gym_3/{ours}-a.png"),
        "gym_3/logo_".into(),
        format!("gym_3/user_7/posts/{ours}-a.png"),
        format!("gym_/logo_{ours}-a.png"),
        format!("auth0_123_{ours}-a.jpg"),
    ] {
        assert!(!is_picture_of(&ours, &path), "{path}");
    }
}
