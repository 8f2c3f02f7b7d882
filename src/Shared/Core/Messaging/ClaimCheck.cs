using System.Text;
using Relaybox.Diagnostics;
using Relaybox.Events;

namespace Relaybox.Messaging;

/// <summary>
/// Keeps large payloads apart from their events: a payload above the threshold goes into a payload store, and the event carries a verified
/// reference in its place. See docs/claim-check.md.
/// </summary>
public sealed class ClaimCheck
{
    /// <summary>The threshold where none is named: 256 KiB, which leaves room for headers and result in every broker and every store.</summary>
    public const int DefaultThresholdBytes = 256 * 1024;

    /// <summary>What to do about a message that a broker does not take because it is too large.</summary>
    internal const string Hint = "The claim check would carry its payload: CLAIM_CHECK_BUCKET (template.yaml: ClaimCheck=true), docs/claim-check.md.";

    private readonly IPayloadStore _store;

    /// <summary>Makes a claim check; many threads may use it at once.</summary>
    /// <param name="store">Where payloads are kept.</param>
    /// <param name="thresholdBytes">A payload with more bytes of UTF-8 than this is stored.</param>
    public ClaimCheck(IPayloadStore store, int thresholdBytes = DefaultThresholdBytes)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentOutOfRangeException.ThrowIfNegative(thresholdBytes);
        (_store, ThresholdBytes) = (store, thresholdBytes);
    }

    /// <summary>A payload with more bytes of UTF-8 than this is stored.</summary>
    public int ThresholdBytes { get; }

    /// <summary>
    /// Stores an event's payload where it is larger than the threshold. Call it before the transaction that writes the event: what is stored
    /// for a transaction that is not committed expires by itself.
    /// </summary>
    /// <param name="outboxEvent">The event.</param>
    /// <param name="cancellationToken">Ends the wait; the call may be repeated.</param>
    /// <returns>The event to write: with a reference in the place of its payload, or as it was.</returns>
    /// <exception cref="PayloadStoreException">The store cannot be used.</exception>
    /// <exception cref="RowContractException">The event breaks the contract; nothing was stored.</exception>
    /// <exception cref="MessageFormatException">The event has a reference already, which is malformed or names another bucket.</exception>
    public Task<OutboxEvent> CheckInAsync(OutboxEvent outboxEvent, CancellationToken cancellationToken = default)
    {
        RowContract.Require(outboxEvent);
        return StoreAsync(outboxEvent, RowContract.Require, cancellationToken);
    }

    /// <summary>Stores an event's payload where it is larger than the threshold.</summary>
    /// <param name="outboxEvent">The event; it keeps the row contract.</param>
    /// <param name="check">Checks the event with the reference before anything is stored; null: nobody does.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <inheritdoc cref="CheckInAsync" path="/exception" />
    internal async Task<OutboxEvent> StoreAsync(OutboxEvent outboxEvent, Action<OutboxEvent>? check, CancellationToken cancellationToken)
    {
        if (PayloadReference.IsIn(outboxEvent))
        {
            Require(PayloadReference.Read(outboxEvent));
            return outboxEvent;
        }

        if (!IsLarge(outboxEvent))
        {
            return outboxEvent;
        }

        using var payload = PooledBuffer.Of(outboxEvent.Payload);
        var reference = PayloadReference.Of(_store.Bucket, payload.Written.Span);
        var stored = reference.PutInto(outboxEvent);
        check?.Invoke(stored);
        await _store.PutAsync(reference, payload.Written, cancellationToken);
        return stored;
    }

    /// <summary>Whether an event's payload is larger than the threshold.</summary>
    internal bool IsLarge(OutboxEvent outboxEvent) =>
        outboxEvent.Payload.Length > ThresholdBytes
        || (outboxEvent.Payload.Length > ThresholdBytes / 3 && Encoding.UTF8.GetByteCount(outboxEvent.Payload) > ThresholdBytes);

    /// <summary>Reads the reference of an event that says that it has one.</summary>
    /// <param name="claimCheck">The claim check; null: it is switched off.</param>
    /// <param name="outboxEvent">The event.</param>
    /// <exception cref="MessageFormatException">There is no claim check, or the reference is malformed or names another bucket.</exception>
    internal static PayloadReference Read(ClaimCheck? claimCheck, OutboxEvent outboxEvent)
    {
        if (claimCheck is null)
        {
            throw new MessageFormatException(
                ErrorCodes.ClaimCheckOff,
                "The payload is a reference to an object, and the claim check is off. Set CLAIM_CHECK_BUCKET (template.yaml: ClaimCheck=true).");
        }

        var reference = PayloadReference.Read(outboxEvent);
        claimCheck.Require(reference);
        return reference;
    }

    /// <summary>Takes a payload out of the store and verifies it.</summary>
    /// <param name="reference">The event's reference.</param>
    /// <param name="outboxEvent">The event.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The event with its payload.</returns>
    /// <exception cref="PayloadStoreException">The store is away.</exception>
    /// <exception cref="MessageFormatException">The payload is missing, or is not what the reference says.</exception>
    internal async Task<OutboxEvent> CheckOutAsync(PayloadReference reference, OutboxEvent outboxEvent, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> payload;
        try
        {
            payload = await _store.GetAsync(reference, cancellationToken);
        }
        catch (PayloadStoreException e) when (e.IsMissing)
        {
            throw new MessageFormatException(ErrorCodes.PayloadMissing, ErrorText.Bound(e.Message));
        }

        return reference.Resolve(outboxEvent, payload.Span);
    }

    /// <summary>Why the store could not be used, as a row, a log line or an error says it.</summary>
    internal static string WhyAway(Exception exception, CancellationToken cancellationToken) =>
        exception is ISafeToLog ? ErrorText.Bound(exception.Message)
        : cancellationToken.IsCancellationRequested ? "The deadline came before the payload store answered."
        : $"The payload store failed ({exception.GetType().Name}).";

    // What comes from outside must not make us read in buckets that are not ours.
    private void Require(PayloadReference reference)
    {
        if (reference.Bucket != _store.Bucket)
        {
            throw new MessageFormatException(
                ErrorCodes.PayloadReferenceForeign,
                "The payload is a reference to an object in another bucket than that of CLAIM_CHECK_BUCKET, and is not read. "
                + "Writers, relay and consumer need the same bucket.");
        }
    }
}
