namespace Relaybox.Events;

/// <summary>The codes that parked rows, dead letters and log lines carry. They are stable; their texts are not.</summary>
public static class ErrorCodes
{
    /// <summary>The event id is missing, empty, too long, or holds what no store can keep.</summary>
    public const string EventIdInvalid = "row.event-id-invalid";

    /// <summary>The subject breaks the row contract.</summary>
    public const string SubjectInvalid = "row.subject-invalid";

    /// <summary>The payload is missing or is not text.</summary>
    public const string PayloadInvalid = "row.payload-invalid";

    /// <summary>The headers break the row contract.</summary>
    public const string HeadersInvalid = "row.headers-invalid";

    /// <summary>The ordering key breaks the row contract.</summary>
    public const string OrderingKeyInvalid = "row.ordering-key-invalid";

    /// <summary>Another optional field has a type that it must not have.</summary>
    public const string FieldInvalid = "row.field-invalid";

    /// <summary>The row is larger than the memory of the function that relays it allows.</summary>
    public const string RowTooLarge = "row.too-large";

    /// <summary>The row was claimed several times and never got an outcome: it ends the process that relays it.</summary>
    public const string ClaimsUnfinished = "row.claims-unfinished";

    /// <summary>The row is larger than an item of DynamoDB may be; nothing was written.</summary>
    public const string RowTooLargeForItem = "row.too-large-for-item";

    /// <summary>The message is larger than the broker takes.</summary>
    public const string MessageTooLarge = "publish.too-large";

    /// <summary>The broker refused this message for good.</summary>
    public const string PublishRejected = "publish.rejected";

    /// <summary>The broker did not take this message, or its answer was lost.</summary>
    public const string PublishUnknown = "publish.unknown";

    /// <summary>The broker could not be reached, throttled, or refused the caller; no fault of the message.</summary>
    public const string BrokerUnavailable = "publish.broker-unavailable";

    /// <summary>The message's body could not be read.</summary>
    public const string MessageUnreadable = "message.unreadable";

    /// <summary>The message names a format that this build does not read.</summary>
    public const string MessageFormatUnknown = "message.format-unknown";

    /// <summary>No handler is registered for the message's subject.</summary>
    public const string SubjectUnhandled = "message.subject-unhandled";

    /// <summary>The event id was seen before with another subject or payload.</summary>
    public const string EventIdConflict = "message.event-id-conflict";

    /// <summary>The payload could not be read as the handler's type.</summary>
    public const string PayloadUnreadable = "message.payload-unreadable";

    /// <summary>All attempts of the handler are used up.</summary>
    public const string AttemptsExhausted = "message.attempts-exhausted";

    /// <summary>The handler began several times and never said how it ended: it ends its process, or lasts too long.</summary>
    public const string AttemptsUnfinished = "message.attempts-unfinished";

    /// <summary>The message is older than the inbox remembers, so that nobody can say whether it was handled.</summary>
    public const string MessageTooOld = "message.too-old";

    /// <summary>The header of the claim check is there, and the payload is not a reference.</summary>
    public const string PayloadReferenceInvalid = "payload.reference-invalid";

    /// <summary>The payload is a reference to another bucket than the configured one, which is not read.</summary>
    public const string PayloadReferenceForeign = "payload.reference-foreign";

    /// <summary>The payload is a reference, and the claim check is switched off.</summary>
    public const string ClaimCheckOff = "payload.claim-check-off";

    /// <summary>The payload store does not have the payload.</summary>
    public const string PayloadMissing = "payload.missing";

    /// <summary>What the payload store has is of another length or hash than the payload.</summary>
    public const string PayloadCorrupt = "payload.corrupt";

    /// <summary>The payload is larger than the memory of the function that handles it allows.</summary>
    public const string PayloadTooLarge = "payload.too-large";

    /// <summary>The payload store could not be reached, throttled, or refused the caller; no fault of the row or the message.</summary>
    public const string PayloadStoreUnavailable = "payload.store-unavailable";

    /// <summary>The handler threw.</summary>
    public const string HandlerFailed = "handler.failed";

    /// <summary>The handler did not end before its invocation's deadline.</summary>
    public const string HandlerDeadline = "handler.deadline";

    /// <summary>A condition of a write that the handler enlisted did not hold.</summary>
    public const string EnlistedConditionFailed = "handler.enlisted-condition-failed";

    /// <summary>The handler ended the transaction that it was given: what it committed itself is written without the message's mark.</summary>
    public const string TransactionEnded = "handler.transaction-ended";

    /// <summary>The handler ended after another worker had taken its claim; its writes were not committed.</summary>
    public const string ClaimLost = "handler.claim-lost";

    /// <summary>Another worker is handling the event at this moment.</summary>
    public const string InProgressElsewhere = "message.in-progress";

    /// <summary>Too little time was left to begin.</summary>
    public const string NoTimeLeft = "message.no-time-left";

    /// <summary>An earlier message of the same group failed, so that this one must wait.</summary>
    public const string GroupBlocked = "message.group-blocked";

    /// <summary>The store failed.</summary>
    public const string StoreFailed = "store.failed";

    /// <summary>A claim's lease ended without an outcome.</summary>
    public const string LeaseExpired = "claim.lease-expired";
}
