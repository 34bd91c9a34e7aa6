//! Files that are too large for memory wait on this machine's disk until they are stored (MED-1), and whatever a
//! process that died left behind is removed (media, job M3).
use std::{
    io,
    path::PathBuf,
    time::{Duration, SystemTime},
};
use tempfile::NamedTempFile;

const PREFIX: &str = "gymapi-upload-";
/// No upload lasts so long.
const KEPT: Duration = Duration::from_secs(3600);

/// The folder of one instance. Every instance keeps its own clean, for nobody else sees it: this is why it is no
/// scheduled job, which only one instance runs.
#[derive(Clone, Debug)]
pub struct Spool {
    folder: PathBuf,
}

impl Spool {
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// A file that goes away with its handle.
    ///
    /// # Errors
    /// When the folder cannot be made or written to.
    pub fn file(&self) -> io::Result<NamedTempFile> {
        std::fs::create_dir_all(&self.folder)?;
        tempfile::Builder::new().prefix(PREFIX).tempfile_in(&self.folder)
    }

    /// Removes files of uploads that were written to last more than an hour before `now`, and returns how many.
    ///
    /// # Errors
    /// When the folder cannot be read; a single file that stays is logged and tried again next time.
    pub fn sweep(&self, now: SystemTime) -> io::Result<usize> {
        let entries = match std::fs::read_dir(&self.folder) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(0),
            entries => entries?,
        };
        let mut removed = 0;
        for entry in entries {
            let entry = entry?;
            if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
                continue;
            }
            // one that went away meanwhile was finished
            let Ok(written) = entry.metadata().and_then(|meta| meta.modified()) else { continue };
            if now.duration_since(written).is_ok_and(|age| age > KEPT) {
                match std::fs::remove_file(entry.path()) {
                    Ok(()) => removed += 1,
                    Err(error) => tracing::warn!(%error, file = %entry.path().display(), "an upload's file stays"),
                }
            }
        }
        Ok(removed)
    }

    /// Sweeps at once and then every hour, until `stop` resolves.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        loop {
            let this = self.clone();
            match tokio::task::spawn_blocking(move || this.sweep(SystemTime::now())).await {
                Ok(Ok(0)) | Err(_) => {}
                Ok(Ok(removed)) => tracing::info!(removed, "files of broken uploads removed"),
                Ok(Err(error)) => tracing::warn!(%error, "the folder of uploads cannot be read"),
            }
            tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(KEPT) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn med_1_a_spooled_file_goes_away_with_its_handle() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::new(folder.path().join("made/when/needed"));
        let file = spool.file().unwrap();
        let path = file.path().to_owned();
        assert!(path.exists());
        drop(file);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn med_job_m3_what_a_dead_process_left_is_removed_after_an_hour() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::new(folder.path());
        let left = spool.file().unwrap().into_temp_path().keep().unwrap();
        let foreign = folder.path().join("somebody-elses");
        std::fs::write(&foreign, "x").unwrap();
        let now = SystemTime::now();
        assert_eq!(spool.sweep(now + Duration::from_secs(3500)).unwrap(), 0);
        assert!(left.exists());
        assert_eq!(spool.sweep(now + Duration::from_secs(3700)).unwrap(), 1);
        assert!(!left.exists() && foreign.exists());
        assert_eq!(Spool::new(folder.path().join("never-made")).sweep(now).unwrap(), 0);

        let old = spool.file().unwrap().into_temp_path().keep().unwrap();
        let long_ago = SystemTime::now() - Duration::from_secs(7200);
        std::fs::File::options().write(true).open(&old).unwrap().set_modified(long_ago).unwrap();
        spool.run(async {}).await;
        assert!(!old.exists(), "swept at start");
    }
}
