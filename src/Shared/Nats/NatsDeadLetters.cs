using System.Globalization;
using NATS.Client.Core;
using NATS.Client.JetStream;
using Relaybox.Diagnostics;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Messaging;

namespace Relaybox.Nats;

/// <summary>Copies a message to a stream of dead letters, with the reason as headers.</summary>
/// <param name="prefix">What comes before the copy's subject.</param>
internal sealed class NatsDeadLetters(string prefix)
{
    private const int MaxReason = 200;

    /// <summary>Sends the copy. The original may be ended only once this has returned.</summary>
    /// <exception cref="NatsException">No stream has the copy.</exception>
    internal async Task SendAsync(
        NatsSession session,
        INatsJSMsg<byte[]> message,
        NatsJSMsgMetadata metadata,
        MessageOutcome.DeadLetter dead,
        CancellationToken cancellationToken)
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
        var subject = RowContract.CheckSubject(message.Subject) is null ? $"{prefix}.{message.Subject}" : $"{prefix}.unnamed";
        var publication = await session.PublishAsync(subject, message.Data ?? [], headers, cancellationToken);
        var outcome = NatsFault.Outcome(await session.AnswerAsync(publication, cancellationToken), subject);
        if (outcome.Status != PublishStatus.Accepted)
        {
            throw new NatsException(outcome.Detail!);
        }
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
}
