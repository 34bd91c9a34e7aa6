//! One attempt to store one object, the same for every store.
use crate::fault::Fault;
use bytes::Bytes;
use object_store::{
    Attributes, MultipartUpload, ObjectStore, ObjectStoreExt as _, PutMode, PutMultipartOptions, PutOptions, path::Path,
};
use ports::storage::ObjectBody;
use std::time::Duration;
use tokio::{
    fs::File,
    io::AsyncReadExt as _,
    time::{Instant, timeout, timeout_at},
};

/// Files above this size are sent in parts of this size, so that no more of them is ever in memory.
pub const PART_BYTES: u64 = 8 * 1024 * 1024;
/// For taking back the parts of an upload that failed.
const ABORT_TIMEOUT: Duration = Duration::from_secs(5);

pub async fn upload(
    store: &dyn ObjectStore,
    at: &Path,
    body: &ObjectBody,
    attributes: &Attributes,
    limit: Duration,
) -> Result<(), Fault> {
    let deadline = Instant::now() + limit;
    let bytes = match body {
        ObjectBody::Bytes(bytes) => bytes.clone(),
        ObjectBody::File(path) => {
            // the spool file is ours: if it cannot be read now, it cannot be read later
            let mut file = File::open(path).await.map_err(Fault::lasting)?;
            if file.metadata().await.map_err(Fault::lasting)?.len() > PART_BYTES {
                return upload_parts(store, at, file, attributes, deadline).await;
            }
            next_part(&mut file).await?
        }
    };
    let options = PutOptions { mode: PutMode::Create, attributes: attributes.clone(), ..PutOptions::default() };
    within(deadline, store.put_opts(at, bytes.into(), options)).await?;
    Ok(())
}

async fn upload_parts(
    store: &dyn ObjectStore,
    at: &Path,
    mut file: File,
    attributes: &Attributes,
    deadline: Instant,
) -> Result<(), Fault> {
    // an upload in parts replaces what is there without asking
    match within(deadline, store.head(at)).await {
        Ok(_) => return Err(Fault::taken()),
        Err(fault) if fault.is_passing() => return Err(fault),
        // missing, as it should be; any other refusal meets the upload as well
        Err(_) => {}
    }
    let options = PutMultipartOptions { attributes: attributes.clone(), ..PutMultipartOptions::default() };
    let mut upload = within(deadline, store.put_multipart_opts(at, options)).await?;
    let sent = within(deadline, send_parts(upload.as_mut(), &mut file)).await;
    if sent.is_err() && !matches!(timeout(ABORT_TIMEOUT, upload.abort()).await, Ok(Ok(()))) {
        tracing::warn!(path = %at, "the parts of a failed upload could not be taken back");
    }
    sent
}

async fn send_parts(upload: &mut dyn MultipartUpload, file: &mut File) -> Result<(), Fault> {
    loop {
        let part = next_part(file).await?;
        if part.is_empty() {
            upload.complete().await?;
            return Ok(());
        }
        upload.put_part(part.into()).await?;
    }
}

/// The next bytes of the file, as many as fit a part; empty at its end.
async fn next_part(file: &mut File) -> Result<Bytes, Fault> {
    let mut part = Vec::new();
    file.take(PART_BYTES).read_to_end(&mut part).await.map_err(Fault::lasting)?;
    Ok(part.into())
}

async fn within<T, E: Into<Fault>>(deadline: Instant, call: impl Future<Output = Result<T, E>>) -> Result<T, Fault> {
    timeout_at(deadline, call).await.map_err(|_| Fault::timed_out())?.map_err(Into::into)
}
