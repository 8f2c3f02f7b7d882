using System.Globalization;
using System.Text;
using NATS.Client.Core;
using NATS.Client.JetStream;
using Relaybox.Diagnostics;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;

namespace Relaybox.Nats;

/// <summary>
/// Copies a message to a stream of dead letters, with the reason as headers. The error code is always there. Where the server
/// does not take all, headers are left out: first those of other producers, then what the body of an envelope or a CloudEvent
/// says as well, then where the original was, and the error's text is cut. Where even that is not enough, the body is
/// compressed; and where bytes cannot be compressed, the end of the body is left out. The source stream still has it.
/// </summary>
/// <param name="prefix">What comes before the copy's subject.</param>
internal sealed class NatsDeadLetters(string prefix)
{
    private const int MaxReason = 200;

    // The version's line, and the empty line at the end.
    private const int FrameBytes = 12;

    /// <summary>Sends the copy. The original may be ended only once this has returned.</summary>
    /// <exception cref="NatsException">No stream has the copy.</exception>
    internal async Task SendAsync(
        NatsSession session,
        INatsJSMsg<byte[]> message,
        NatsJSMsgMetadata metadata,
        MessageOutcome.DeadLetter dead,
        CancellationToken cancellationToken)
    {
        var subject = RowContract.CheckSubject(message.Subject) is null ? $"{prefix}.{message.Subject}" : $"{prefix}.unnamed";
        var all = Headers(message, metadata, dead);
        var body = message.Data ?? [];
        var outcome = await SendAsync(Fit(all, body, session.MaxPayload));
        if (outcome.Code == ErrorCodes.MessageTooLarge)
        {
            // This stream takes less than the server does.
            outcome = await SendAsync(Fit(all, body, 0));
        }

        if (outcome.Status != PublishStatus.Accepted)
        {
            throw new NatsDeadLetterException(outcome.Detail!);
        }

        // While disconnected the client would wait for another connection.
        Task<PublishOutcome> SendAsync((byte[] Body, NatsHeaders Headers) copy) => session.RunAsync(
            async ct =>
            {
                try
                {
                    var publication = await session.PublishAsync(subject, copy.Body, copy.Headers, ct);
                    return NatsFault.Outcome(await session.AnswerAsync(publication, cancellationToken), subject);
                }
                catch (NatsPayloadTooLargeException e)
                {
                    return NatsFault.NotSent(e);
                }
            },
            cancellationToken);
    }

    private static NatsHeaders Headers(INatsJSMsg<byte[]> message, NatsJSMsgMetadata metadata, MessageOutcome.DeadLetter dead)
    {
        var sequence = metadata.Sequence.Stream.ToString(CultureInfo.InvariantCulture);
        var headers = new NatsHeaders
        {
            // A copy that is sent again is known to the stream.
            [NatsHeaderNames.MessageId] = $"dead:{metadata.Stream}:{sequence}",
            [NatsHeaderNames.ErrorCode] = dead.ErrorCode,
            [NatsHeaderNames.ErrorMessage] = Reason(dead.Reason),
            [NatsHeaderNames.SourceStream] = metadata.Stream,
            [NatsHeaderNames.SourceSequence] = sequence,
        };
        if (RowContract.CheckSubject(message.Subject) is null)
        {
            headers[NatsHeaderNames.SourceSubject] = message.Subject;
        }

        AddOriginal(headers, message.Headers);
        return headers;
    }

    private static string Reason(string reason)
    {
        var text = ErrorText.Bound(reason).Trim();
        text = text.Length > MaxReason ? ErrorText.Bound(text[..MaxReason]).Trim() : text;
        return NatsHeaderText.IsPlain(text) ? text : text.Replace(NatsHeaderNames.ServerPrefix, "Nats_", StringComparison.OrdinalIgnoreCase);
    }

    // What names the event and its format stays as it is, so that the copy can be read, and sent again, as the original.
    private static void AddOriginal(NatsHeaders copy, NatsHeaders? original)
    {
        if (original is null)
        {
            return;
        }

        var others = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, values) in original)
        {
            var value = values.Count > 0 ? values[^1] ?? "" : "";
            if (name.StartsWith(NatsHeaderNames.OwnPrefix, StringComparison.OrdinalIgnoreCase) && NatsHeaderText.IsPlain(value))
            {
                if (!copy.ContainsKey(name))
                {
                    copy[name] = value;
                }
            }
            else if (!name.StartsWith(NatsHeaderNames.ServerPrefix, StringComparison.OrdinalIgnoreCase))
            {
                others.TryAdd(name, value);
            }
        }

        var own = NatsHeaderMap.Find(copy, NatsHeaderNames.Headers);
        NatsHeaderMap.AddEventHeaders(copy, others);
        if (own is not null)
        {
            copy[NatsHeaderNames.Headers] = own;
        }
    }

    private static (byte[] Body, NatsHeaders Headers) Fit(NatsHeaders all, byte[] body, int limit)
    {
        var fitting = Cut(all, body.Length, limit);
        if (Fits(SizeOf(fitting), body.Length, limit))
        {
            return (body, fitting);
        }

        if (Gzip.Compress(body) is var compressed && compressed.Length < body.Length && !all.ContainsKey(NatsHeaderNames.Encoding))
        {
            (body, all) = (compressed, With(all, NatsHeaderNames.Encoding, NatsHeaderNames.Compressed));
            fitting = Cut(all, body.Length, limit);
        }

        if (!Fits(SizeOf(fitting), body.Length, limit))
        {
            fitting = Cut(With(all, NatsHeaderNames.Cut, NatsHeaderNames.CutBody), 0, limit);
            body = body[..Math.Clamp(limit - SizeOf(fitting), 0, body.Length)];
        }

        return (body, fitting);
    }

    private static NatsHeaders Copy(NatsHeaders headers)
    {
        var copy = new NatsHeaders(headers.Count + 1);
        foreach (var (name, value) in headers)
        {
            copy[name] = value;
        }

        return copy;
    }

    private static NatsHeaders With(NatsHeaders headers, string name, string value)
    {
        var copy = Copy(headers);
        copy[name] = value;
        return copy;
    }

    // Takes out what the copy can do without, in its order, until it fits or nothing of the kind is left.
    private static NatsHeaders Cut(NatsHeaders all, int body, int limit)
    {
        var kept = Copy(all);
        var size = SizeOf(kept);
        foreach (var name in Dispensable(all))
        {
            if (Fits(size, body, limit))
            {
                return kept;
            }

            size -= SizeOf(name, kept[name]!);
            kept.Remove(name);
        }

        var over = Math.Max(size - NatsHeaderNames.MaxBytes, size + body - limit);
        if (over > 0)
        {
            var text = kept[NatsHeaderNames.ErrorMessage].ToString();
            if (ErrorText.Cut(text, Encoding.UTF8.GetByteCount(text) - over).Trim() is { Length: > 0 } cut)
            {
                kept[NatsHeaderNames.ErrorMessage] = cut;
            }
            else
            {
                kept.Remove(NatsHeaderNames.ErrorMessage);
            }
        }

        return kept;
    }

    private static IEnumerable<string> Dispensable(NatsHeaders all)
    {
        string[] inBody = [NatsHeaderNames.Format, NatsHeaderNames.Subject, NatsHeaderNames.EventId];

        // Under this format the event's own headers are headers of the message. What is cut is not read as an event any more.
        var isRaw = NatsHeaderMap.Find(all, NatsHeaderNames.Format) == RawFormat.FormatName && !all.ContainsKey(NatsHeaderNames.Cut);
        var others = all.Keys.Where(name => name != NatsHeaderNames.MessageId
            && !name.StartsWith(NatsHeaderNames.OwnPrefix, StringComparison.OrdinalIgnoreCase));
        return (isRaw ? [] : others.OrderDescending(StringComparer.Ordinal).Concat([NatsHeaderNames.Headers, .. inBody]))
            .Concat([NatsHeaderNames.SourceSubject, NatsHeaderNames.SourceSequence, NatsHeaderNames.SourceStream])
            .Where(all.ContainsKey);
    }

    private static bool Fits(int headers, int body, int limit) => headers <= NatsHeaderNames.MaxBytes && headers + body <= limit;

    private static int SizeOf(NatsHeaders headers) => FrameBytes + headers.Sum(header => SizeOf(header.Key, header.Value!));

    // Name, colon, space, value and the end of the line.
    private static int SizeOf(string name, string value) => Encoding.UTF8.GetByteCount(name) + Encoding.UTF8.GetByteCount(value) + 4;
}
