namespace Relaybox.Nats;

/// <summary>A message that was sent, and waits for its acknowledgement.</summary>
/// <param name="subject">Where it went.</param>
/// <param name="number">Its number among the messages of its connection.</param>
/// <param name="sentAt">A timestamp of the connection's clock.</param>
internal sealed class NatsPublication(string subject, long number, long sentAt)
{
    private readonly TaskCompletionSource<NatsAnswer> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal string Subject { get; } = subject;

    internal long Number { get; } = number;

    internal long SentAt { get; } = sentAt;

    internal Task<NatsAnswer> Answer => _answer.Task;

    /// <summary>Ends the wait. The first answer counts.</summary>
    internal void Settle(NatsAnswer answer) => _answer.TrySetResult(answer);
}
