using NATS.Client.JetStream.Models;

namespace Relaybox.Nats;

/// <summary>
/// How a stream can lose messages that it has acknowledged before anybody has consumed them. Such limits are an operator's to
/// set and are left alone, but who sets the system up has to hear of them: the rows are sent, and nothing sends them again.
/// </summary>
internal static class NatsLosses
{
    internal static IReadOnlyList<string> Of(StreamConfig config)
    {
        var losses = new List<string>();
        if (config.Discard == StreamConfigDiscard.Old)
        {
            if (config.MaxMsgs > 0)
            {
                losses.Add($"beyond {config.MaxMsgs} messages (max_msgs) the oldest are dropped");
            }

            if (config.MaxBytes > 0)
            {
                losses.Add($"beyond {config.MaxBytes} bytes (max_bytes) the oldest are dropped");
            }
        }

        if (config.MaxMsgsPerSubject > 0)
        {
            losses.Add($"beyond {config.MaxMsgsPerSubject} messages of a subject (max_msgs_per_subject) its oldest are dropped");
        }

        if (config.Retention == StreamConfigRetention.Interest)
        {
            losses.Add("messages that no consumer asks for at that moment are dropped (retention: interest)");
        }

        return losses;
    }
}
