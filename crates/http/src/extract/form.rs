use crate::ApiError;
use axum::{
    body::Body,
    extract::{
        FromRequest, Multipart, Request,
        multipart::{Field, MultipartError, MultipartRejection},
    },
    http::StatusCode,
};
use bytes::Bytes;
use domain::kernel::{
    media::UploadKind,
    validation::{FieldError, Invalid},
};
use futures::{Stream, StreamExt, stream};
use services::{
    Error, Refusal, Result,
    kernel::upload::{FILE_TOO_LARGE, FORM_BROKEN, Intake, REQUEST_TOO_LARGE, Upload},
};
use std::task::Poll;

/// A multipart form of which nothing is read yet. Even that it is one is asked only by [`Form::file`], after the
/// caller's rights were.
pub struct Form(Result<Multipart, MultipartRejection>);

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = ApiError;
    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let paced = request.map(|body| Body::from_stream(piecemeal(body)));
        Ok(Self(Multipart::from_request(paced, state).await))
    }
}

/// The body, which seems to pause after each piece. The parser gathers whatever is ready before it looks at any of it:
/// a fast sender's whole request would come to lie in memory (MED-1).
fn piecemeal(body: Body) -> impl Stream<Item = Result<Bytes, axum::Error>> + Send + 'static {
    let mut pieces = body.into_data_stream();
    let mut pauses = false;
    stream::poll_fn(move |cx| {
        if std::mem::take(&mut pauses) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let piece = pieces.poll_next_unpin(cx);
        pauses = matches!(piece, Poll::Ready(Some(Ok(_))));
        piece
    })
}

impl Form {
    /// Reads the file of this kind of upload: of several that are sent, the one whose field is listed first (MED-30).
    /// One file is held at a time, never more of it than its limit (MED-1).
    ///
    /// # Errors
    /// 422 when the body is no form, 400 when it breaks off, 400 or 413 when the file is refused.
    pub async fn file(self, kind: UploadKind) -> Result<Option<Upload>> {
        let mut form = self.0.map_err(|_| no_form())?;
        let mut best: Option<(usize, Result<Upload, Refusal>)> = None;
        while let Some(part) = form.next_field().await.map_err(broken)? {
            let rank = kind.fields().iter().position(|field| Some(*field) == part.name());
            let Some(rank) = rank.filter(|rank| best.as_ref().is_none_or(|(held, _)| rank < held)) else { continue };
            drop(best.take());
            let file = read(part, kind).await?;
            match file {
                // nothing that may follow makes up for these
                Err(refusal) if rank == 0 || refusal == FILE_TOO_LARGE => return Err(refusal.into()),
                file => best = Some((rank, file)),
            }
        }
        Ok(best.map(|(_, file)| file).transpose()?)
    }
}

async fn read(mut part: Field<'_>, kind: UploadKind) -> Result<Result<Upload, Refusal>> {
    let mut intake = Intake::new(kind, part.content_type());
    while let Some(piece) = part.chunk().await.map_err(broken)? {
        if let Err(refusal) = intake.take(&piece) {
            return Ok(Err(refusal));
        }
    }
    Ok(intake.finish())
}

fn no_form() -> Error {
    let msg = "a body of multipart/form-data with a boundary is required".to_owned();
    Invalid(vec![FieldError { loc: vec!["body".to_owned()], msg, kind: "multipart_required".to_owned() }]).into()
}

fn broken(error: MultipartError) -> Error {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE { REQUEST_TOO_LARGE.into() } else { FORM_BROKEN.into() }
}
