using System.Globalization;

namespace NATS.Client.JetStream.Internal;

/// <summary>
/// Reads the subject that a delivered message is acknowledged at, which says where it came from:
/// <c>$JS.ACK.[domain.account.]stream.consumer.delivered.streamSequence.consumerSequence.nanoseconds.pending[.random]</c>.
/// </summary>
internal static class AckSubject
{
    internal static NatsJSMsgMetadata? Parse(string? subject)
    {
        if (subject is null || !subject.StartsWith("$JS.ACK.", StringComparison.Ordinal))
        {
            return null;
        }

        var tokens = subject.Split('.');
        var first = tokens.Length switch
        {
            9 => 2,
            >= 11 => 4,
            _ => -1,
        };
        if (first < 0
            || !TryParse(tokens[first + 2], out var delivered)
            || !TryParse(tokens[first + 3], out var streamSequence)
            || !TryParse(tokens[first + 4], out var consumerSequence)
            || !TryParse(tokens[first + 5], out var nanoseconds)
            || !TryParse(tokens[first + 6], out var pending)
            || nanoseconds > long.MaxValue)
        {
            return null;
        }

        return new NatsJSMsgMetadata(
            new NatsJSSequencePair(streamSequence, consumerSequence),
            delivered,
            pending,
            DateTimeOffset.UnixEpoch.AddTicks((long)(nanoseconds / TimeSpan.NanosecondsPerTick)),
            tokens[first],
            tokens[first + 1],
            first == 4 && tokens[2] != "_" ? tokens[2] : "");
    }

    private static bool TryParse(string token, out ulong value) =>
        ulong.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out value);
}
