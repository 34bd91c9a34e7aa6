//! What went wrong in one call, sorted by what follows from it (MED-18).
use crate::transport::Refusal;
use object_store::client::{HttpError, HttpErrorKind};
use ports::StorageError;
use std::{error::Error, time::Duration};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consequence {
    /// An object of that name is there already.
    Taken,
    /// No object of that name is there.
    Missing,
    /// Connection errors, time-outs, 408, 429 and 5xx: the next attempt may succeed.
    Passing { retry_after: Option<Duration> },
    /// No attempt will succeed.
    Lasting,
}

#[derive(Debug)]
pub struct Fault {
    pub consequence: Consequence,
    /// Of the store's answer, if it answered.
    pub status: Option<u16>,
    pub reason: String,
}

impl Fault {
    pub fn lasting(reason: impl std::fmt::Display) -> Self {
        Self { consequence: Consequence::Lasting, status: None, reason: reason.to_string() }
    }
    pub fn taken() -> Self {
        Self { consequence: Consequence::Taken, status: None, reason: "the name is taken".into() }
    }
    pub fn timed_out() -> Self {
        let consequence = Consequence::Passing { retry_after: None };
        Self { consequence, status: None, reason: "no answer within the time limit".into() }
    }
    pub fn is_passing(&self) -> bool {
        matches!(self.consequence, Consequence::Passing { .. })
    }
}

impl From<Fault> for StorageError {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault.reason)
    }
}

impl From<object_store::Error> for Fault {
    fn from(error: object_store::Error) -> Self {
        let reason = error.to_string();
        let by_kind = match &error {
            object_store::Error::AlreadyExists { .. } => Some(Consequence::Taken),
            object_store::Error::NotFound { .. } => Some(Consequence::Missing),
            _ => None,
        };
        let mut consequence = by_kind.unwrap_or_else(|| {
            // a 200 whose body reports a failure, as S3 answers multi-part calls
            let busy = reason.contains("InternalError") || reason.contains("SlowDown");
            if busy { Consequence::Passing { retry_after: None } } else { Consequence::Lasting }
        });
        let mut status = None;
        let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
        while let Some(error) = cause {
            if let Some(refusal) = error.downcast_ref::<Refusal>() {
                status = Some(refusal.status);
                consequence = of_refusal(refusal);
            } else if let Some(error) = error.downcast_ref::<HttpError>()
                && error.kind() != HttpErrorKind::Decode
            {
                consequence = Consequence::Passing { retry_after: None };
            }
            cause = error.source();
        }
        Self { consequence, status, reason }
    }
}

fn of_refusal(refusal: &Refusal) -> Consequence {
    match refusal.status {
        408 | 429 | 500.. => Consequence::Passing { retry_after: refusal.retry_after },
        409 | 412 => Consequence::Taken,
        // Supabase reports a duplicate as 400
        400 if refusal.body.contains("KeyAlreadyExists") || refusal.body.contains("\"statusCode\":\"409\"") => {
            Consequence::Taken
        }
        // a bucket that is not there is a mistake in the configuration, not a deleted object
        404 if !refusal.body.contains("NoSuchBucket") => Consequence::Missing,
        _ => Consequence::Lasting,
    }
}
