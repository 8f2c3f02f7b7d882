using System.Buffers;
using System.Globalization;
using System.Text.Json;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace Relaybox.Nats;

/// <summary>
/// Sends messages over one connection and receives their acknowledgements, with one subscription for all of them. The client's
/// own call subscribes anew for each message, which takes about twice the time and four times the memory, and tells nobody
/// that a subject was refused or that the connection was lost.
/// </summary>
internal sealed class NatsAcknowledgements : NatsSubBase
{
    private const int NoResponders = 503;

    private readonly Lock _gate = new();
    private readonly Dictionary<long, NatsPublication> _waiting = [];
    private readonly string _prefix;
    private readonly TimeProvider _time;
    private NatsException? _ended;
    private string? _stream;
    private long _last;

    private NatsAcknowledgements(NatsConnection connection, string prefix, TimeProvider time)
        : base(connection, connection.SubscriptionManager, $"{prefix}*", queueGroup: null, opts: null)
    {
        _prefix = prefix;
        _time = time;
    }

    /// <summary>Subscribes to the acknowledgements.</summary>
    internal static async Task<NatsAcknowledgements> SubscribeAsync(
        NatsConnection connection, TimeProvider time, CancellationToken cancellationToken)
    {
        // What begins with the connection's own inbox is delivered to the client's requests, and never comes here.
        var prefix = $"{connection.Opts.InboxPrefix}.{Nuid.NewNuid()}.";
        var acknowledgements = new NatsAcknowledgements(connection, prefix, time);
        await connection.AddSubAsync(acknowledgements, cancellationToken);
        return acknowledgements;
    }

    /// <summary>Hands a message to the client, which sends it. When this throws, the message was not sent, and never will be.</summary>
    /// <exception cref="NatsException">The message cannot be sent, or not over this connection.</exception>
    /// <exception cref="OperationCanceledException">The wait for room in the client's buffer was cancelled.</exception>
    internal async ValueTask<NatsPublication> PublishAsync<T>(
        string subject, T body, INatsSerialize<T> serializer, NatsHeaders headers, CancellationToken cancellationToken)
    {
        var publication = Add(subject);
        try
        {
            await Connection.PublishAsync(
                subject, body, headers, replyTo: string.Create(CultureInfo.InvariantCulture, $"{_prefix}{publication.Number}"),
                serializer: serializer, cancellationToken: cancellationToken);
            return publication;
        }
        catch
        {
            Remove(publication.Number);
            throw;
        }
    }

    /// <summary>Waits for the answer to a message. Every way in which the wait can end is a value.</summary>
    /// <param name="publication">The message.</param>
    /// <param name="timeout">How long after it was sent the answer may come.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal async ValueTask<NatsAnswer> AnswerAsync(NatsPublication publication, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (publication.Answer.IsCompletedSuccessfully)
        {
            return await publication.Answer;
        }

        var left = timeout - _time.GetElapsedTime(publication.SentAt);
        try
        {
            return await publication.Answer.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, _time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return new NatsAnswer(NatsAnswerKind.Silent);
        }
        catch (OperationCanceledException)
        {
            return new NatsAnswer(NatsAnswerKind.Abandoned);
        }
        finally
        {
            // An answer that comes too late is nobody's.
            Remove(publication.Number);
        }
    }

    /// <summary>The server takes no message of this user for a subject.</summary>
    internal void Forbid(string subject, string reason) =>
        Settle(publication => publication.Subject == subject, new NatsAnswer(NatsAnswerKind.Forbidden, Reason: reason));

    /// <summary>No acknowledgement comes any more: all that wait are told, and nothing further is sent.</summary>
    internal void End(NatsAnswerKind kind, string reason)
    {
        lock (_gate)
        {
            _ended ??= new NatsException(reason);
        }

        Settle(_ => true, new NatsAnswer(kind, Reason: reason));
    }

    /// <summary>Reads an answer, whatever it holds.</summary>
    /// <param name="parser">The reader of headers.</param>
    /// <param name="headerBlock">The headers as they came; empty: none.</param>
    /// <param name="payload">The answer.</param>
    /// <param name="stream">The name of the stream that answered last, so that it is not made anew for each message.</param>
    internal static NatsAnswer Read(
        NatsHeaderParser parser, ReadOnlySequence<byte> headerBlock, ReadOnlySequence<byte> payload, ref string? stream)
    {
        try
        {
            if (payload.IsEmpty && !headerBlock.IsEmpty)
            {
                var headers = new NatsHeaders();
                parser.ParseHeaders(new SequenceReader<byte>(headerBlock), headers);
                return new NatsAnswer(headers.Code == NoResponders ? NatsAnswerKind.NoResponders : NatsAnswerKind.Malformed);
            }

            var acknowledgement = ReadPlain(payload, ref stream) ?? NatsJSJsonSerializer<PubAckResponse>.Default.Deserialize(payload);
            var kind = acknowledgement switch
            {
                { Error: not null } => NatsAnswerKind.Refused,

                // The client takes any JSON object for an acknowledgement. Only a stream can acknowledge, and it says its name.
                { Stream: not { Length: > 0 } } or null => NatsAnswerKind.Malformed,
                { Duplicate: true } => NatsAnswerKind.KnownCopy,
                _ => NatsAnswerKind.Accepted,
            };
            return new NatsAnswer(kind, acknowledgement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NatsException)
        {
            return new NatsAnswer(NatsAnswerKind.Malformed);
        }
    }

    // An acknowledgement as streams send it, in a fraction of the serializer's time; null: it is another answer.
    private static PubAckResponse? ReadPlain(ReadOnlySequence<byte> payload, ref string? stream)
    {
        var reader = new Utf8JsonReader(payload);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        var acknowledgement = new PubAckResponse();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("stream"u8) && reader.Read() && reader.TokenType == JsonTokenType.String)
            {
                acknowledgement.Stream = stream = reader.ValueTextEquals(stream) ? stream : reader.GetString();
            }
            else if (reader.ValueTextEquals("seq"u8)
                && reader.Read()
                && reader.TokenType == JsonTokenType.Number
                && reader.TryGetUInt64(out var sequence))
            {
                acknowledgement.Seq = sequence;
            }
            else if (reader.ValueTextEquals("duplicate"u8) && reader.Read() && reader.TokenType is JsonTokenType.True or JsonTokenType.False)
            {
                acknowledgement.Duplicate = reader.GetBoolean();
            }
            else
            {
                return null;
            }
        }

        return reader.TokenType == JsonTokenType.EndObject && !reader.Read() ? acknowledgement : null;
    }

    /// <inheritdoc />
    protected override ValueTask ReceiveInternalAsync(
        string subject, string? replyTo, ReadOnlySequence<byte>? headersBuffer, ReadOnlySequence<byte> payloadBuffer)
    {
        if (subject.StartsWith(_prefix, StringComparison.Ordinal)
            && long.TryParse(subject.AsSpan(_prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            // The client calls this for one message at a time.
            var answer = Read(Connection.HeaderParser, headersBuffer ?? default, payloadBuffer, ref _stream);
            Remove(number)?.Settle(answer);
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc />
    protected override void TryComplete() => End(NatsAnswerKind.Lost, "the subscription has ended");

    private NatsPublication Add(string subject)
    {
        lock (_gate)
        {
            if (_ended is { } ended)
            {
                throw ended;
            }

            var publication = new NatsPublication(subject, ++_last, _time.GetTimestamp());
            _waiting.Add(publication.Number, publication);
            return publication;
        }
    }

    private NatsPublication? Remove(long number)
    {
        lock (_gate)
        {
            return _waiting.Remove(number, out var publication) ? publication : null;
        }
    }

    private void Settle(Func<NatsPublication, bool> isMeant, NatsAnswer answer)
    {
        NatsPublication[] meant;
        lock (_gate)
        {
            meant = [.. _waiting.Values.Where(isMeant)];
            Array.ForEach(meant, publication => _waiting.Remove(publication.Number));
        }

        Array.ForEach(meant, publication => publication.Settle(answer));
    }
}
