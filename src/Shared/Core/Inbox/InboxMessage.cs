using System.Security.Cryptography;
using System.Text.Unicode;
using Relaybox.Events;

namespace Relaybox.Inbox;

/// <summary>An event as it was delivered.</summary>
/// <param name="Event">The event.</param>
internal sealed record InboxMessage(OutboxEvent Event)
{
    private const int HashedAtOnce = 4 * 1024;

    private byte[]? _payloadHash;

    /// <summary>The broker's id of this delivery, unique within a batch. It is never the event id.</summary>
    public required string MessageId { get; init; }

    /// <summary>
    /// Tells the broker that the message is still worked on, so that it delivers no copy for this long; null where the
    /// transport sees to that itself. What it throws is logged, and tried again.
    /// </summary>
    public Func<TimeSpan, CancellationToken, Task>? ExtendAsync { get; init; }

    /// <summary>
    /// How often it was received, where its transport counts and gives up after so many times; otherwise 1. It says nothing about attempts.
    /// </summary>
    public int Receives { get; init; } = 1;

    /// <summary>When it was sent first, as far as it or its transport says. Messages older than the inbox's memory are dead-lettered.</summary>
    public DateTimeOffset? PublishedAt { get; init; }

    /// <summary>Messages of one group are handled one after another, and wait for each other; null: on its own.</summary>
    public string? GroupId { get; init; }

    /// <summary>The stream that it came by, where the broker has streams.</summary>
    public string? Stream { get; init; }

    /// <summary>Its place in the stream.</summary>
    public long? StreamSequence { get; init; }

    /// <summary>The earlier of two times, of which either may be missing: what moves a message gives it a new one.</summary>
    /// <param name="first">One of them.</param>
    /// <param name="second">The other.</param>
    public static DateTimeOffset? Earlier(DateTimeOffset? first, DateTimeOffset? second) => first < second ? first : second ?? first;

    /// <summary>SHA-256 over subject and payload: tells a duplicate from another event under the same id.</summary>
    public ReadOnlyMemory<byte> PayloadHash => _payloadHash ??= HashOf(Event.Subject, "\n", Event.Payload);

    /// <summary>The key of the record that a consumer keeps of this message.</summary>
    internal InboxKey KeyFor(string consumer) => new(consumer, Event.EventId, Event.ReplayId);

    // The UTF-8 of the texts is never there as a whole.
    private static byte[] HashOf(params ReadOnlySpan<string> texts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> buffer = stackalloc byte[HashedAtOnce];
        foreach (var text in texts)
        {
            for (var rest = text.AsSpan(); !rest.IsEmpty;)
            {
                Utf8.FromUtf16(rest, buffer, out var read, out var written);
                hash.AppendData(buffer[..written]);
                rest = rest[read..];
            }
        }

        return hash.GetHashAndReset();
    }
}
