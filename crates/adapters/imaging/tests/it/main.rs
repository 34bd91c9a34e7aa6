//! Images in, files out, through the port.
mod completeness;
mod limits;
mod metadata;
mod output;
mod queue;
mod samples;
mod thumbnails;
