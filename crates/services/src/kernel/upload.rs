//! One uploaded file on its way in: what it is and whether it is taken, told as soon as its bytes tell (MED-1 … MED-5).
use crate::{Refusal, Result, error::Class};
use bytes::{Bytes, BytesMut};
use domain::kernel::media::{HEAD_BYTES, MediaKind, MediaRefusal, UploadKind, accept};
use futures::future::BoxFuture;
use ports::{StorageError, image::ImageError};

pub const FILE_EMPTY: Refusal = Refusal::bad_request("file_empty", "The file is empty.", "El archivo está vacío.");
pub const FILE_TYPE: Refusal = Refusal::bad_request(
    "file_type_not_accepted",
    "Files of this type are not accepted here.",
    "Aquí no se aceptan archivos de este tipo.",
);
pub const FILE_CONTENT: Refusal = Refusal::bad_request(
    "file_content_not_accepted",
    "The content of the file is not of an accepted type.",
    "El contenido del archivo no es de un tipo aceptado.",
);
pub const FILE_MISMATCH: Refusal = Refusal::bad_request(
    "file_type_mismatch",
    "The content of the file is not of the declared type.",
    "El contenido del archivo no corresponde al tipo declarado.",
);
pub const FILE_TOO_LARGE: Refusal =
    Refusal::new(Class::TooLarge, "file_too_large", "The file is too large.", "El archivo es demasiado grande.");
pub const REQUEST_TOO_LARGE: Refusal =
    Refusal::new(Class::TooLarge, "too_large", "The request is too large.", "La petición es demasiado grande.");
pub const FORM_BROKEN: Refusal =
    Refusal::bad_request("unreadable_body", "The body cannot be read.", "No se puede leer el cuerpo.");
pub const TOO_MANY_PIXELS: Refusal = Refusal::bad_request(
    "image_too_many_pixels",
    "The image has too many pixels.",
    "La imagen tiene demasiados píxeles.",
);
pub const IMAGE_CORRUPT: Refusal =
    Refusal::bad_request("image_corrupt", "The image is damaged or incomplete.", "La imagen está dañada o incompleta.");
pub const IMAGES_BUSY: Refusal = Refusal::unavailable(
    "image_queue_full",
    "Too many images are being processed. Please try again in a moment.",
    "Se están procesando demasiadas imágenes. Vuelve a intentarlo en un momento.",
);
pub const STORAGE_OFF: Refusal = Refusal::unavailable(
    "storage_not_configured",
    "Files cannot be uploaded here.",
    "Aquí no se pueden subir archivos.",
);
pub const STORAGE_FAILED: Refusal = Refusal::new(
    Class::BadGateway,
    "storage_failed",
    "The file could not be stored. Please try again later.",
    "No se pudo guardar el archivo. Inténtalo más tarde.",
);

/// Bytes of a whole request with files (MED-1).
pub const MAX_REQUEST: usize = 200 * 1_048_576;

/// A file that was taken, whole.
#[derive(Clone, Debug)]
pub struct Upload {
    pub bytes: Bytes,
    /// From its content.
    pub kind: MediaKind,
}

/// A file that is read only when it is waited for, so that whoever may not upload is told before. `None` when the
/// form has no such field.
pub type Incoming<'a> = BoxFuture<'a, Result<Option<Upload>>>;

/// Takes a file in pieces and holds no more of it than may be taken.
#[derive(Debug)]
pub struct Intake {
    upload: UploadKind,
    declared: Option<String>,
    found: Option<MediaKind>,
    read: BytesMut,
}

impl Intake {
    /// `declared`: what the client says the file is.
    pub fn new(upload: UploadKind, declared: Option<&str>) -> Self {
        Self { upload, declared: declared.map(str::to_owned), found: None, read: BytesMut::new() }
    }

    /// # Errors
    /// As soon as the file is known to be refused; the rest need not be read.
    pub fn take(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        let wanted = HEAD_BYTES.saturating_sub(self.read.len()).min(piece.len());
        let (head, rest) = piece.split_at_checked(wanted).unwrap_or((piece, &[]));
        self.read.extend_from_slice(head);
        if self.found.is_none() && self.read.len() >= HEAD_BYTES {
            self.found = Some(self.accepted()?);
        }
        if let Some(found) = self.found {
            let length = self.read.len().saturating_add(rest.len()) as u64;
            if length > self.upload.max_bytes(found) {
                return Err(FILE_TOO_LARGE);
            }
        }
        self.read.extend_from_slice(rest);
        Ok(())
    }

    /// The file, when nothing more comes.
    ///
    /// # Errors
    /// When it is empty, or short and of no accepted type.
    pub fn finish(self) -> Result<Upload, Refusal> {
        let kind = match self.found {
            Some(kind) => kind,
            None => self.accepted()?,
        };
        Ok(Upload { bytes: self.read.freeze(), kind })
    }

    fn accepted(&self) -> Result<MediaKind, Refusal> {
        accept(self.declared.as_deref(), &self.read, self.upload.allowed()).map_err(|refusal| match refusal {
            MediaRefusal::Empty => FILE_EMPTY,
            MediaRefusal::DeclaredType => FILE_TYPE,
            MediaRefusal::Content => FILE_CONTENT,
            MediaRefusal::Mismatch => FILE_MISMATCH,
        })
    }
}

/// MED-3, MED-6, MED-7
pub(crate) fn image_refused(error: ImageError) -> Refusal {
    match error {
        ImageError::Unsupported => FILE_CONTENT,
        ImageError::TooManyPixels => TOO_MANY_PIXELS,
        ImageError::Corrupt => IMAGE_CORRUPT,
        ImageError::Busy => IMAGES_BUSY,
    }
}

/// MED-19
pub(crate) fn storage_refused(error: StorageError) -> Refusal {
    match error {
        StorageError::NotConfigured => STORAGE_OFF,
        StorageError::Failed(reason) => {
            tracing::warn!(reason, "a file could not be stored");
            STORAGE_FAILED
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR";
    const MB: usize = 1_048_576;

    /// Feeds a file in pieces; how many were taken before it was refused, or its length.
    fn fed(upload: UploadKind, declared: Option<&str>, file: &[u8], piece: usize) -> Result<usize, (usize, Refusal)> {
        let mut intake = Intake::new(upload, declared);
        for (n, piece) in file.chunks(piece).enumerate() {
            intake.take(piece).map_err(|refusal| (n, refusal))?;
        }
        let pieces = file.len().div_ceil(piece);
        intake.finish().map(|file| file.bytes.len()).map_err(|refusal| (pieces, refusal))
    }

    fn png_of(length: usize) -> Vec<u8> {
        let mut file = PNG.to_vec();
        file.resize(length, 0);
        file
    }

    #[test]
    fn med_1_a_file_of_the_limit_is_taken_and_one_byte_more_is_not() {
        for (upload, limit) in [(UploadKind::ProfileImage, 10 * MB), (UploadKind::Logo, 5 * MB)] {
            let file = png_of(limit + 1);
            for piece in [limit + 1, 65_536] {
                assert_eq!(fed(upload, None, &file[..limit], piece), Ok(limit));
                assert_eq!(fed(upload, None, &file, piece), Err((limit / piece, FILE_TOO_LARGE)));
            }
        }
    }

    #[test]
    fn med_1_reading_ends_at_the_first_piece_that_decides() {
        let html = b"<html>".repeat(2 * MB);
        assert_eq!(fed(UploadKind::Logo, None, &html, 100), Err((5, FILE_CONTENT)));
        let endless = png_of(50 * MB);
        assert_eq!(fed(UploadKind::Logo, None, &endless, MB), Err((5, FILE_TOO_LARGE)));
    }

    #[test]
    fn med_3_a_file_is_sniffed_however_small_its_pieces_are() {
        for piece in [1, 7, 511, 512, 513] {
            assert_eq!(fed(UploadKind::Logo, Some("image/png"), &png_of(2000), piece), Ok(2000));
            assert_eq!(fed(UploadKind::Logo, None, PNG, piece), Ok(PNG.len()));
        }
    }

    #[test]
    fn med_2_med_5_what_is_declared_may_refuse_and_nothing_is_empty() {
        assert_eq!(fed(UploadKind::Logo, Some("text/html"), PNG, 100), Err((1, FILE_TYPE)));
        assert_eq!(fed(UploadKind::Logo, Some("image/png"), b"", 100), Err((0, FILE_EMPTY)));
        assert_eq!(fed(UploadKind::Story, Some("video/mp4"), PNG, 100), Err((1, FILE_MISMATCH)));
    }
}
