//! What every context stands on: ids, time, text, errors of input, the outbox, scheduled jobs, idempotency keys.
pub mod calendar_date;
pub mod email;
pub mod idempotency_key;
pub mod ids;
pub mod installation;
pub mod job;
pub mod locale;
pub mod media;
pub mod outbox;
pub mod patch;
pub mod secret;
pub mod tenant;
pub mod text;
pub mod time;
pub mod timezone;
pub mod validation;
