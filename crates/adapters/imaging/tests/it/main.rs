//! Images in, files out, through the port.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail anywhere")]

mod completeness;
mod limits;
mod metadata;
mod output;
mod queue;
mod samples;
mod thumbnails;
