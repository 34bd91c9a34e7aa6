//! How an event ends: by a worker, by the clock, or by its gym (EVT-90 … EVT-92).
use super::seating::stale;
use crate::{
    Core, Error, Ports, Result,
    chat::event_rooms::{ChatWork, EventRooms},
    kernel::scheduler::{Job, Progress, Schedule},
};
use async_trait::async_trait;
use chrono::TimeDelta;
use domain::{
    ChatRoomId, EventId, GymId,
    events::event::{self, EventStatus},
    kernel::text::Text,
};
use repository::Tx;

/// From when on an event may be completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// By workers and the clock: its end has passed.
    OnceOver,
    /// By the gym: it has begun (EVT-23).
    OnceBegun,
}

/// What became of an event that was to be completed.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "one for each completion, taken apart at once")]
pub(crate) enum Completion {
    /// `chat_closed`: it has a chat, in which nobody writes any more.
    Completed {
        event: event::Model,
        chat_closed: bool,
    },
    AlreadyCompleted,
    Cancelled,
    NotYet,
    /// There is none in this gym.
    Missing,
}

#[derive(Clone)]
pub(crate) struct Completions {
    core: Core,
}

/// What is said last in an event's chat (CHT-42).
fn farewell() -> Text {
    Text {
        en: "The event is over. What was said here can still be read for two days.".into(),
        es: "El evento ha terminado. Lo dicho aquí se podrá leer durante dos días más.".into(),
    }
}

impl Completions {
    pub(crate) fn new(core: &Core) -> Self {
        Self { core: core.clone() }
    }

    /// Of any number who complete an event at once, one does.
    pub(crate) async fn complete(&self, gym: GymId, event: EventId, rule: Rule) -> Result<Completion> {
        let core = &self.core;
        let outcome = core
            .db
            .run(async |tx| {
                let Some(row) = core.stores.events.get_for_update(&tx, gym, event).await? else {
                    return Ok(Completion::Missing);
                };
                let now = core.clock.now();
                let from = if rule == Rule::OnceOver { row.end_time } else { row.start_time };
                match row.status {
                    EventStatus::Completed => return Ok(Completion::AlreadyCompleted),
                    EventStatus::Cancelled => return Ok(Completion::Cancelled),
                    EventStatus::Scheduled if from > now => return Ok(Completion::NotYet),
                    EventStatus::Scheduled => {}
                }
                let change = event::Update { status: Some(EventStatus::Completed), ..Default::default() };
                let row = core.stores.events.update(&tx, gym, event, change).await?;
                let settled = core.settle_completed(&tx, &row, now).await?;
                for intent in settled.intents_to_cancel {
                    core.cancel_intent_later(&tx, Some(intent)).await?;
                }
                let chat_closed = core.close_chat(&tx, gym, event, &format!("event-end-{event}"), farewell()).await?;
                Ok::<_, Error>(Completion::Completed { event: row, chat_closed })
            })
            .await?;
        if matches!(outcome, Completion::Completed { .. }) {
            core.committed(&stale(gym)).await;
        }
        Ok(outcome)
    }

    /// Counts a completion that failed, so that one which always fails does not come up for ever (EVT-91).
    pub(crate) async fn failed(&self, event: EventId) {
        if let Err(error) = self.core.stores.event_upkeep.count_failure(&self.core.db, event).await {
            tracing::warn!(%event, %error, "a completion that failed is not counted");
        }
    }
}

impl Core {
    /// Says something last in an event's chat and freezes it; false when it has none.
    pub(super) async fn close_chat(&self, tx: &Tx, gym: GymId, event: EventId, key: &str, text: Text) -> Result<bool> {
        if self.stores.rooms_of.of_event(tx, gym, event).await?.is_none() {
            return Ok(false);
        }
        self.chat_later(tx, gym, ChatWork::Announce { event, key: key.to_owned(), text }).await?;
        self.chat_later(tx, gym, ChatWork::Freeze { event }).await?;
        Ok(true)
    }
}

/// Events of one look.
const PAGE: u64 = 100;
/// How long a chat can be read when its event is over.
const CHAT_KEPT: TimeDelta = TimeDelta::hours(48);

/// Completes what no worker has completed (EVT-90).
pub(crate) struct CompletionBackup {
    core: Core,
    completions: Completions,
}

impl CompletionBackup {
    pub(crate) fn new(core: &Core) -> Self {
        Self { core: core.clone(), completions: Completions::new(core) }
    }

    async fn sweep(&self) -> Result<(usize, usize)> {
        let (core, now) = (&self.core, self.core.clock.now());
        let (mut after, mut completed, mut failed) = (None, 0, 0);
        loop {
            let due = core.stores.event_upkeep.due(&core.db, now, after, PAGE).await?;
            let Some(last) = due.last() else { return Ok((completed, failed)) };
            after = Some((last.end_time, last.id));
            for event in due {
                match self.completions.complete(event.gym_id, event.id, Rule::OnceOver).await {
                    Ok(Completion::Completed { .. }) => completed += 1,
                    Ok(_) => {}
                    // one that cannot be completed keeps no other waiting
                    Err(error) => {
                        tracing::error!(event = %event.id, %error, "an event could not be completed");
                        self.completions.failed(event.id).await;
                        failed += 1;
                    }
                }
            }
        }
    }
}

#[async_trait]
impl Job for CompletionBackup {
    fn name(&self) -> &'static str {
        "event_completion_backup"
    }

    fn schedule(&self) -> Schedule {
        Schedule::Aligned { every: TimeDelta::hours(1), at: TimeDelta::zero() }
    }

    async fn run(&self, _: &dyn Progress) -> Result<String, String> {
        let (completed, failed) = self.sweep().await.map_err(|e| e.to_string())?;
        Ok(format!("{completed} completed, {failed} failed"))
    }
}

/// Removes the channels of events that have been over for two days (EVT-92). What fails is tried in the next run.
pub(crate) struct ChannelsCleanup {
    core: Core,
    rooms: EventRooms,
}

impl ChannelsCleanup {
    pub(crate) fn new(core: &Core, ports: &Ports) -> Self {
        Self { core: core.clone(), rooms: EventRooms::new(core, ports) }
    }

    async fn sweep(&self) -> Result<(usize, usize)> {
        let (core, before) = (&self.core, self.core.clock.now() - CHAT_KEPT);
        let (mut after, mut closed, mut failed) = (ChatRoomId(0), 0, 0);
        loop {
            let over = core.stores.event_upkeep.rooms_over(&core.db, before, after, PAGE).await?;
            let Some(last) = over.last() else { return Ok((closed, failed)) };
            after = last.id;
            for room in over {
                match self.rooms.close(&room).await {
                    Ok(()) => closed += 1,
                    Err(failure) => {
                        tracing::warn!(room = %room.id, ?failure, "an event's channel could not be removed");
                        failed += 1;
                    }
                }
            }
        }
    }
}

#[async_trait]
impl Job for ChannelsCleanup {
    fn name(&self) -> &'static str {
        "event_channels_cleanup"
    }

    fn schedule(&self) -> Schedule {
        Schedule::Aligned { every: TimeDelta::hours(12), at: TimeDelta::zero() }
    }

    async fn run(&self, _: &dyn Progress) -> Result<String, String> {
        let (closed, failed) = self.sweep().await.map_err(|e| e.to_string())?;
        Ok(format!("{closed} removed, {failed} failed"))
    }
}
