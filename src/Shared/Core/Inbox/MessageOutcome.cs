using Relaybox.Events;

namespace Relaybox.Inbox;

/// <summary>What is to become of a delivered message.</summary>
internal abstract record MessageOutcome
{
    private MessageOutcome()
    {
    }

    /// <summary>It was handled now: take it off the queue.</summary>
    public sealed record Processed : MessageOutcome;

    /// <summary>It was handled before: take it off the queue.</summary>
    public sealed record Duplicate : MessageOutcome;

    /// <summary>Deliver it again.</summary>
    /// <param name="Delay">Not before this long from now.</param>
    /// <param name="ErrorCode">One of <see cref="ErrorCodes"/>.</param>
    public sealed record Retry(TimeSpan Delay, string ErrorCode) : MessageOutcome;

    /// <summary>It can never be handled: keep it for an operator, in the dead-letter queue.</summary>
    /// <param name="ErrorCode">One of <see cref="ErrorCodes"/>.</param>
    /// <param name="Reason">Why, in words, without payload.</param>
    public sealed record DeadLetter(string ErrorCode, string Reason) : MessageOutcome;
}
