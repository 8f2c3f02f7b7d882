using System.Globalization;
using NATS.Client.Core;
using NATS.Client.JetStream;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Operations;

namespace Relaybox.Nats;

/// <summary>One look at a stream of dead letters, by a consumer that nobody acknowledges to.</summary>
internal sealed class NatsDeadLetterLook(NatsDeadLetterStream stream, INatsJSConsumer consumer, string prefix, ulong first) : IDeadLetterLook
{
    // What is of the dead letter, and not of the message that died.
    private static readonly string[] OfTheDeath =
    [
        NatsHeaderNames.MessageId, NatsHeaderNames.ErrorCode, NatsHeaderNames.ErrorMessage, NatsHeaderNames.SourceStream,
        NatsHeaderNames.SourceSequence, NatsHeaderNames.SourceSubject, NatsHeaderNames.Encoding,
    ];

    private Dictionary<string, INatsJSMsg<byte[]>> _page = [];
    private ulong _next = first;

    /// <inheritdoc />
    public string? Cursor => _next.ToString(CultureInfo.InvariantCulture);

    /// <inheritdoc />
    public bool IsWhole { get; private set; }

    /// <inheritdoc />
    public async Task<IReadOnlyList<DeadLetter>> NextAsync(int limit, CancellationToken cancellationToken)
    {
        var shown = await stream.CallAsync(
            async (_, ct) =>
            {
                var messages = new List<INatsJSMsg<byte[]>>(limit);
                await foreach (var message in consumer.FetchNoWaitAsync<byte[]>(new NatsJSFetchOpts { MaxMsgs = limit }, cancellationToken: ct))
                {
                    messages.Add(message);
                }

                return messages;
            },
            cancellationToken);
        _page = shown.ToDictionary(IdOf, StringComparer.Ordinal);
        if (shown.Count == 0)
        {
            // A server that does not answer in time looks like one that has nothing more.
            IsWhole = await stream.CallAsync(
                async (_, ct) =>
                {
                    await consumer.RefreshAsync(ct);
                    return consumer.Info.NumPending == 0;
                },
                cancellationToken);
            return IsWhole ? [] : throw new DeadLettersFailedException("NATS did not answer in time. Try again.");
        }

        _next = shown.Max(message => message.Metadata!.Value.Sequence.Stream) + 1;
        return [.. shown.Select(Read)];
    }

    /// <inheritdoc />
    /// <remarks>A stream shows all that it has to everybody.</remarks>
    public Task<long> CountInOtherHandsAsync(CancellationToken cancellationToken) => Task.FromResult(0L);

    /// <inheritdoc />
    public async Task<DeadLetterOutcome> RedriveAsync(DeadLetter letter, bool deletesDuplicate, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(letter);
        var message = _page[letter.Id];
        if (NatsHeaderMap.Find(message.Headers, NatsHeaderNames.Cut) is not null)
        {
            return new DeadLetterOutcome("its body was cut when it died: publish its row again");
        }

        if (SubjectOf(message) is not { } subject)
        {
            return new DeadLetterOutcome("it does not say which subject it came from");
        }

        var answer = await stream.CallAsync(
            async (session, ct) =>
            {
                var body = message.Data ?? [];
                body = NatsHeaderMap.Find(message.Headers, NatsHeaderNames.Encoding) == NatsHeaderNames.Compressed
                    ? Gzip.Decompress(body, session.MaxPayload)
                    : body;
                var publication = await session.PublishAsync(subject, body, Headers(message), ct);
                return await session.AnswerAsync(publication, cancellationToken);
            },
            cancellationToken);
        if (answer.Kind == NatsAnswerKind.KnownCopy && !deletesDuplicate)
        {
            return DeadLetterOutcome.Duplicate;
        }

        if (answer.Kind is not (NatsAnswerKind.Accepted or NatsAnswerKind.KnownCopy))
        {
            var outcome = NatsFault.Outcome(answer, subject);
            return outcome.Status == PublishStatus.Rejected
                ? new DeadLetterOutcome(outcome.Detail)
                : throw new DeadLettersFailedException($"A dead letter could not be sent back: {outcome.Detail}");
        }

        await stream.DeleteAsync(message.Metadata!.Value.Sequence.Stream, cancellationToken);
        return DeadLetterOutcome.Redriven;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync() => await stream.ForgetAsync(consumer.Info.Name);

    /// <summary>
    /// The id under which a dead letter is sent back. The event's own would be refused within the stream's duplicate window. This one is new
    /// for each death, and the same however often the dead letter is sent.
    /// </summary>
    internal static string MessageIdOf(NatsJSMsgMetadata metadata) => string.Create(
        CultureInfo.InvariantCulture, $"redrive:{metadata.Stream}:{metadata.Sequence.Stream}:{metadata.Timestamp.UtcTicks}");

    private string? SubjectOf(INatsJSMsg<byte[]> message) =>
        NatsHeaderMap.Find(message.Headers, NatsHeaderNames.SourceSubject)
        ?? (message.Subject.StartsWith($"{prefix}.", StringComparison.Ordinal) && message.Subject != $"{prefix}.unnamed"
            ? message.Subject[(prefix.Length + 1)..]
            : null);

    private static NatsHeaders Headers(INatsJSMsg<byte[]> message)
    {
        var headers = new NatsHeaders { [NatsHeaderNames.MessageId] = MessageIdOf(message.Metadata!.Value) };
        foreach (var (name, values) in message.Headers ?? new NatsHeaders())
        {
            if (!OfTheDeath.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                headers[name] = values;
            }
        }

        return headers;
    }

    private static string IdOf(INatsJSMsg<byte[]> message) =>
        message.Metadata!.Value.Sequence.Stream.ToString(CultureInfo.InvariantCulture);

    private static DeadLetter Read(INatsJSMsg<byte[]> message)
    {
        OutboxEvent? outboxEvent = null;
        try
        {
            outboxEvent = PulledMessage.Read(message, message.Metadata!.Value).Event;
        }
        catch (MessageFormatException)
        {
            // That may be why it died.
        }

        return new DeadLetter(IdOf(message))
        {
            Event = outboxEvent,
            EventId = outboxEvent?.EventId ?? NatsHeaderMap.Find(message.Headers, NatsHeaderNames.EventId),
            Subject = outboxEvent?.Subject ?? NatsHeaderMap.Find(message.Headers, NatsHeaderNames.Subject),
            ErrorCode = NatsHeaderMap.Find(message.Headers, NatsHeaderNames.ErrorCode),
            ErrorMessage = NatsHeaderMap.Find(message.Headers, NatsHeaderNames.ErrorMessage),
            DeadAt = message.Metadata!.Value.Timestamp,
            Bytes = message.Data?.Length ?? 0,
            HeaderNames = outboxEvent is not null ? [.. outboxEvent.Headers.Keys] : [.. message.Headers?.Keys ?? []],
        };
    }
}
