use crate::{
    ApiError, HostState,
    extract::{Admin, Body, LongWindow, Member, Path, Query, Service, Tenant, scope},
};
use axum::Json;
use domain::{EventId, EventParticipationId, events::participation::PaymentStatus};
use serde::Deserialize;
use services::events::{
    administration::{EventAdministration, Refunded},
    participation_view::{Participation, ParticipationWithRefund, PaymentIntentInfo},
    payments::EventPaying,
    view::Event,
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes<S: HostState>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(confirm))
        .routes(routes!(intent))
        .routes(routes!(events))
        .routes(routes!(of_event))
        .routes(routes!(refund))
        .routes(routes!(set_status))
}

/// Which payment; the one that is known when none is named.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EventPaymentConfirmation)]
struct Confirmation {
    #[schema(max_length = 255)]
    payment_intent_id: Option<String>,
}

/// Have a payment looked after
///
/// Asks the payment service once. A payment that is not through yet is refused, and may be asked for again.
#[utoipa::path(post, path = "/api/v1/events/participation/{participation_id}/confirm-payment", tag = "events",
    operation_id = "event_payment_confirm", security(("bearer" = ["resource:write"], "gym" = [])),
    params(("participation_id" = i64, Path)), request_body = Confirmation,
    responses((status = 200, body = Participation)))]
async fn confirm(
    Tenant(actor, ..): Tenant<Member, scope::ResourceWrite>,
    Path(participation): Path<EventParticipationId>,
    Service(paying): Service<dyn EventPaying>,
    Body(confirmation): Body<Confirmation>,
) -> Result<Json<Participation>, ApiError> {
    Ok(Json(paying.confirm(&actor, participation, confirmation.payment_intent_id).await?))
}

/// With what one pays
///
/// The same payment while it can be paid, else a new one. Asking never gives more time.
#[utoipa::path(post, path = "/api/v1/events/participation/{participation_id}/payment-intent", tag = "events",
    operation_id = "event_payment_intent", security(("bearer" = ["resource:write"], "gym" = [])),
    params(("participation_id" = i64, Path)), responses((status = 200, body = PaymentIntentInfo)))]
async fn intent(
    Tenant(actor, ..): Tenant<Member, scope::ResourceWrite>,
    Path(participation): Path<EventParticipationId>,
    Service(paying): Service<dyn EventPaying>,
) -> Result<Json<PaymentIntentInfo>, ApiError> {
    Ok(Json(paying.payment_intent(&actor, participation).await?))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct StatusFilter {
    /// Only these.
    payment_status: Option<PaymentStatus>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Cancelled {
    /// Whether cancelled events are left out.
    #[serde(default = "yes")]
    #[param(default = true)]
    only_active: bool,
}

fn yes() -> bool {
    true
}

/// Events that cost something
///
/// The latest start first.
#[utoipa::path(get, path = "/api/v1/events/admin/payments/events", tag = "events",
    operation_id = "event_payments_events", security(("bearer" = ["resource:read"], "gym" = [])),
    params(Cancelled, LongWindow), responses((status = 200, body = Vec<Event>)))]
async fn events(
    Tenant(actor, ..): Tenant<Admin, scope::ResourceRead>,
    Query(cancelled): Query<Cancelled>,
    Query(window): Query<LongWindow>,
    Service(payments): Service<dyn EventAdministration>,
) -> Result<Json<Vec<Event>>, ApiError> {
    Ok(Json(payments.events(&actor, cancelled.only_active, window.page()?).await?))
}

/// Payments of an event
///
/// By time of joining, each once, with the newest of its refunds that are not through, or failed.
#[utoipa::path(get, path = "/api/v1/events/admin/events/{event_id}/payments", tag = "events",
    operation_id = "event_payments_of_event", security(("bearer" = ["resource:read"], "gym" = [])),
    params(("event_id" = i64, Path), StatusFilter, LongWindow),
    responses((status = 200, body = Vec<ParticipationWithRefund>)))]
async fn of_event(
    Tenant(actor, ..): Tenant<Admin, scope::ResourceRead>,
    Path(event): Path<EventId>,
    Query(filter): Query<StatusFilter>,
    Query(window): Query<LongWindow>,
    Service(payments): Service<dyn EventAdministration>,
) -> Result<Json<Vec<ParticipationWithRefund>>, ApiError> {
    Ok(Json(payments.payments(&actor, event, filter.payment_status, window.page()?).await?))
}

/// Why, and how much.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EventRefundRequest)]
struct RefundRequest {
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    /// In the currency's smallest unit; by the event's policy when it is not said.
    #[schema(minimum = 1)]
    amount_cents: Option<i32>,
}

/// Give a payment back
///
/// By the event's policy, or so much. The seat stays.
#[utoipa::path(post, path = "/api/v1/events/admin/participation/{participation_id}/refund", tag = "events",
    operation_id = "event_payment_refund", security(("bearer" = ["resource:write"], "gym" = [])),
    params(("participation_id" = i64, Path)), request_body = RefundRequest,
    responses((status = 200, body = Refunded), (status = 502, body = crate::Problem)))]
async fn refund(
    Tenant(actor, ..): Tenant<Admin, scope::ResourceWrite>,
    Path(participation): Path<EventParticipationId>,
    Service(payments): Service<dyn EventAdministration>,
    Body(request): Body<RefundRequest>,
) -> Result<Json<Refunded>, ApiError> {
    Ok(Json(payments.refund(&actor, participation, request.reason, request.amount_cents).await?))
}

/// How a payment stands.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EventPaymentStatusUpdate)]
struct NewStatus {
    new_status: PaymentStatus,
}

/// Say by hand how a payment stands
///
/// For cash and presents. What was paid with the payment service is given back by the refund operation.
#[utoipa::path(put, path = "/api/v1/events/admin/participation/{participation_id}/payment-status", tag = "events",
    operation_id = "event_payment_set_status", security(("bearer" = ["resource:write"], "gym" = [])),
    params(("participation_id" = i64, Path)), request_body = NewStatus,
    responses((status = 200, body = Participation)))]
async fn set_status(
    Tenant(actor, ..): Tenant<Admin, scope::ResourceWrite>,
    Path(participation): Path<EventParticipationId>,
    Service(payments): Service<dyn EventAdministration>,
    Body(status): Body<NewStatus>,
) -> Result<Json<Participation>, ApiError> {
    Ok(Json(payments.set_payment_status(&actor, participation, status.new_status).await?))
}
