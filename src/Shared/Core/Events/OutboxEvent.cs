using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Relaybox.Timing;

namespace Relaybox.Events;

/// <summary>What an app writes: the part of an outbox row that is its own. See docs/row-contract.md.</summary>
public sealed record OutboxEvent
{
    /// <summary>The idempotency id, 1 to 255 characters; a UUID of version 7 is advised.</summary>
    public required string EventId { get; init; }

    /// <summary>What happened: dot-separated tokens of letters, digits, <c>-</c> and <c>_</c>, at most 255 characters.</summary>
    public required string Subject { get; init; }

    /// <summary>The payload, JSON by default. It comes out as it went in, to the byte.</summary>
    public required string Payload { get; init; }

    /// <summary>Headers that travel with the event: at most 64, together at most 8 KiB.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = EmptyHeaders;

    /// <summary>Events of one key belong in one order, where the store and the broker can keep it.</summary>
    public string? OrderingKey { get; init; }

    /// <summary>When the app wrote the row; the store's time where it is left out.</summary>
    public DateTimeOffset? EnqueuedAt { get; init; }

    /// <summary>Not to be published before this time.</summary>
    public DateTimeOffset? AvailableAt { get; init; }

    /// <summary>The result of the business operation as JSON, where it travels with the event.</summary>
    public string? Result { get; init; }

    /// <summary>
    /// The id of a replay that has the event handled again. It travels with the message and is part of the inbox's key. Empty otherwise; no
    /// row has one.
    /// </summary>
    internal string ReplayId { get; init; } = "";

    /// <summary>When it was sent first, of an event that a replay publishes as it was; null: it is sent for the first time, or anew.</summary>
    internal DateTimeOffset? PublishedAt { get; init; }

    internal static IReadOnlyDictionary<string, string> EmptyHeaders { get; } =
        new Dictionary<string, string>(0).AsReadOnly();

    /// <summary>A new event with a new id.</summary>
    /// <param name="subject">What happened.</param>
    /// <param name="payload">The payload, JSON by default.</param>
    /// <param name="entropy">The source of the id, a UUID of version 7.</param>
    internal static OutboxEvent New(string subject, string payload, IEntropy entropy) =>
        new() { EventId = entropy.NewGuid().ToString(), Subject = subject, Payload = payload };

    /// <summary>The event with the result of its business operation, as JSON.</summary>
    /// <typeparam name="TResult">The result's type.</typeparam>
    /// <param name="result">The result.</param>
    /// <param name="resultType">How it is written; null: it does not travel with the event.</param>
    internal OutboxEvent WithResult<TResult>(TResult result, JsonTypeInfo<TResult>? resultType) =>
        resultType is null ? this : this with { Result = JsonSerializer.Serialize(result, resultType) };

    /// <summary>
    /// What a broker that leaves out copies knows a message by: the event id. A replay that has the event handled again is no copy.
    /// </summary>
    internal string PublicationId => ReplayId.Length == 0 ? EventId : $"{EventId}\0{ReplayId}";

    /// <summary>Whether another event under the same id says the same: the same subject and payload.</summary>
    /// <param name="other">The event to compare.</param>
    public bool SaysTheSameAs(OutboxEvent other) =>
        string.Equals(Subject, other.Subject, StringComparison.Ordinal) &&
        string.Equals(Payload, other.Payload, StringComparison.Ordinal);
}
